//! Replicas that ended without saying so: they hold a promotion up until they are forgotten.

use bellwether_config_admin::ConsoleError;
use bellwether_config_admin::forgetting::Forgetter;
use bellwether_settings::Environment;
use bellwether_store::ReplicaReport;
use bellwether_testkit::wait::until;
use chrono::{TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::apis::FakeApi;
use crate::world::{PATIENCE, Plan, World, approver, editor, unwatched};

async fn world() -> (World, [FakeApi; 2]) {
    let apis = [FakeApi::start("stage"), FakeApi::start("prod")];
    let plan = Plan { stage_api: apis[0].url.clone(), prod_api: apis[1].url.clone(), ..Plan::default() };
    let world = World::new(plan).await;
    apis[0].over(&world.stage).await;
    apis[1].over(&world.prod).await;
    world.run();
    (world, apis)
}

/// A replica of production that was last heard of so long ago.
async fn silent_for(world: &World, name: &str, silence: TimeDelta) -> ReplicaReport {
    let mut report = world.prod.replicas("prod").await.unwrap().remove(0);
    report.replica = name.to_owned();
    report.at = Utc::now() - silence;
    world.prod.report(&report).await.unwrap();
    report
}

async fn names(world: &World) -> Vec<String> {
    world.prod.replicas("prod").await.unwrap().into_iter().map(|report| report.replica).collect()
}

#[tokio::test]
async fn a_replica_that_was_killed_holds_a_promotion_up_until_an_approver_forgets_it() {
    let (world, _apis) = world().await;
    let proposal = world.passed(0.7).await;
    silent_for(&world, "prod-9", TimeDelta::minutes(5)).await;
    let (id, revision) = (proposal.id, proposal.revision);
    let refused = world.console.promote(&approver(), id, revision, unwatched()).await.unwrap_err();
    assert!(matches!(&refused, ConsoleError::State(why) if why.contains("prod-9")), "{refused:?}");

    let forget = async |actor, name| world.console.forget_replica(&actor, Environment::Prod, name).await;
    assert!(matches!(forget(editor(), "prod-9").await, Err(ConsoleError::Forbidden(_))));
    assert!(matches!(forget(approver(), "prod-8").await, Err(ConsoleError::NotFound(_))));
    assert!(matches!(forget(approver(), "prod-0").await, Err(ConsoleError::State(_))), "it reports");
    forget(approver(), "prod-9").await.unwrap();
    assert_eq!(names(&world).await, ["prod-0"]);
    let line = world.lines().await.into_iter().find(|line| line.action == "replica.forgotten").unwrap();
    assert_eq!((line.actor.as_str(), line.subject.as_str()), ("anna", "replica prod-9"));
    assert!(line.detail.contains(r#""environment":"prod""#), "{line:?}");
    world.console.promote(&approver(), id, revision, unwatched()).await.unwrap();
}

#[tokio::test]
async fn who_is_silent_for_a_day_and_owes_no_records_is_forgotten_without_anybody() {
    let (world, _apis) = world().await;
    silent_for(&world, "gone", TimeDelta::hours(25)).await;
    silent_for(&world, "away", TimeDelta::hours(23)).await;
    let mut owing = silent_for(&world, "owing", TimeDelta::hours(25)).await;
    owing.journal_oldest_at = Some(owing.at);
    world.prod.report(&owing).await.unwrap();
    let mut staged = world.stage.replicas("stage").await.unwrap().remove(0);
    staged.replica = "gone-too".to_owned();
    staged.at = Utc::now() - TimeDelta::hours(25);
    world.stage.report(&staged).await.unwrap();

    let stop = CancellationToken::new();
    let running = tokio::spawn(Forgetter::new(world.console.clone()).run(stop.clone()));
    until("both are forgotten", PATIENCE, async || {
        let stage = world.stage.replicas("stage").await.unwrap().len();
        stage == 1 && !names(&world).await.contains(&"gone".to_owned())
    })
    .await;
    assert_eq!(names(&world).await, ["away", "owing", "prod-0"], "its records may still be handed on");
    let told = world.lines().await.into_iter().filter(|line| line.action == "replica.forgotten");
    let told: Vec<_> = told.map(|line| (line.actor, line.subject)).collect();
    let expected = ["replica gone-too", "replica gone"].map(|it| ("bellwether".to_owned(), it.to_owned()));
    assert_eq!(told, expected);
    stop.cancel();
    running.await.unwrap();
}
