//! S3 answers 500, 503 SlowDown, 403, or not at all: the archive catches up, and the failures can be alerted
//! on.

use bellwether_core::config::EmailPolicy;
use bellwether_store::archive::{S3Archive, S3Options};
use bellwether_testkit::wait::until;
use bellwether_testkit::{Aws, Fault, FaultyProxy};

use crate::world::{PATIENCE, World, archived, flows, load, metric, outage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_fails_in_every_way_catches_up_and_holds_each_prediction_once() {
    let mut world = World::new(EmailPolicy::None).await;
    let aws = Aws::start().await;
    aws.create_bucket("predictions").await;
    let proxy = FaultyProxy::start(aws.address()).await;
    world.set("ARCHIVE__URL", "s3://predictions/all");
    world.set("ARCHIVE__ENDPOINT", proxy.endpoint());
    world.set("ARCHIVE__REGION", "us-east-1");
    world.set("ARCHIVE__PATH_STYLE", "true");
    let mut builder = world.api("api-0");
    for (name, value) in aws.variables() {
        builder = builder.variable(name, value);
    }
    let api = builder.start().await;
    let load = load(&[&api]);
    let faults = [
        ("500", Fault::Answer(500, "<Error><Code>InternalError</Code></Error>")),
        ("503 SlowDown", Fault::Answer(503, "<Error><Code>SlowDown</Code></Error>")),
        ("403", Fault::Answer(403, "<Error><Code>AccessDenied</Code></Error>")),
        ("no answer", Fault::Hang),
        ("a lost answer", Fault::LoseAnswer),
    ];
    for (name, fault) in faults {
        let failures = metric(&api.url, "bellwether_relay_failures_total").await;
        let met = proxy.met();
        proxy.fault(fault);
        flows(&load, 20).await;
        proxy.meets(met + 1).await;
        tokio::time::sleep(outage() / 5).await;
        if name != "no answer" {
            until("the failure can be alerted on", PATIENCE, async || {
                metric(&api.url, "bellwether_relay_failures_total").await > failures
            })
            .await;
        }
        proxy.fault(Fault::None);
        println!("S3 with {name}: {} requests spoilt", proxy.met() - met);
    }
    let met = load.stop().await;
    assert_eq!(met.failures(), [""; 0], "no request fails");
    let options = S3Options {
        endpoint: Some(aws.endpoint()),
        region: Some("us-east-1".to_owned()),
        path_style: true,
        ..S3Options::new("s3://predictions/all")
    };
    let variables = aws.variables().into_iter().map(|(name, value)| (name.to_owned(), value));
    let archive = S3Archive::open(&options, variables).unwrap();
    until("every answer is in the archive", PATIENCE, async || {
        let counts = archived(&archive).await;
        met.answered.iter().all(|uid| counts.contains_key(uid))
    })
    .await;
    let counts = archived(&archive).await;
    assert!(counts.values().all(|count| *count == 1), "each is in the archive once");
    println!("{} predictions, each in S3 once", counts.len());
}
