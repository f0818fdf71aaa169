//! Trials: a document passes only where every check says so, and what keeps it from passing is told in words.

use std::time::Duration;

use bellwether_core::change::{CheckName, Proposal, ProposalState};
use bellwether_core::config::{Arm, ConfigDocument, Origin, Percentage};
use bellwether_store::console::GoldenPayload;
use bellwether_testkit::wait::until;
use chrono::Utc;
use serde_json::json;

use crate::apis::{Behaviour, FakeApi, LOADED, MODEL, OTHER_MODEL, says};
use crate::world::{PATIENCE, Plan, World, check, editor, found, report, version, viewer};

struct Staged {
    world: World,
    stage: FakeApi,
    _prod: FakeApi,
}

/// A world whose apis are fakes that behave well.
async fn staged() -> Staged {
    staged_with(|_| {}).await
}

async fn staged_with(settings: impl FnOnce(&mut bellwether_settings::Console) + 'static) -> Staged {
    let (stage, prod) = (FakeApi::start("stage"), FakeApi::start("prod"));
    let plan = Plan {
        stage_api: stage.url.clone(),
        prod_api: prod.url.clone(),
        settings: Box::new(move |all| {
            all.call_timeout_seconds = 1;
            settings(all);
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    stage.over(&world.stage).await;
    prod.over(&world.prod).await;
    Staged { world, stage, _prod: prod }
}

fn names(proposal: &Proposal) -> Vec<CheckName> {
    report(proposal).checks.iter().filter(|check| !check.passed).map(|check| check.name).collect()
}

#[tokio::test]
async fn a_document_passes_where_every_check_does_and_the_report_says_what_was_tried() {
    let staged = staged().await;
    let world = staged.world.run();
    world.stage.append(version("stage", Some(1), ConfigDocument::initial(OTHER_MODEL))).await.unwrap();
    let payload = GoldenPayload {
        name: "a rich client".to_owned(),
        payload: json!({ "activity_score": 1 }).as_object().unwrap().clone(),
        expected_high_risk: Some(false),
        author: String::new(),
        updated_at: Utc::now(),
    };
    assert!(world.console.save_payload(&viewer(), payload.clone()).await.is_err());
    assert_eq!(world.console.save_payload(&editor(), payload).await.unwrap().author, "edith");
    let mut draft = world.draft(0.7).await;
    let share = |percent: f64| Percentage::try_from(percent).unwrap();
    draft.document.holdout_percentage = share(20.0);
    draft.document.heuristic_percentage = share(10.0);
    draft.document.arms = vec![
        Arm { model: MODEL.to_owned(), percentage: share(60.0) },
        Arm { model: OTHER_MODEL.to_owned(), percentage: share(40.0) },
    ];
    draft.confirmed = true;
    let proposal = world.console.propose(&editor(), draft).await.unwrap();
    let proposal = world.try_out(&proposal).await;
    assert_eq!(names(&proposal), [], "{:#?}", report(&proposal).checks);
    assert_eq!(proposal.state, ProposalState::Passed);
    assert!(proposal.has_passed());
    let report = report(&proposal);
    assert_eq!(report.stage_version, Some(3), "the next of staging, whatever was there");
    let loaded = [MODEL, OTHER_MODEL].map(|model| (model.to_owned(), LOADED.to_owned()));
    assert_eq!(report.bundles, loaded.into());
    let told = &check(&proposal, CheckName::Treatments).summary;
    assert!(told.contains("holdout, heuristic, arm xgboost") && told.contains("arm random_forest"), "{told}");
    assert!(check(&proposal, CheckName::Replay).summary.contains("no inputs yet"));
    // Three rows of each bundle, the payload, four ways.
    assert!(check(&proposal, CheckName::Cutoff).summary.starts_with("11 answers"));
    let live = world.live("stage").await;
    let provenance = live.provenance.unwrap();
    assert_eq!((provenance.origin, provenance.proposal), (Origin::Trial, Some(proposal.id)));
    let wanted =
        ["payload.saved", "proposal.proposed", "proposal.tried", "proposal.in_staging", "proposal.tested"];
    assert_eq!(world.actions().await, wanted);
    assert!(world.console.trial_progress(proposal.id).is_none());
}

/// A trial under this behaviour does not pass; answers what the check found.
async fn found_under(behaviour: Behaviour, name: CheckName) -> String {
    let staged = staged().await;
    staged.stage.behave(behaviour);
    let proposal = staged.world.run().tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Failed);
    assert!(!proposal.has_passed());
    found(&proposal, name)
}

#[tokio::test]
async fn a_staging_api_that_does_not_answer_in_time_lets_nothing_pass() {
    let found = found_under(Behaviour::Hang, CheckName::Golden).await;
    assert!(found.contains("did not answer within 1 s"), "{found}");
    assert!(found.len() < 2_000, "bounded: {found}");
}

#[tokio::test]
async fn a_staging_api_that_fails_lets_nothing_pass() {
    let found = found_under(Behaviour::Status(500), CheckName::Golden).await;
    assert!(found.contains("parity row 0 of model xgboost"), "{found}");
    assert!(found.contains("answered 500: something failed on our side"), "{found}");
}

#[tokio::test]
async fn a_staging_api_that_uses_another_cutoff_lets_nothing_pass() {
    let found = found_under(Behaviour::Cutoff(0.65), CheckName::Cutoff).await;
    assert!(found.contains("against the cutoff 0.65 by replica stage-0, not against 0.7"), "{found}");
    assert!(found.contains("`high_risk`: yes"), "{found}");
}

#[tokio::test]
async fn a_staging_api_whose_high_risk_does_not_follow_from_the_cutoff_lets_nothing_pass() {
    let found = found_under(Behaviour::Reversed, CheckName::Cutoff).await;
    assert!(found.contains("has the probability 0.68 and is answered `high_risk`: yes"), "{found}");
}

#[tokio::test]
async fn a_model_that_scores_otherwise_than_in_training_does_not_pass() {
    let found = found_under(Behaviour::Score(0.6801), CheckName::Golden).await;
    assert!(found.contains("was scored 0.6801, not 0.68 as in training"), "{found}");
}

#[tokio::test]
async fn a_model_that_was_cut_off_does_not_pass() {
    for (why, words) in [("late", "it did not score in time"), ("panicked", "it panicked")] {
        let found = found_under(Behaviour::CutOff(why), CheckName::Golden).await;
        assert!(found.contains("was not scored by model ") && found.contains(words), "{found}");
    }
}

#[tokio::test]
async fn an_answer_of_another_version_lets_nothing_pass() {
    let found = found_under(Behaviour::Version(1), CheckName::Treatments).await;
    assert!(found.contains("was answered by version 1, not by version 2"), "{found}");
}

#[tokio::test]
async fn an_answer_of_a_replica_that_did_not_take_the_version_up_lets_nothing_pass() {
    let found = found_under(Behaviour::By("stage-7"), CheckName::Treatments).await;
    assert!(
        found.contains("was answered by replica stage-7, which is none of those that are tried"),
        "{found}"
    );
}

/// What the check of the replicas finds where they change while the trial goes on.
async fn found_after(change: impl FnOnce(&mut Vec<crate::apis::Says>)) -> String {
    let staged = staged_with(|settings| {
        settings.call_timeout_seconds = 60;
        settings.acknowledge_seconds = 1;
    })
    .await;
    let world = staged.world.run();
    staged.stage.behave(Behaviour::Hold);
    let proposal = world.proposed(0.7).await;
    world.console.try_in_staging(&editor(), proposal.id, proposal.revision).await.unwrap();
    staged.stage.asked(1).await;
    staged.stage.replicas(change).await;
    staged.stage.behave(Behaviour::Well);
    let proposal = world.ends(proposal.id, |state| state != ProposalState::Trying).await;
    assert_eq!(names(&proposal), [CheckName::Replicas], "every other check passed");
    found(&proposal, CheckName::Replicas)
}

#[tokio::test]
async fn a_replica_that_starts_anew_or_loads_another_bundle_during_a_trial_is_not_what_was_tried() {
    let found = found_after(|replicas| replicas[0].started_at = Utc::now()).await;
    assert_eq!(found, "replica stage-0 has started anew during the trial");
    let found =
        found_after(|replicas| drop(replicas[0].bundles.insert(MODEL.to_owned(), "b".repeat(64)))).await;
    assert_eq!(found, format!("replica stage-0 has another bundle as {MODEL} than when it was tried"));
    let found = found_after(|replicas| replicas.push(says("stage-1"))).await;
    assert_eq!(found, "replica stage-1 came after the trial had begun: it was not tried");
}

#[tokio::test]
async fn an_api_that_sends_everybody_to_one_arm_does_not_pass() {
    let staged = staged().await;
    staged.stage.behave(Behaviour::FirstArm);
    let world = staged.world.run();
    let half = Percentage::try_from(50.0).unwrap();
    let mut draft = world.draft(0.7).await;
    draft.document.arms =
        [MODEL, OTHER_MODEL].map(|model| Arm { model: model.to_owned(), percentage: half }).into();
    draft.confirmed = true;
    let proposal = world.console.propose(&editor(), draft).await.unwrap();
    let proposal = world.try_out(&proposal).await;
    assert_eq!(names(&proposal), [CheckName::Treatments]);
    let found = found(&proposal, CheckName::Treatments);
    assert!(found.contains("the request for arm random_forest"), "{found}");
}

#[tokio::test]
async fn a_payload_that_is_not_answered_as_expected_is_named() {
    let staged = staged().await;
    let world = staged.world.run();
    let payload = GoldenPayload {
        name: "a client to keep".to_owned(),
        payload: json!({ "activity_score": 1 }).as_object().unwrap().clone(),
        expected_high_risk: Some(true),
        author: String::new(),
        updated_at: Utc::now(),
    };
    world.console.save_payload(&editor(), payload).await.unwrap();
    let proposal = world.tried(0.7).await;
    assert_eq!(names(&proposal), [CheckName::Golden]);
    let found = found(&proposal, CheckName::Golden);
    assert_eq!(found, "payload `a client to keep` was answered `high_risk`: no at 0.68, expected yes");
    world.console.delete_payload(&editor(), "a client to keep").await.unwrap();
    assert!(world.console.delete_payload(&editor(), "a client to keep").await.is_err());
    let proposal = world.try_out(&proposal).await;
    assert_eq!(proposal.state, ProposalState::Passed, "{:#?}", report(&proposal).checks);
}

#[tokio::test]
async fn a_staging_api_that_is_down_lets_nothing_pass() {
    // Its replica reports, but nobody listens where its api should be.
    let (stage, nowhere) = (FakeApi::start("stage"), bellwether_testkit::service::free_port());
    let world =
        World::new(Plan { stage_api: format!("http://127.0.0.1:{nowhere}"), ..Plan::default() }).await;
    stage.over(&world.stage).await;
    let proposal = world.run().tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Failed);
    let found = found(&proposal, CheckName::Golden);
    assert!(found.contains("it cannot be reached"), "{found}");
    assert!(found.contains("refused"), "{found}");
}

#[tokio::test]
async fn a_replica_of_staging_that_refuses_keeps_a_document_from_passing_and_says_why() {
    let staged = staged().await;
    let world = staged.world.run();
    staged
        .stage
        .replicas(|replicas| {
            replicas.push(crate::apis::Says {
                refuses: Some("model `xgboost` is not loaded: broken".to_owned()),
                ..says("stage-1")
            });
        })
        .await;
    let proposal = world.tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Failed);
    let told = found(&proposal, CheckName::Replicas);
    assert!(told.contains("refuses version 2: model `xgboost` is not loaded: broken"), "{told}");
    assert_eq!(report(&proposal).checks.len(), 6, "every check is told");
    assert!(found(&proposal, CheckName::Golden).contains("an earlier check did not pass"));
}

#[tokio::test]
async fn a_replica_of_staging_that_stays_behind_keeps_a_document_from_passing() {
    let staged = staged_with(|settings| settings.acknowledge_seconds = 1).await;
    let world = staged.world.run();
    staged.stage.replicas(|replicas| replicas[0].follows = false).await;
    let told = found(&world.tried(0.7).await, CheckName::Replicas);
    assert_eq!(told, "replica stage-0 has not taken version 2 up within 1 s; it runs version 1");
}

#[tokio::test]
async fn a_silent_replica_of_staging_is_not_waited_for_but_one_has_to_be_heard_of() {
    let staged = staged().await;
    let world = staged.world.run();
    // One that went silent long ago, by its clock.
    let mut report = world.stage.replicas("stage").await.unwrap().remove(0);
    report.replica = "stage-9".to_owned();
    report.at -= chrono::TimeDelta::minutes(5);
    world.stage.report(&report).await.unwrap();
    let proposal = world.tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Passed, "{:#?}", crate::world::report(&proposal).checks);
    assert!(check(&proposal, CheckName::Replicas).summary.contains("1 silent"));
}

#[tokio::test]
async fn a_document_written_past_us_to_staging_is_followed_and_undone() {
    let staged = staged().await;
    let world = staged.world.run();
    world.poison("stage", r#"{"arms": [], "surprise": 1}"#).await;
    let proposal = world.tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Passed, "{:#?}", report(&proposal).checks);
    assert_eq!(report(&proposal).stage_version, Some(3));
}

#[tokio::test]
async fn a_trial_that_a_process_left_is_finished_by_the_next() {
    let staged = staged().await;
    let world = &staged.world;
    staged.stage.behave(Behaviour::Hang);
    let first = world.run_trials();
    let proposal = world.proposed(0.7).await;
    world.console.try_in_staging(&editor(), proposal.id, proposal.revision).await.unwrap();
    staged.stage.asked(1).await;
    let progress = world.console.trial_progress(proposal.id).unwrap();
    assert_eq!((progress.check, progress.of), (CheckName::Golden, 3));
    first.end().await;
    let left = world.console.proposal(proposal.id).await.unwrap();
    assert_eq!((left.state, left.trial.as_ref().unwrap().stage_version), (ProposalState::Trying, Some(2)));
    staged.stage.behave(Behaviour::Well);
    world.run_trials();
    let ended = world.ends(proposal.id, |state| state != ProposalState::Trying).await;
    assert_eq!(ended.state, ProposalState::Passed, "{:#?}", report(&ended).checks);
    assert_eq!(world.live("stage").await.version, 2, "the version that the first wrote is taken");
    let tested = world.actions().await.into_iter().filter(|action| action == "proposal.tested").count();
    assert_eq!(tested, 1);
}

#[tokio::test]
async fn two_processes_at_the_same_trial_do_no_harm() {
    let staged = staged().await;
    let world = &staged.world;
    for _ in 0..3 {
        world.run_trials();
    }
    let proposal = world.passed(0.7).await;
    assert_eq!(world.live("stage").await.version, 2);
    let actions = world.actions().await;
    let count = |wanted: &str| actions.iter().filter(|action| *action == wanted).count();
    assert_eq!((count("proposal.in_staging"), count("proposal.tested")), (1, 1), "{actions:?}");
    assert_eq!(report(&proposal).stage_version, Some(2));
}

#[tokio::test]
async fn a_trial_withdrawn_meanwhile_stays_withdrawn() {
    let staged = staged().await;
    let world = &staged.world;
    staged.stage.behave(Behaviour::Hang);
    world.run_trials();
    let proposal = world.proposed(0.7).await;
    world.console.try_in_staging(&editor(), proposal.id, proposal.revision).await.unwrap();
    staged.stage.asked(1).await;
    let now = world.console.proposal(proposal.id).await.unwrap();
    let withdrawn = world.console.withdraw(&editor(), now.id, now.revision).await.unwrap();
    until("the trial has ended", PATIENCE, async || world.console.trial_progress(proposal.id).is_none())
        .await;
    // A later trial is carried on, so the runner is past what it could have written.
    staged.stage.behave(Behaviour::Well);
    world.passed(0.71).await;
    assert_eq!(world.console.proposal(proposal.id).await.unwrap(), withdrawn);
}

#[tokio::test]
async fn a_withdrawn_trial_is_stopped_and_keeps_staging_from_nobody() {
    // Whatever waits for an answer would wait for longer than the test does.
    let staged = staged_with(|settings| settings.call_timeout_seconds = 600).await;
    let world = &staged.world;
    staged.stage.behave(Behaviour::Hang);
    world.run_trials();
    let proposal = world.proposed(0.7).await;
    world.console.try_in_staging(&editor(), proposal.id, proposal.revision).await.unwrap();
    staged.stage.asked(1).await;
    let now = world.console.proposal(proposal.id).await.unwrap();
    let withdrawn = world.console.withdraw(&editor(), now.id, now.revision).await.unwrap();
    until("the trial is stopped", Duration::from_secs(20), async || {
        world.console.trial_progress(proposal.id).is_none()
    })
    .await;
    staged.stage.behave(Behaviour::Well);
    world.passed(0.71).await;
    assert_eq!(world.console.proposal(proposal.id).await.unwrap(), withdrawn);
    let told = world.actions().await;
    assert_eq!(told.iter().filter(|action| *action == "proposal.tested").count(), 1, "{told:?}");
}

#[tokio::test]
async fn a_trial_without_end_ends_at_its_bound() {
    let staged = staged_with(|settings| settings.acknowledge_seconds = 600).await;
    let world = &staged.world;
    staged.stage.replicas(|replicas| replicas[0].follows = false).await;
    let runner = bellwether_config_admin::trial::Runner::new(world.console.clone());
    tokio::spawn(runner.bounded(Duration::from_secs(2)).run(tokio_util::sync::CancellationToken::new()));
    let proposal = world.tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Failed);
    assert!(found(&proposal, CheckName::Replicas).contains("did not end within 2 s"));
}

#[tokio::test]
async fn a_report_that_the_database_does_not_take_is_no_pass_and_no_trial_without_end() {
    let staged = staged().await;
    let world = &staged.world;
    world
        .shell(
            "CREATE TRIGGER picky BEFORE UPDATE ON proposals WHEN NEW.state = 'passed'
             BEGIN SELECT RAISE(ABORT, 'not this one'); END",
        )
        .await;
    world.run();
    let proposal = world.tried(0.7).await;
    assert_eq!(proposal.state, ProposalState::Failed);
    assert!(found(&proposal, CheckName::Replicas).contains("the report could not be written down"));
    let trials = world.actions().await.into_iter().filter(|action| action == "proposal.in_staging").count();
    assert_eq!(trials, 1, "it is not tried anew");
}
