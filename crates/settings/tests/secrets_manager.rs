//! Secrets Manager, spoken to as AWS's environment says: the tests start themselves as a process in it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bellwether_settings::load;
use bellwether_testkit::aws::{self, Aws};
use bellwether_testkit::{Fault, FaultyProxy};
use secrecy::ExposeSecret as _;
use tokio::io::AsyncBufReadExt as _;

const ROLE: &str = "BELLWETHER_TEST_ROLE";

/// What the process does: loads its settings, prints two of them, and the second anew at each line it reads.
#[tokio::test]
#[ignore = "is started by the tests below"]
async fn process() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let settings = match load().await {
        Ok(settings) => settings,
        Err(problems) => {
            eprintln!("{problems}");
            std::process::exit(3);
        }
    };
    println!("token {}", settings.auth.token.expose_secret());
    println!("password {}", settings.rotating.current("smtp.password").unwrap().expose_secret());
    for _ in std::io::stdin().lines() {
        println!("password {}", settings.rotating.renewed("smtp.password").await.unwrap().expose_secret());
    }
}

fn command(endpoint: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "process", "--ignored", "--nocapture"]);
    command.env(ROLE, "process").envs(aws::variables(endpoint));
    command.env("BELLWETHER__SECRETS__PROVIDER", "aws");
    command.env("BELLWETHER__AUTH__TOKEN", "secret:stage/api#token");
    command.env("BELLWETHER__SMTP__PASSWORD", "secret:stage/mail#password");
    command
}

/// What a start that must fail says, and that it says so within 10 s.
async fn refusal(mut command: Command) -> String {
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(output.status.code(), Some(3));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_read_at_the_start_and_after_a_rotation() {
    let aws = Aws::start().await;
    aws.create_secret("stage/api", r#"{"token": "a-token-of-many-letters"}"#).await;
    aws.create_secret("stage/mail", r#"{"user": "u", "password": "first"}"#).await;
    let mut command = tokio::process::Command::from(command(&aws.endpoint()));
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = tokio::io::BufReader::new(process.stdout.take().unwrap()).lines();
    let mut next = async |wanted: &str| loop {
        let line = lines.next_line().await.unwrap().expect("it goes on");
        if let Some((_, value)) = line.split_once(wanted) {
            return value.trim().to_owned();
        }
    };
    assert_eq!(next("token ").await, "a-token-of-many-letters");
    assert_eq!(next("password ").await, "first");
    aws.rotate_secret("stage/mail", r#"{"user": "u", "password": "second"}"#).await;
    let mut stdin = process.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"renew\n").await.unwrap();
    assert_eq!(next("password ").await, "second");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let aws = Aws::start().await;
    aws.create_secret("stage/mail", r#"{"user": "u"}"#).await;
    let said = refusal(command(&aws.endpoint())).await;
    let expected = [
        "  auth.token: the secret `stage/api` is not there: Secrets Manager knows none of that name\n",
        "  smtp.password: the secret `stage/mail` has no field `password`\n",
    ];
    for line in expected {
        assert!(said.contains(line), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_manager_that_refuses_hangs_or_is_not_there_is_told_within_10_seconds() {
    let aws = Aws::start().await;
    let proxy = FaultyProxy::start(aws.address()).await;
    proxy.fault(Fault::Answer(400, "AccessDeniedException"));
    let said = refusal(command(&proxy.endpoint())).await;
    assert!(said.contains("auth.token: the secret `stage/api` cannot be read: "), "{said}");
    proxy.fault(Fault::Hang);
    let said = refusal(command(&proxy.endpoint())).await;
    assert!(said.contains("smtp.password: the secret `stage/mail` cannot be read: "), "{said}");
    drop(proxy);
    let said = refusal(command("http://127.0.0.1:9")).await;
    assert!(said.contains("smtp.password: the secret `stage/mail` cannot be read: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_aws_says_so_within_10_seconds() {
    let mut command = command("http://127.0.0.1:9");
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL", "HOME"] {
        command.env_remove(variable);
    }
    let said = refusal(command).await;
    assert!(said.contains("auth.token: the secret `stage/api` cannot be read: "), "{said}");
}
