//! What may be proposed, by whom, and what an edit voids.

use bellwether_config_admin::ConsoleError;
use bellwether_config_admin::console::{Actor, Draft};
use bellwether_core::change::ProposalState;
use bellwether_core::config::{Arm, ConfigDocument, Percentage};

use crate::apis::{FakeApi, LOADED, MODEL, OTHER_MODEL};
use crate::world::{Plan, World, admin, approver, editor, other_approver, unwatched, version, viewer};

/// A world whose staging has a replica, so that models are there to choose from.
async fn world() -> (World, FakeApi) {
    let stage = FakeApi::start("stage");
    let world = World::new(Plan { stage_api: stage.url.clone(), ..Plan::default() }).await;
    stage.over(&world.stage).await;
    (world, stage)
}

fn fields(error: &ConsoleError) -> Vec<&str> {
    match error {
        ConsoleError::Faults(faults) => faults.iter().map(|fault| fault.field.as_str()).collect(),
        other => panic!("expected faults, not {other:?}"),
    }
}

#[tokio::test]
async fn every_field_that_cannot_be_taken_is_named_at_once() {
    let (world, _stage) = world().await;
    let mut draft = world.draft(7.0).await;
    draft.reason = "x\u{7}".to_owned();
    draft.document.arms = vec![
        Arm { model: MODEL.to_owned(), percentage: Percentage::ALL },
        Arm { model: "broken_20260101t000000z".to_owned(), percentage: Percentage::NONE },
    ];
    draft.document.shadow = vec!["nowhere".to_owned()];
    let error = world.console.propose(&editor(), draft).await.unwrap_err();
    assert_eq!(fields(&error), ["proba_cutoff", "reason", "arms[1].model", "shadow[0]"]);
    let words = error.to_string();
    assert!(words.contains("manifest.json: expected JSON"), "{words}");
    assert!(words.contains("no such bundle"), "{words}");
    assert!(world.console.proposals(None, 10).await.unwrap().is_empty());
    assert!(world.lines().await.is_empty(), "what is refused leaves no line");
}

#[tokio::test]
async fn a_bundle_that_one_replica_of_staging_has_not_cannot_be_proposed() {
    let (world, stage) = world().await;
    stage
        .replicas(|replicas| {
            let mut other = crate::apis::says("stage-1");
            other.bundles.remove(OTHER_MODEL);
            replicas.push(other);
        })
        .await;
    let mut draft = world.draft(0.7).await;
    draft.document.shadow = vec![OTHER_MODEL.to_owned()];
    let error = world.console.propose(&editor(), draft).await.unwrap_err();
    assert_eq!(fields(&error), ["shadow[0]"]);
    assert!(error.to_string().contains("not loaded on stage-1"), "{error}");
    let models = world.console.models().await;
    let choice = models.iter().find(|choice| choice.uid == MODEL).unwrap();
    assert!(choice.loadable && choice.sha256.as_deref() == Some(LOADED) && !choice.in_prod, "{choice:?}");
}

#[tokio::test]
async fn an_outage_of_staging_does_not_close_the_way_past_it() {
    let (stage, prod) = (FakeApi::start("stage"), FakeApi::start("prod"));
    let world = World::new(Plan::default()).await;
    prod.over(&world.prod).await;
    prod.replicas(|replicas| {
        let mut other = crate::apis::says("prod-1");
        other.bundles.remove(OTHER_MODEL);
        replicas.push(other);
    })
    .await;
    // No replica of staging was ever heard of.
    let mut draft = world.draft(0.7).await;
    draft.document.shadow = vec![OTHER_MODEL.to_owned()];
    let error = world.console.propose(&editor(), draft).await.unwrap_err();
    assert_eq!(fields(&error), ["shadow[0]"], "one replica of production lacks it");
    assert!(error.to_string().contains("no replica of staging has been heard of lately"), "{error}");
    let proposal = world.proposed(0.7).await;
    let (id, revision, why) = (proposal.id, proposal.revision, "staging is away".to_owned());
    let past = world.console.promote_past_staging(&admin(), id, revision, why, unwatched()).await.unwrap();
    assert_eq!((past.state, world.live("prod").await.version), (ProposalState::RollingOut, 2));

    // As soon as one is, staging has the say.
    stage.over(&world.stage).await;
    stage.replicas(|replicas| drop(replicas[0].bundles.remove(MODEL))).await;
    let error = world.console.propose(&editor(), world.draft(0.71).await).await.unwrap_err();
    assert_eq!(fields(&error), ["arms[0].model"]);
    // Its database is away altogether.
    world.stage.close().await;
    let proposal = world.proposed(0.71).await;
    assert!(world.console.edit(&editor(), proposal.id, 1, world.draft(0.72).await).await.is_ok());
    let models = world.console.models().await;
    let choice = models.iter().find(|choice| choice.uid == MODEL).unwrap();
    assert!(choice.loadable && choice.in_prod && choice.sha256.is_none(), "{choice:?}");
}

#[tokio::test]
async fn only_editors_and_those_above_propose() {
    let (world, _stage) = world().await;
    let draft = world.draft(0.7).await;
    let refused = world.console.propose(&viewer(), draft.clone()).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    assert!(world.console.propose(&approver(), draft).await.is_ok());
}

#[tokio::test]
async fn who_may_only_look_changes_nothing() {
    let (world, _stage) = world().await;
    let proposal = world.proposed(0.7).await;
    let (id, revision, why) = (proposal.id, proposal.revision, "to see".to_owned());
    let vera = viewer();
    let tries = [
        world.console.propose(&vera, world.draft(0.71).await).await,
        world.console.edit(&vera, id, revision, world.draft(0.71).await).await,
        world.console.try_in_staging(&vera, id, revision).await,
        world.console.approve(&vera, id, revision).await,
        world.console.promote(&vera, id, revision, unwatched()).await,
        world.console.promote_past_staging(&vera, id, revision, why.clone(), unwatched()).await,
        world.console.withdraw(&vera, id, revision).await,
        world.console.revert(&vera, 1, why, true).await,
    ];
    for tried in tries {
        let Err(ConsoleError::Forbidden(words)) = tried else { panic!("{tried:?}") };
        assert!(words.ends_with("you have the role viewer"), "{words}");
    }
    assert!(world.console.delete_payload(&vera, "any").await.is_err());
    assert_eq!(world.console.proposal(id).await.unwrap(), proposal);
    assert_eq!(world.actions().await, ["proposal.proposed"]);
}

#[tokio::test]
async fn a_token_acts_as_its_owner_and_is_named_in_the_audit_log() {
    let (world, _stage) = world().await;
    let pipeline = Actor { token: Some("pipeline".to_owned()), ..editor() };
    let proposal = world.console.propose(&pipeline, world.draft(0.7).await).await.unwrap();
    assert_eq!(proposal.author, "edith");
    assert_eq!(world.lines().await[0].actor, "token pipeline of edith");
}

#[tokio::test]
async fn what_production_has_already_is_no_change() {
    let (world, _stage) = world().await;
    let live = world.live("prod").await.document.unwrap();
    let error = world.console.propose(&editor(), world.draft(live.proba_cutoff).await).await.unwrap_err();
    assert_eq!(fields(&error), ["document"]);
}

#[tokio::test]
async fn drawing_clients_of_a_running_experiment_anew_has_to_be_confirmed() {
    let (world, _stage) = world().await;
    let mut draft = world.draft(0.7).await;
    draft.document.experiment_salt = "another".to_owned();
    draft.document.holdout_percentage = Percentage::try_from(10.0).unwrap();
    let error = world.console.propose(&editor(), draft.clone()).await.unwrap_err();
    match &error {
        ConsoleError::Reassigns(reassigns) => assert!(reassigns.salt_changed && reassigns.moved > 0.09),
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("percent of clients"), "{error}");
    assert!(world.console.proposals(None, 10).await.unwrap().is_empty(), "it asked, and wrote nothing");
    draft.confirmed = true;
    assert!(world.console.propose(&editor(), draft).await.is_ok());
}

#[tokio::test]
async fn a_draft_of_what_is_no_longer_live_is_told_field_by_field() {
    let (world, _stage) = world().await;
    let draft = world.draft(0.7).await;
    let mut meanwhile = world.live("prod").await.document.unwrap();
    meanwhile.proba_cutoff = 0.5;
    meanwhile.recent_window_seconds = 60;
    world.prod.append(version("prod", Some(1), meanwhile)).await.unwrap();
    let error = world.console.propose(&editor(), draft).await.unwrap_err();
    let ConsoleError::Stale { base: 1, live: 2, fields } = error else { panic!("{error:?}") };
    let told: Vec<_> = fields.iter().map(|field| (field.field.as_str(), field.clash)).collect();
    assert_eq!(told, [("proba_cutoff", true), ("recent_window_seconds", false)]);
    assert_eq!(fields[0].base, Some(0.65.into()));
    assert_eq!(fields[0].live, Some(0.5.into()));
    assert_eq!(fields[0].proposed, Some(0.7.into()));
}

#[tokio::test]
async fn an_edit_voids_approval_and_nobody_who_ever_edited_it_can_approve_it() {
    let (world, _stage) = world().await;
    let proposal = world.proposed(0.7).await;
    let own = world.console.propose(&approver(), world.draft(0.71).await).await.unwrap();
    let refused = world.console.approve(&approver(), own.id, own.revision).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    let refused = world.console.approve(&editor(), proposal.id, proposal.revision).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");

    let approved = world.console.approve(&approver(), proposal.id, proposal.revision).await.unwrap();
    assert_eq!(approved.approval.as_ref().unwrap().by, "anna");
    let draft = world.draft(0.72).await;
    let edited =
        world.console.edit(&other_approver(), proposal.id, approved.revision, draft.clone()).await.unwrap();
    assert_eq!(edited.approval, None);
    assert_eq!(edited.state, ProposalState::Proposed);
    assert_eq!((edited.author.as_str(), edited.edited_by.as_deref()), ("edith", Some("bert")));
    let refused = world.console.approve(&other_approver(), proposal.id, edited.revision).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");

    // What Bert put in may still be in it after somebody else edited it.
    let draft = world.draft(0.73).await;
    let again = world.console.edit(&editor(), proposal.id, edited.revision, draft.clone()).await.unwrap();
    assert_eq!(again.edited_by.as_deref(), Some("edith"));
    assert_eq!(again.editors.iter().collect::<Vec<_>>(), ["bert", "edith"]);
    let refused = world.console.approve(&other_approver(), proposal.id, again.revision).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "{refused:?}");
    assert!(world.console.approve(&approver(), proposal.id, again.revision).await.is_ok());

    let late = world.console.edit(&editor(), proposal.id, approved.revision, draft).await;
    let Err(ConsoleError::Overtaken(words)) = late else { panic!("{late:?}") };
    assert!(words.contains("something has happened"), "{words}");
}

#[tokio::test]
async fn a_withdrawn_proposal_stays_withdrawn() {
    let (world, _stage) = world().await;
    let proposal = world.proposed(0.7).await;
    let other = world.console.propose(&approver(), world.draft(0.71).await).await.unwrap();
    let refused = world.console.withdraw(&editor(), other.id, other.revision).await;
    assert!(matches!(refused, Err(ConsoleError::Forbidden(_))), "another's: {refused:?}");
    let withdrawn = world.console.withdraw(&editor(), proposal.id, proposal.revision).await.unwrap();
    assert_eq!(withdrawn.state, ProposalState::Withdrawn);
    let (id, revision) = (withdrawn.id, withdrawn.revision);
    let tries = [
        world.console.try_in_staging(&editor(), id, revision).await,
        world.console.edit(&editor(), id, revision, world.draft(0.8).await).await,
        world.console.approve(&approver(), id, revision).await,
        world.console.promote(&approver(), id, revision, unwatched()).await,
        world.console.withdraw(&editor(), id, revision).await,
    ];
    for tried in tries {
        let Err(ConsoleError::State(words)) = tried else { panic!("{tried:?}") };
        assert!(words.contains("withdrawn"), "{words}");
    }
}

#[tokio::test]
async fn a_poisoned_production_can_be_repaired_by_a_proposal() {
    let (world, _stage) = world().await;
    world.poison("prod", r#"{"proba_cutoff": 7, "unknown": true}"#).await;
    let overview = world.console.overview().await;
    assert!(overview.prod.live.as_ref().unwrap().document.is_err());
    assert!(overview.differences.is_empty());
    let draft = Draft {
        document: ConfigDocument::initial(MODEL),
        base: 2,
        reason: "to repair it".to_owned(),
        confirmed: false,
    };
    assert_eq!(world.console.propose(&editor(), draft.clone()).await.unwrap().base, 2);

    // What replicas serve meanwhile is the version before: whom a draft moves is said against that.
    let mut moving = draft.clone();
    moving.document.holdout_percentage = Percentage::try_from(10.0).unwrap();
    let moves = world.console.reassignment(&moving.document, 2).await.unwrap();
    assert!((moves.moved - 0.1).abs() < 1e-9, "{moves:?}");
    let asked = world.console.propose(&editor(), moving).await;
    assert!(matches!(&asked, Err(ConsoleError::Reassigns(whom)) if *whom == moves), "{asked:?}");
}
