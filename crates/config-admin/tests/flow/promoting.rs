//! Promotion: only what passed, only while production is what the proposer saw, only by those who may, and once.

use bellwether_config_admin::ConsoleError;
use bellwether_config_admin::console::Bake;
use bellwether_core::change::{Limits, Proposal, ProposalKind, ProposalState};
use bellwether_core::config::{Origin, Percentage};
use bellwether_settings::{Approval, Console as ConsoleSettings, Environment};
use bellwether_store::Role;
use bellwether_store::console::{Step, verify_audit};
use chrono::TimeDelta;

use crate::apis::{FakeApi, MODEL, says};
use crate::world::{Plan, World, admin, approver, editor, other_approver, unwatched, version};

struct Staged {
    world: World,
    _stage: FakeApi,
    prod: FakeApi,
}

async fn staged(settings: impl FnOnce(&mut ConsoleSettings) + 'static) -> Staged {
    let (stage, prod) = (FakeApi::start("stage"), FakeApi::start("prod"));
    let plan = Plan {
        stage_api: stage.url.clone(),
        prod_api: prod.url.clone(),
        settings: Box::new(settings),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    stage.over(&world.stage).await;
    prod.over(&world.prod).await;
    world.run();
    Staged { world, _stage: stage, prod }
}

fn state(outcome: Result<Proposal, ConsoleError>) -> String {
    match outcome {
        Err(ConsoleError::State(words)) => words,
        other => panic!("expected a refusal by state, not {other:?}"),
    }
}

#[tokio::test]
async fn what_passed_goes_to_production_with_its_report_and_is_done_once_every_replica_has_it() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let proposal = world.passed(0.7).await;
    let refused = world.console.promote(&editor(), proposal.id, proposal.revision, unwatched()).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    let promoted =
        world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await.unwrap();
    assert_eq!(promoted.state, ProposalState::RollingOut);
    let done = world.ends(proposal.id, |state| state == ProposalState::Done).await;
    let rollout = done.rollout.as_ref().unwrap();
    assert_eq!((rollout.version, rollout.previous, rollout.by.as_str()), (2, 1, "anna"));
    assert!(rollout.synced_at.is_some());
    let (live, report) = world.console.version(Environment::Prod, 2).await.unwrap();
    assert_eq!(live.sha256, proposal.sha256);
    assert_eq!(report.as_ref(), proposal.trial.as_ref().unwrap().report.as_ref());
    let provenance = live.provenance.unwrap();
    assert_eq!((provenance.origin, provenance.proposal), (Origin::Promotion, Some(proposal.id)));
    let history = world.console.history(Environment::Prod, None, 10).await.unwrap();
    assert_eq!(history.iter().map(|version| version.version).collect::<Vec<_>>(), [2, 1]);
    let older = world.console.history(Environment::Prod, Some(2), 10).await.unwrap();
    assert_eq!(older.iter().map(|version| version.version).collect::<Vec<_>>(), [1]);
    let actions = world.actions().await;
    assert_eq!(actions[actions.len() - 2..], ["proposal.promoted", "proposal.done"]);
    let line = world.lines().await.into_iter().find(|line| line.action == "proposal.promoted").unwrap();
    let detail: serde_json::Value = serde_json::from_str(&line.detail).unwrap();
    assert_eq!(
        detail["document"],
        serde_json::to_value(&proposal.document).unwrap(),
        "the change is all there"
    );
    assert!(verify_audit(&*world.prod).await.is_ok());
}

#[tokio::test]
async fn only_the_very_document_that_passed_is_promoted() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let proposal = world.proposed(0.7).await;
    let words = state(world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await);
    assert!(words.contains("has not been tried since"), "{words}");
    let passed = world.try_out(&proposal).await;
    let draft = world.draft(0.71).await;
    let edited = world.console.edit(&editor(), passed.id, passed.revision, draft).await.unwrap();
    let words = state(world.console.promote(&approver(), edited.id, edited.revision, unwatched()).await);
    assert!(words.contains("has not been tried since"), "{words}");
    assert_eq!(world.live("prod").await.version, 1);
}

#[tokio::test]
async fn a_production_that_moved_on_is_told_field_by_field_and_stays() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let proposal = world.passed(0.7).await;
    let mut meanwhile = world.live("prod").await.document.unwrap();
    meanwhile.recent_window_seconds = 60;
    world.prod.append(version("prod", Some(1), meanwhile)).await.unwrap();
    let error = world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await;
    let Err(ConsoleError::Stale { base: 1, live: 2, fields }) = error else { panic!("{error:?}") };
    let told: Vec<_> = fields.iter().map(|field| (field.field.as_str(), field.clash)).collect();
    assert_eq!(told, [("proba_cutoff", false), ("recent_window_seconds", false)]);
    assert_eq!(world.live("prod").await.version, 2);
    assert_eq!(world.console.proposal(proposal.id).await.unwrap().state, ProposalState::Passed);
}

#[tokio::test]
async fn of_two_who_promote_at_once_one_wins() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    // Watched for long, so that the first is not done when the second is written.
    let bake = Bake { seconds: Some(600), limits: Limits::default() };
    let (first, second) = (world.passed(0.7).await, world.passed(0.71).await);
    let (anna, bert) = (approver(), other_approver());
    let (a, b) = tokio::join!(
        world.console.promote(&anna, first.id, first.revision, bake),
        world.console.promote(&bert, first.id, first.revision, bake),
    );
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
    let lost = a.err().or(b.err()).unwrap();
    assert!(matches!(lost, ConsoleError::Overtaken(_)), "{lost:?}");
    assert_eq!(world.live("prod").await.version, 2);
    let other = world.console.promote(&anna, second.id, second.revision, bake).await;
    assert!(matches!(other, Err(ConsoleError::Stale { .. })), "{other:?}");
    let promoted = world.actions().await.into_iter().filter(|action| action == "proposal.promoted").count();
    assert_eq!(promoted, 1);
}

#[tokio::test]
async fn of_two_proposals_promoted_at_once_one_wins() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let (first, second) = (world.passed(0.7).await, world.passed(0.71).await);
    let anna = approver();
    let (a, b) = tokio::join!(
        world.console.promote(&anna, first.id, first.revision, unwatched()),
        world.console.promote(&anna, second.id, second.revision, unwatched()),
    );
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
    let lost = a.err().or(b.err()).unwrap();
    assert!(matches!(lost, ConsoleError::Stale { .. }), "{lost:?}");
    assert_eq!(world.live("prod").await.version, 2);
}

#[tokio::test]
async fn two_persons_are_demanded_where_settings_say_so() {
    let staged = staged(|settings| settings.approval = Approval::TwoPerson).await;
    let world = &staged.world;
    // Proposed and tried by somebody who could promote it, too.
    let own = world.console.propose(&approver(), world.draft(0.7).await).await.unwrap();
    let own = world.try_out(&own).await;
    let words = state(world.console.promote(&approver(), own.id, own.revision, unwatched()).await);
    assert!(words.contains("somebody who neither proposed nor edited it"), "{words}");
    let past = world
        .console
        .promote_past_staging(&admin(), own.id, own.revision, "it burns".to_owned(), unwatched())
        .await;
    assert!(
        state(past).contains("has to approve it first"),
        "the way past staging does not lead past people"
    );
    let own = world.console.approve(&other_approver(), own.id, own.revision).await.unwrap();
    let promoted = world.console.promote(&approver(), own.id, own.revision, unwatched()).await.unwrap();
    assert_eq!(promoted.state, ProposalState::RollingOut);
    let live = world.live("prod").await;
    assert_eq!(live.provenance.unwrap().approved_by.as_deref(), Some("bert"));
}

#[tokio::test]
async fn an_approval_counts_only_while_whoever_gave_it_may_still_give_it() {
    let staged = staged(|settings| settings.approval = Approval::TwoPerson).await;
    let world = &staged.world;
    let proposal = world.passed(0.7).await;
    let (id, bert) = (proposal.id, other_approver());
    let draft = world.draft(0.71).await;
    let edited = world.console.edit(&admin(), id, proposal.revision, draft).await.unwrap();
    let tried = world.try_out(&edited).await;
    let approved = world.console.approve(&bert, id, tried.revision).await.unwrap();
    let promote = async || world.console.promote(&approver(), id, approved.revision, unwatched()).await;
    let name = || bert.name.clone();
    for (step, back) in [
        (
            Step::SetRole { name: name(), role: Role::Editor },
            Step::SetRole { name: name(), role: Role::Approver },
        ),
        (
            Step::SetDisabled { name: name(), disabled: true },
            Step::SetDisabled { name: name(), disabled: false },
        ),
    ] {
        world.commit(step).await;
        let words = state(promote().await);
        assert!(words.contains("bert approved it, and may not approve any more"), "{words}");
        assert_eq!(world.live("prod").await.version, 1);
        world.commit(back).await;
    }
    promote().await.unwrap();
    let provenance = world.live("prod").await.provenance.unwrap();
    assert_eq!((provenance.edited_by, provenance.approved_by), (vec!["ada".to_owned()], Some(name())));
}

#[tokio::test]
async fn production_with_another_bundle_than_was_tried_takes_nothing() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let proposal = world.passed(0.7).await;
    let other = "b".repeat(64);
    staged
        .prod
        .replicas(|replicas| {
            let mut second = says("prod-1");
            second.bundles.insert(MODEL.to_owned(), other);
            replicas.push(second);
            let mut third = says("prod-2");
            third.bundles.clear();
            replicas.push(third);
        })
        .await;
    let words = state(world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await);
    assert!(words.contains(&format!("replica prod-1 has loaded another bundle as {MODEL}")), "{words}");
    assert!(words.contains(&format!("replica prod-2 has not loaded model {MODEL}")), "{words}");
    assert!(!words.contains("prod-0"), "{words}");
    assert_eq!(world.live("prod").await.version, 1);
}

#[tokio::test]
async fn a_silent_production_takes_nothing_and_neither_does_one_without_replicas() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let proposal = world.passed(0.7).await;
    let mut report = world.prod.replicas("prod").await.unwrap().remove(0);
    report.replica = "prod-9".to_owned();
    report.at -= TimeDelta::minutes(5);
    world.prod.report(&report).await.unwrap();
    let anna = approver();
    let words = state(world.console.promote(&anna, proposal.id, proposal.revision, unwatched()).await);
    assert!(words.contains("replica prod-9 has not been heard of lately"), "{words}");
    staged.prod.replicas(Vec::clear).await;
    for replica in ["prod-0", "prod-9"] {
        world.prod.forget("prod", replica).await.unwrap();
    }
    let words = state(world.console.promote(&anna, proposal.id, proposal.revision, unwatched()).await);
    assert!(words.contains("no replica of production has been heard of lately"), "{words}");
    assert_eq!(world.live("prod").await.version, 1);
}

#[tokio::test]
async fn an_admin_may_go_past_staging_with_a_reason_that_stays_for_ever() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let proposal = world.proposed(0.7).await;
    let (id, revision) = (proposal.id, proposal.revision);
    let why = "the model is on fire".to_owned();
    let refused =
        world.console.promote_past_staging(&approver(), id, revision, why.clone(), unwatched()).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    let refused =
        world.console.promote_past_staging(&admin(), id, revision, " ".to_owned(), unwatched()).await;
    assert!(matches!(refused, Err(ConsoleError::Faults(_))), "{refused:?}");
    world.console.promote_past_staging(&admin(), id, revision, why.clone(), unwatched()).await.unwrap();
    let done = world.ends(id, |state| state == ProposalState::Done).await;
    assert_eq!(done.emergency.unwrap().reason, why);
    let (live, report) = world.console.version(Environment::Prod, 2).await.unwrap();
    assert_eq!(live.provenance.unwrap().emergency, Some(why));
    assert_eq!(report, None, "it was not tried");
    assert!(world.actions().await.contains(&"proposal.promoted_past_staging".to_owned()));
}

#[tokio::test]
async fn a_revert_that_draws_clients_anew_has_to_be_confirmed() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    let mut document = world.live("prod").await.document.unwrap();
    document.holdout_percentage = Percentage::try_from(10.0).unwrap();
    world.prod.append(version("prod", Some(1), document)).await.unwrap();
    let revert = async |confirmed| {
        world.console.revert(&approver(), 1, "back to the first".to_owned(), confirmed).await
    };
    let asked = revert(false).await;
    let Err(ConsoleError::Reassigns(whom)) = &asked else { panic!("{asked:?}") };
    assert!((whom.moved - 0.1).abs() < 1e-9, "{whom:?}");
    assert!(world.console.proposals(None, 10).await.unwrap().is_empty(), "it asked, and wrote nothing");
    let reverted = revert(true).await.unwrap();
    assert_eq!(reverted.kind, ProposalKind::Revert { version: 1 });
    let line = world.lines().await.pop().unwrap();
    let detail: serde_json::Value = serde_json::from_str(&line.detail).unwrap();
    assert_eq!(detail["moves"], serde_json::to_value(whom).unwrap(), "{detail}");

    // What is live now is no document: it is held against what replicas still serve.
    world.poison("prod", r#"{"proba_cutoff": 7, "unknown": true}"#).await;
    let asked = revert(false).await;
    assert!(matches!(&asked, Err(ConsoleError::Reassigns(again)) if again == whom), "{asked:?}");
    assert!(revert(true).await.is_ok());
}

#[tokio::test]
async fn limits_that_make_no_sense_are_refused_by_field() {
    let staged = staged(|_| {}).await;
    let proposal = staged.world.passed(0.7).await;
    let limits = Limits { max_failed_percent: 101.0, min_high_risk_percent: f64::NAN, ..Limits::default() };
    let bake = Bake { seconds: Some(0), limits };
    let refused =
        staged.world.console.promote(&approver(), proposal.id, proposal.revision, bake).await.unwrap_err();
    let ConsoleError::Faults(faults) = &refused else { panic!("{refused:?}") };
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields[..2], ["bake.seconds", "bake.limits.max_failed_percent"]);
    assert!(fields.contains(&"bake.limits.min_high_risk_percent"));
}

#[tokio::test]
async fn what_passed_before_is_reverted_to_without_another_trial_and_anything_else_with_one() {
    let staged = staged(|_| {}).await;
    let world = &staged.world;
    for cutoff in [0.7, 0.71] {
        let proposal = world.passed(cutoff).await;
        world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await.unwrap();
        world.ends(proposal.id, |state| state == ProposalState::Done).await;
    }
    let refused = world.console.revert(&editor(), 2, "back".to_owned(), false).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    let refused = world.console.revert(&approver(), 3, "back to itself".to_owned(), false).await;
    assert!(state(refused).contains("has the document of version 3 now"));
    let refused = world.console.revert(&approver(), 9, "back to nothing".to_owned(), false).await;
    assert!(matches!(refused, Err(ConsoleError::NotFound(_))), "{refused:?}");

    let untried = world.console.revert(&approver(), 1, "back to the first".to_owned(), false).await.unwrap();
    assert_eq!((untried.state, untried.kind), (ProposalState::Proposed, ProposalKind::Revert { version: 1 }));

    // With another bundle in production the pass of then says nothing of now.
    let other = "b".repeat(64);
    staged.prod.replicas(|all| drop(all[0].bundles.insert(MODEL.to_owned(), other))).await;
    let to_be_tried = world.console.revert(&approver(), 2, "back to 0.7".to_owned(), false).await.unwrap();
    assert_eq!(to_be_tried.state, ProposalState::Proposed);
    let loaded = crate::apis::LOADED.to_owned();
    staged.prod.replicas(|all| drop(all[0].bundles.insert(MODEL.to_owned(), loaded))).await;

    let back = world.console.revert(&approver(), 2, "back to 0.7".to_owned(), false).await.unwrap();
    assert_eq!((back.state, back.base), (ProposalState::Passed, 3));
    world.console.promote(&approver(), back.id, back.revision, unwatched()).await.unwrap();
    world.ends(back.id, |state| state == ProposalState::Done).await;
    let live = world.live("prod").await;
    let provenance = live.provenance.unwrap();
    assert_eq!((live.version, provenance.origin, provenance.restores), (4, Origin::Revert, Some(2)));
    assert_eq!(live.sha256, back.sha256);
}
