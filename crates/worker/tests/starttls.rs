//! STARTTLS and a password, against aiosmtpd. Needs a Python with aiosmtpd, named by `BELLWETHER_PYTHON`
//! or in the workspace's `.venv`, and the command `openssl`; without the Python it says so and passes.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

mod world;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bellwether_store::EmailJobState;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use world::{World, options};

struct Server {
    port: u64,
    said: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Server {
    async fn says(&mut self) -> Value {
        let line = self.said.next_line().await.unwrap().expect("a server that lives");
        serde_json::from_str(&line).unwrap()
    }
}

async fn works(python: &Path) -> bool {
    let import = Command::new(python).args(["-c", "import aiosmtpd"]).status().await;
    import.is_ok_and(|status| status.success())
}

async fn python() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if let Some(named) = std::env::var_os("BELLWETHER_PYTHON") {
        let named = PathBuf::from(named);
        assert!(works(&named).await, "{} has no aiosmtpd", named.display());
        return Some(named);
    }
    let python = workspace.join(".venv/bin/python");
    works(&python).await.then_some(python)
}

/// A certificate for localhost that nobody but the reader of its file trusts.
async fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.await.unwrap().success());
    (certificate, key)
}

async fn server(python: &Path, certificate: &Path, key: &Path) -> Server {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/smtp/smtp_sink.py");
    let mut process = Command::new(python)
        .arg(script)
        .args([certificate, key])
        .args(["me@example.org", "p:a/ss%"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let said = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut server = Server { port: 0, said, _process: process };
    server.port = server.says().await["port"].as_u64().unwrap();
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_and_a_password_are_used_and_what_is_not_trusted_gets_no_email() {
    let Some(python) = python().await else {
        println!("skipped: no Python with aiosmtpd");
        return;
    };
    let world = World::new().await;
    let (certificate, key) = certificate(world.folder.path()).await;
    let mut server = server(&python, &certificate, &key).await;
    let url =
        |password: &str| format!("smtp://me%40example.org:{password}@localhost:{}?tls=required", server.port);
    let uid = world.order(1, &[]).await[0];

    // Neither an unknown certificate nor a wrong password is the job's fault: it waits, uncounted.
    let worker = world.start(&url("p%3Aa%2Fss%25"));
    world.becomes(uid, |job| job.state == EmailJobState::Sending).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    worker.stop().await.unwrap();
    let job = world.job(uid).await;
    assert_eq!((job.state, job.attempts), (EmailJobState::Queued, 0));
    assert!(job.last_error.unwrap().to_lowercase().contains("certificate"));

    let mut email = options(&url("wrong"));
    email.ca_file = Some(certificate.clone());
    let worker = world.start_with(email, Default::default());
    world.becomes(uid, |job| job.state == EmailJobState::Sending).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    worker.stop().await.unwrap();
    let job = world.job(uid).await;
    assert_eq!((job.state, job.attempts), (EmailJobState::Queued, 0));
    assert!(job.last_error.unwrap().contains("535"));

    let mut email = options(&url("p%3Aa%2Fss%25"));
    email.ca_file = Some(certificate);
    let worker = world.start_with(email, Default::default());
    let message = server.says().await;
    assert_eq!(message["encrypted"], true);
    assert_eq!(message["user"], "me@example.org");
    assert_eq!(message["recipients"][0], "ops@example.org");
    assert!(message["data"].as_str().unwrap().contains(&format!("<{uid}@bellwether.local>")));
    world.reaches(uid, EmailJobState::Sent).await;
    worker.stop().await.unwrap();
}
