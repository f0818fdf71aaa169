//! What follows a promotion: it is done at n of n only, and what exceeds its limits is rolled back by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bellwether_config_admin::ConsoleError;
use bellwether_config_admin::console::{Bake, Health, ReplicaState};
use bellwether_core::change::{Limits, Outcome, Proposal, ProposalState};
use bellwether_core::config::Origin;
use bellwether_store::Traffic;
use bellwether_testkit::wait::until;
use bellwether_testkit::{Reply, SmtpSink};
use chrono::Utc;

use crate::apis::{FakeApi, Says, says};
use crate::world::{PATIENCE, Plan, World, admin, approver, unwatched, version};

struct Staged {
    world: World,
    _stage: FakeApi,
    prod: FakeApi,
    smtp: SmtpSink,
}

async fn staged() -> Staged {
    let (stage, prod) = (FakeApi::start("stage"), FakeApi::start("prod"));
    let smtp = SmtpSink::start(|_| Reply::Usual).await.unwrap();
    let plan = Plan {
        stage_api: stage.url.clone(),
        prod_api: prod.url.clone(),
        smtp: Some(smtp.url()),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    stage.over(&world.stage).await;
    prod.over(&world.prod).await;
    world.run();
    Staged { world, _stage: stage, prod, smtp }
}

async fn promoted(world: &World, cutoff: f64, bake: Bake) -> Proposal {
    let proposal = world.passed(cutoff).await;
    world.console.promote(&approver(), proposal.id, proposal.revision, bake).await.unwrap()
}

/// Watched for as long as a test takes, with these limits.
fn watched(limits: Limits) -> Bake {
    Bake { seconds: Some(600), limits }
}

/// A hundred answers, so many of them of high risk.
fn traffic(high_risk: u64) -> Traffic {
    Traffic { answered: 100, high_risk, ..Traffic::begun(0, Utc::now()) }
}

#[tokio::test]
async fn a_replica_that_refuses_keeps_a_rollout_from_being_done_and_is_named() {
    let staged = staged().await;
    let world = &staged.world;
    let proposal = world.passed(0.7).await;
    staged
        .prod
        .replicas(|all| {
            *all = vec![says("prod-0"), says("prod-1"), Says { follows: false, ..says("prod-2") }];
        })
        .await;
    let promoted =
        world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await.unwrap();
    // All fakes of an environment follow together: the others are moved by hand.
    let mut report = world.prod.replicas("prod").await.unwrap().remove(0);
    staged
        .prod
        .replicas(|all| *all = vec![Says { refuses: Some("model.onnx is missing".into()), ..says("prod-2") }])
        .await;
    for name in ["prod-0", "prod-1"] {
        report.replica = name.to_owned();
        report.version = Some(2);
        report.at = Utc::now();
        world.prod.report(&report).await.unwrap();
    }
    let progress = world.console.rollout_progress(&promoted).await.unwrap();
    assert_eq!((progress.synced, progress.expected), (2, 3));
    assert_eq!(progress.hindrances, ["replica prod-2 refuses version 2: model.onnx is missing"]);
    let overview = world.console.overview().await;
    assert_eq!((overview.prod.synced(), overview.prod.replicas.len()), (2, 3));
    assert_eq!(overview.prod.replicas[2].state, ReplicaState::Refused);
    assert_eq!(overview.prod.replicas[2].version, Some(1), "it goes on with its last good version");
    assert_eq!((&overview.prod.health, &overview.stage.health), (&Health::Ready, &Health::Ready));
    // The watcher has looked since, and has not called it done.
    tokio::time::timeout(Duration::from_secs(3), world.ends(promoted.id, ProposalState::is_final))
        .await
        .expect_err("two of three is not done");
    staged.prod.replicas(|all| *all = vec![says("prod-0"), says("prod-1"), says("prod-2")]).await;
    world.ends(promoted.id, |state| state == ProposalState::Done).await;
}

#[tokio::test]
async fn a_version_bakes_within_its_limits_and_is_done() {
    let staged = staged().await;
    let world = &staged.world;
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(50))).await;
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted = promoted(world, 0.7, Bake { seconds: Some(2), limits }).await;
    until("it bakes", PATIENCE, async || {
        let now = world.console.proposal(promoted.id).await.unwrap();
        let progress = world.console.rollout_progress(&now).await.unwrap();
        progress.bake_seconds_left.is_some_and(|left| left <= 2)
    })
    .await;
    let done = world.ends(promoted.id, |state| state == ProposalState::Done).await;
    let rollout = done.rollout.unwrap();
    let Some(Outcome::Done { at, answers: 100, judged: true }) = rollout.outcome else {
        panic!("{rollout:?}")
    };
    assert_eq!(rollout.judgement().as_deref(), Some("It was judged by 100 answers."));
    assert!(at - rollout.synced_at.unwrap() >= chrono::TimeDelta::seconds(2));
    assert!(staged.smtp.received().is_empty(), "nobody is told of what went well");
}

#[tokio::test]
async fn a_bake_that_too_few_answers_judge_says_so() {
    let staged = staged().await;
    let world = &staged.world;
    let few = Traffic { answered: 99, ..traffic(0) };
    staged.prod.replicas(|all| all[0].traffic = Some(few)).await;
    let promoted = promoted(world, 0.7, Bake { seconds: Some(1), limits: Limits::default() }).await;
    let done = world.ends(promoted.id, |state| state == ProposalState::Done).await;
    let rollout = done.rollout.unwrap();
    assert!(matches!(rollout.outcome, Some(Outcome::Done { answers: 99, judged: false, .. })), "{rollout:?}");
    assert_eq!(rollout.judgement().as_deref(), Some("Not judged: 99 answers, and judging takes 100."));
    let line = world.lines().await.into_iter().find(|line| line.action == "proposal.done").unwrap();
    assert!(line.detail.contains(r#""answers":99"#) && line.detail.contains(r#""judged":false"#), "{line:?}");
}

#[tokio::test]
async fn a_replica_that_does_not_tell_what_it_answers_keeps_a_bake_from_its_end() {
    let staged = staged().await;
    let world = &staged.world;
    staged.prod.replicas(|all| all[0].traffic = None).await;
    let promoted = promoted(world, 0.7, Bake { seconds: Some(1), limits: Limits::default() }).await;
    let told = "replica prod-0 does not tell what it answers under version 2";
    until("it is told", PATIENCE, async || {
        let progress = world.console.rollout_progress(&promoted).await.unwrap();
        progress.hindrances == [told]
    })
    .await;
    tokio::time::timeout(Duration::from_secs(3), world.ends(promoted.id, ProposalState::is_final))
        .await
        .expect_err("what is watched has to be seen");
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(0))).await;
    world.ends(promoted.id, |state| state == ProposalState::Done).await;
}

#[tokio::test]
async fn a_replica_that_starts_anew_while_it_bakes_takes_none_of_its_failures_with_it() {
    let staged = staged().await;
    let world = &staged.world;
    let limits = Limits { max_failed_percent: 10.0, ..Limits::default() };
    let promoted = promoted(world, 0.7, watched(limits)).await;
    let crashing = Traffic { answered: 44, failed: 6, ..Traffic::begun(0, Utc::now()) };
    staged.prod.replicas(|all| all[0].traffic = Some(crashing)).await;
    until("the watcher has counted them", PATIENCE, async || {
        let progress = world.console.rollout_progress(&promoted).await.unwrap();
        progress.traffic.is_some_and(|traffic| traffic.failed == 6)
    })
    .await;
    tokio::time::timeout(Duration::from_secs(2), world.ends(promoted.id, ProposalState::is_final))
        .await
        .expect_err("fifty answers are too few to judge by");
    let anew = Traffic { answered: 44, failed: 6, ..Traffic::begun(0, Utc::now()) };
    staged.prod.replicas(|all| all[0].traffic = Some(anew)).await;
    let rolled_back = world.ends(promoted.id, ProposalState::is_final).await;
    let Some(Outcome::RolledBack { reasons, .. }) = rolled_back.rollout.unwrap().outcome else { panic!() };
    assert_eq!(reasons, ["12.0 percent of 100 answers failed, over 10"]);
}

#[tokio::test]
async fn too_many_of_high_risk_roll_back_by_themselves_and_those_concerned_are_told() {
    let staged = staged().await;
    let world = &staged.world;
    // The mail server is away for a moment: that is waited for.
    staged.smtp.behave(|step| {
        if step.verb == "MAIL" && step.times == 1 { Reply::Say("451 not now") } else { Reply::Usual }
    });
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted = promoted(world, 0.7, watched(limits)).await;
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(61))).await;
    let rolled_back = world.ends(promoted.id, |state| state == ProposalState::RolledBack).await;
    let live = world.live("prod").await;
    let first = world.prod.version("prod", 1).await.unwrap().unwrap();
    assert_eq!((live.version, &live.sha256), (3, &first.sha256));
    let provenance = live.provenance.unwrap();
    assert_eq!((provenance.origin, provenance.restores), (Origin::Rollback, Some(1)));
    let Some(Outcome::RolledBack { version: 3, reasons, .. }) = rolled_back.rollout.unwrap().outcome else {
        panic!("it was rolled back to version 3")
    };
    assert_eq!(reasons, ["61.0 percent of 100 predictions are of high risk, over 60"]);
    let mail = staged.smtp.receives(1, PATIENCE).await.unwrap().remove(0);
    let mut to = mail.to.clone();
    to.sort();
    let concerned = ["ada", "anna", "bert", "edith"].map(|name| format!("{name}@example.org"));
    assert_eq!(to, concerned, "its author and who may approve, and no viewer");
    let text = mail.data.replace("=\n", "");
    assert!(text.contains("version 2 of production's config was rolled back"), "{text}");
    assert!(text.contains("61.0 percent of 100 predictions"), "{text}");
    assert!(text.contains(&format!("https://config.example.org/proposals/{}", promoted.id)), "{text}");
    until("it is noted that they are told", PATIENCE, async || {
        world.console.proposal(promoted.id).await.unwrap().rollout.unwrap().told_at.is_some()
    })
    .await;
    assert_eq!(staged.smtp.received().len(), 1, "told once");
    let rollbacks = world.actions().await.into_iter().filter(|a| a == "proposal.rolled_back").count();
    assert_eq!(rollbacks, 1);
}

#[tokio::test]
async fn a_replica_that_falls_silent_after_a_promotion_rolls_it_back() {
    let staged = staged().await;
    let world = &staged.world;
    let limits = Limits { max_silence_seconds: 2, ..Limits::default() };
    let promoted = promoted(world, 0.7, watched(limits)).await;
    staged.prod.replicas(|all| all[0].silent = true).await;
    let rolled_back = world.ends(promoted.id, |state| state == ProposalState::RolledBack).await;
    let Some(Outcome::RolledBack { reasons, .. }) = rolled_back.rollout.unwrap().outcome else { panic!() };
    assert!(reasons[0].starts_with("replica prod-0 has not been heard of for"), "{reasons:?}");
    assert!(staged.smtp.receives(1, PATIENCE).await.is_some());
}

#[tokio::test]
async fn a_rollback_that_a_process_left_untold_is_told_by_the_next() {
    let staged = staged().await;
    let world = &staged.world;
    staged.smtp.behave(|step| if step.verb == "EHLO" { Reply::HangUp } else { Reply::Usual });
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted = promoted(world, 0.7, watched(limits)).await;
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    world.ends(promoted.id, |state| state == ProposalState::RolledBack).await;
    assert!(staged.smtp.hears("EHLO", 1, PATIENCE).await);
    staged.smtp.behave(|_| Reply::Usual);
    // As after a restart: another watcher, which was not there when it was rolled back.
    world.run();
    assert!(staged.smtp.receives(1, PATIENCE).await.is_some());
}

#[tokio::test]
async fn what_cannot_be_rolled_back_by_itself_is_told_and_stays() {
    let staged = staged().await;
    let world = &staged.world;
    world.poison("prod", r#"{"arms": []}"#).await;
    let draft = bellwether_config_admin::console::Draft {
        document: bellwether_core::config::ConfigDocument::initial(crate::apis::MODEL),
        base: 2,
        reason: "to repair it".to_owned(),
        confirmed: false,
    };
    let proposal = world.console.propose(&approver(), draft).await.unwrap();
    let proposal = world.try_out(&proposal).await;
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted =
        world.console.promote(&approver(), proposal.id, proposal.revision, watched(limits)).await.unwrap();
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    let mail = staged.smtp.receives(1, PATIENCE).await.unwrap().remove(0);
    let text = mail.data.replace("=\n", "");
    assert!(text.contains("cannot be rolled back by itself"), "{text}");
    until("it is noted that they are told", PATIENCE, async || {
        world.console.proposal(promoted.id).await.unwrap().rollout.unwrap().told_at.is_some()
    })
    .await;
    assert_eq!(world.live("prod").await.version, 3, "nothing was changed");
    let now = world.console.proposal(promoted.id).await.unwrap();
    let progress = world.console.rollout_progress(&now).await.unwrap();
    assert_eq!(now.state, ProposalState::RollingOut);
    assert!(progress.hindrances.iter().any(|told| told.contains("cannot be rolled back by itself")));
    assert_eq!(progress.exceeded.len(), 1);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_not_sent_again() {
    let staged = staged().await;
    let world = &staged.world;
    world.poison("prod", r#"{"arms": []}"#).await;
    let draft = world.draft(0.7).await;
    let proposal = world.console.propose(&approver(), draft).await.unwrap();
    let proposal = world.try_out(&proposal).await;
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    staged.smtp.behave(move |step| {
        if step.verb != "MAIL" {
            return Reply::Usual;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::Say("550 not from you")
    });
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted =
        world.console.promote(&approver(), proposal.id, proposal.revision, watched(limits)).await.unwrap();
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    until("it is tried", PATIENCE, async || tries.load(Ordering::SeqCst) > 0).await;
    // The rollout goes on exceeding its limits at every look.
    tokio::time::timeout(Duration::from_secs(4), world.ends(promoted.id, ProposalState::is_final))
        .await
        .expect_err("it cannot be rolled back by itself");
    assert_eq!(tries.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_proposal_that_cannot_be_read_keeps_nobody_from_guarding_the_others() {
    let staged = staged().await;
    let world = &staged.world;
    let broken = world.proposed(0.9).await;
    assert_eq!(broken.id, 1);
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    world.shell("UPDATE proposals SET content = 'no JSON', state = 'rolling_out' WHERE id = 1").await;
    let promoted = promoted(world, 0.7, watched(limits)).await;
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    let ended = world.ends(promoted.id, ProposalState::is_final).await;
    assert_eq!(ended.state, ProposalState::RolledBack);
}

#[tokio::test]
async fn a_replica_whose_row_cannot_be_read_is_named_and_hides_no_other() {
    let staged = staged().await;
    let world = &staged.world;
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted = promoted(world, 0.7, watched(limits)).await;
    let mut other = world.prod.replicas("prod").await.unwrap().remove(0);
    other.replica = "prod-1".to_owned();
    // It is not to fall silent while this runs.
    other.at = Utc::now() + chrono::TimeDelta::hours(1);
    world.prod.report(&other).await.unwrap();
    world.shell("UPDATE replicas SET bundles = 'no JSON' WHERE replica = 'prod-1'").await;
    let told = "the row of replica prod-1";
    until("it is told", PATIENCE, async || {
        let progress = world.console.rollout_progress(&promoted).await.unwrap();
        progress.synced == 1 && progress.hindrances.iter().any(|hindrance| hindrance.contains(told))
    })
    .await;
    let overview = world.console.overview().await;
    let states: Vec<_> = overview.prod.replicas.iter().map(|replica| replica.state).collect();
    assert_eq!(states, [ReplicaState::Synced, ReplicaState::Refused]);
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    world.ends(promoted.id, |state| state == ProposalState::RolledBack).await;
}

#[tokio::test]
async fn another_version_overtakes_a_rollout() {
    let staged = staged().await;
    let world = &staged.world;
    let first = promoted(world, 0.7, watched(Limits::default())).await;
    let mut document = first.document.clone();
    document.proba_cutoff = 0.8;
    world.prod.append(version("prod", Some(2), document)).await.unwrap();
    let overtaken = world.ends(first.id, |state| state == ProposalState::Overtaken).await;
    assert!(matches!(overtaken.rollout.unwrap().outcome, Some(Outcome::Overtaken { version: 3, .. })));
}

#[tokio::test]
async fn a_row_that_is_no_config_overtakes_nothing_and_stops_no_rollback() {
    let staged = staged().await;
    let world = &staged.world;
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let promoted = promoted(world, 0.7, watched(limits)).await;
    until("its replica has taken it up", PATIENCE, async || {
        let progress = world.console.rollout_progress(&promoted).await.unwrap();
        progress.synced == 1
    })
    .await;
    world.poison("prod", r#"{"arms": []}"#).await;
    tokio::time::timeout(Duration::from_secs(3), world.ends(promoted.id, ProposalState::is_final))
        .await
        .expect_err("what replicas refuse has overtaken nothing");
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    let rolled_back = world.ends(promoted.id, ProposalState::is_final).await;
    assert_eq!(rolled_back.state, ProposalState::RolledBack);
    let live = world.live("prod").await;
    let first = world.prod.version("prod", 1).await.unwrap().unwrap();
    assert_eq!((live.version, live.parent, &live.sha256), (4, Some(3), &first.sha256));
    assert!(matches!(rolled_back.rollout.unwrap().outcome, Some(Outcome::RolledBack { version: 4, .. })));
}

#[tokio::test]
async fn nothing_is_promoted_over_what_is_watched_and_no_rollback_returns_to_what_was_not_done() {
    let staged = staged().await;
    let world = &staged.world;
    let limits = Limits { max_high_risk_percent: 60.0, ..Limits::default() };
    let first = promoted(world, 0.7, watched(limits)).await;
    let next = world.passed(0.8).await;
    let refused = world.console.promote(&approver(), next.id, next.revision, unwatched()).await.unwrap_err();
    let expected = format!("proposal {} is still being watched", first.id);
    assert!(matches!(&refused, ConsoleError::State(why) if why.contains(&expected)), "{refused:?}");
    assert_eq!(world.live("prod").await.version, 2);
    // An admin may, in an emergency; the first has then never been done.
    let why = "it cannot wait".to_owned();
    let promoted = world
        .console
        .promote_past_staging(&admin(), next.id, next.revision, why, watched(limits))
        .await
        .unwrap();
    assert_eq!(promoted.rollout.as_ref().map(|rollout| (rollout.version, rollout.previous)), Some((3, 1)));
    world.ends(first.id, |state| state == ProposalState::Overtaken).await;
    staged.prod.replicas(|all| all[0].traffic = Some(traffic(99))).await;
    world.ends(promoted.id, |state| state == ProposalState::RolledBack).await;
    let live = world.live("prod").await;
    let began = world.prod.version("prod", 1).await.unwrap().unwrap();
    assert_eq!((live.version, &live.sha256), (4, &began.sha256));
    assert_eq!(live.provenance.unwrap().restores, Some(1));
}

#[tokio::test]
async fn what_is_watched_may_be_reverted_at_any_time() {
    let staged = staged().await;
    let world = &staged.world;
    let first = promoted(world, 0.7, watched(Limits::default())).await;
    let way_back = world.console.revert(&approver(), 1, "it is no good".to_owned(), true).await.unwrap();
    let way_back = world.try_out(&way_back).await;
    let reverted =
        world.console.promote(&approver(), way_back.id, way_back.revision, unwatched()).await.unwrap();
    world.ends(reverted.id, |state| state == ProposalState::Done).await;
    world.ends(first.id, |state| state == ProposalState::Overtaken).await;
}

#[tokio::test]
async fn a_replica_silent_before_an_emergency_does_not_roll_it_back() {
    let staged = staged().await;
    let world = &staged.world;
    let mut report = world.prod.replicas("prod").await.unwrap().remove(0);
    report.replica = "prod-9".to_owned();
    report.at -= chrono::TimeDelta::minutes(5);
    world.prod.report(&report).await.unwrap();
    let proposal = world.proposed(0.7).await;
    let limits = Limits { max_silence_seconds: 2, ..Limits::default() };
    let promoted = world
        .console
        .promote_past_staging(
            &admin(),
            proposal.id,
            proposal.revision,
            "prod-9 is gone".to_owned(),
            Bake { seconds: Some(1), limits },
        )
        .await
        .unwrap();
    let progress = world.console.rollout_progress(&promoted).await.unwrap();
    assert!(progress.hindrances.iter().any(|told| told.contains("prod-9 was last heard of")), "{progress:?}");
    assert_eq!(progress.exceeded, Vec::<String>::new());
    world.prod.forget("prod", "prod-9").await.unwrap();
    world.ends(promoted.id, |state| state == ProposalState::Done).await;
}
