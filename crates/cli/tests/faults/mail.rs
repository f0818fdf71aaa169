//! A mail server that refuses, greylists, rejects one recipient or hangs in the middle of a message.

use bellwether_core::config::EmailPolicy;
use bellwether_store::{EmailJobState, EmailJobs};
use bellwether_testkit::wait::until;
use bellwether_testkit::{Reply, SmtpSink};

use crate::world::{Emailed, PATIENCE, World, flows, load, metric, outage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_refuses_connections_gets_every_email_later_and_costs_no_attempt() {
    let mut world = World::new(EmailPolicy::All).await;
    let address = world.smtp.address();
    let (api, worker) = world.services().await;
    let elsewhere = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    std::mem::replace(&mut world.smtp, elsewhere).stop().await;
    let load = load(&[&api]);
    flows(&load, 50).await;
    tokio::time::sleep(outage()).await;
    world.smtp = SmtpSink::start_at(address, |_| Reply::Usual).await.unwrap();
    let met = load.stop().await;
    assert_eq!(met.failures(), [""; 0]);
    world.nothing_is_lost(&met, Emailed::Once).await;
    assert_eq!(metric(&worker.url, "bellwether_emails_parked_total").await, 0);
    assert_eq!(metric(&worker.url, "bellwether_emails_retried_total").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_greylists_gets_every_email_at_a_later_try() {
    let world = World::new(EmailPolicy::All).await;
    let (api, worker) = world.services().await;
    // Each message is refused for now when it comes for the first time.
    world.smtp.behave(|step| match (step.verb, step.times) {
        ("MESSAGE", 1) => Reply::Say("451 4.7.1 greylisted, try again"),
        _ => Reply::Usual,
    });
    let load = load(&[&api]);
    flows(&load, 50).await;
    let met = load.stop().await;
    until("first tries are put off", PATIENCE, async || {
        metric(&worker.url, "bellwether_emails_retried_total").await > 0
    })
    .await;
    // A message bears its date, so that a second try is another text: from here on all are taken.
    world.smtp.behave(|_| Reply::Usual);
    world.nothing_is_lost(&met, Emailed::Once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipient_that_is_refused_parks_its_job_and_the_others_have_the_email() {
    let mut world = World::new(EmailPolicy::All).await;
    world.set("SMTP__RECIPIENTS", "good@example.org,bad@example.org");
    world.smtp.behave(|step| match (step.verb, step.argument) {
        ("RCPT", "bad@example.org") => Reply::Say("550 5.1.1 no such user"),
        _ => Reply::Usual,
    });
    let (api, _worker) = world.services().await;
    let load = load(&[&api]);
    flows(&load, 30).await;
    let met = load.stop().await;
    world.nothing_is_lost(&met, Emailed::Once).await;
    let store = world.store().await;
    until("every job is parked", PATIENCE, async || {
        EmailJobs::counts(&store).await.unwrap().parked >= met.answered.len() as u64
    })
    .await;
    for job in EmailJobs::list(&store, EmailJobState::Parked, 1_000).await.unwrap() {
        assert!(job.last_error.unwrap().contains("bad@example.org"));
        assert_eq!(job.delivered, ["good@example.org"]);
    }
    assert!(world.smtp.received().iter().all(|message| message.to == ["good@example.org"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_hangs_in_a_message_is_given_up_on_and_tried_again() {
    let mut world = World::new(EmailPolicy::All).await;
    world.set("SMTP__TIMEOUT_SECONDS", "2");
    let (api, worker) = world.services().await;
    world.smtp.behave(|step| match step.verb {
        "MESSAGE" => Reply::Hang,
        _ => Reply::Usual,
    });
    let load = load(&[&api]);
    flows(&load, 20).await;
    let met = load.stop().await;
    until("tries are given up", PATIENCE, async || {
        metric(&worker.url, "bellwether_emails_retried_total").await >= 4
    })
    .await;
    world.smtp.behave(|_| Reply::Usual);
    world.nothing_is_lost(&met, Emailed::Once).await;
}
