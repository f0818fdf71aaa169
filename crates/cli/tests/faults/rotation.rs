//! Passwords and tokens that change while everything runs, kept in Secrets Manager: no restart, no failed prediction, no
//! lost email.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use bellwether_core::config::EmailPolicy;
use bellwether_testkit::{Aws, Reply, Step, http};

use crate::world::{Emailed, TOKEN, World, flows, load};

async fn status(url: &str, token: &str) -> u16 {
    let call = http::client().post(format!("{url}/predict")).bearer_auth(token);
    let call = call.header("content-type", "application/json").body(r#"{"xp_points":1}"#);
    call.send().await.unwrap().status().as_u16()
}

fn words(user: &str, password: &str) -> String {
    let said = format!("\0{user}\0{password}");
    format!("PLAIN {}", base64::engine::general_purpose::STANDARD.encode(said))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotated_passwords_and_tokens_are_taken_up_without_a_restart() {
    let mut world = World::new(EmailPolicy::All).await;
    let aws = Aws::start().await;
    world.mariadb.execute("CREATE USER app IDENTIFIED BY 'first password'").await;
    world.mariadb.execute("GRANT ALL ON *.* TO app").await;
    aws.create_secret("database", r#"{"username":"app","password":"first password"}"#).await;
    aws.create_secret("mail", r#"{"username":"bell","password":"first","recipients":["ops@example.org"]}"#)
        .await;
    aws.create_secret("token", &format!(r#"{{"shared":"{TOKEN}"}}"#)).await;
    world.set("SECRETS__PROVIDER", "aws");
    world.set("AUTH__TOKEN", "secret:token#shared");
    world.set("DATABASE__USER", "secret:database#username");
    world.set("DATABASE__PASSWORD", "secret:database#password");
    world.set("SMTP__USER", "secret:mail#username");
    world.set("SMTP__PASSWORD", "secret:mail#password");
    world.set("SMTP__RECIPIENTS", "secret:mail#recipients");
    let rotated = Arc::new(AtomicBool::new(false));
    let known = rotated.clone();
    let (first, second) = (words("bell", "first"), words("bell", "second"));
    world.smtp.behave(move |step: Step<'_>| match step.verb {
        "EHLO" => Reply::Say("250-sink\r\n250 AUTH PLAIN"),
        "AUTH" => {
            let expected = if known.load(Ordering::SeqCst) { &second } else { &first };
            if step.argument == expected { Reply::Say("235 welcome") } else { Reply::Say("535 who are you") }
        }
        _ => Reply::Usual,
    });
    let (mut api, mut worker) = (world.api("api-0"), world.worker());
    for (name, value) in aws.variables() {
        (api, worker) = (api.variable(name, value.clone()), worker.variable(name, value));
    }
    let (api, _worker) = tokio::join!(api.start(), worker.start());
    let load = load(&[&api]);
    flows(&load, 50).await;

    world.mariadb.execute("ALTER USER app IDENTIFIED BY 'second password'").await;
    aws.rotate_secret("database", r#"{"username":"app","password":"second password"}"#).await;
    rotated.store(true, Ordering::SeqCst);
    aws.rotate_secret("mail", r#"{"username":"bell","password":"second","recipients":["ops@example.org"]}"#)
        .await;
    world.mariadb.execute("KILL USER app").await;
    world.smtp.disconnect_all();
    flows(&load, 100).await;
    let met = load.stop().await;
    aws.rotate_secret("token", r#"{"shared":"another token for tests only"}"#).await;
    assert_eq!(status(&api.url, "another token for tests only").await, 200, "a new token is taken at once");
    assert_eq!(status(&api.url, TOKEN).await, 403, "and the old one no longer");
    println!("rotated: {} answered, {} failed", met.answered.len(), met.failures().len());
    assert_eq!(met.failures(), [""; 0]);
    world.nothing_is_lost(&met, Emailed::OnceOrTwice).await;
}
