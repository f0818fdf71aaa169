//! What every store of proposals does.

use bellwether_core::change::{Proposal, ProposalState, Trial};
use bellwether_store::StoreError;
use bellwether_store::console::{AuditLog, Ledger, Proposals, Step};
use futures_util::future::join_all;

use crate::builders::{eventful, line, morning, proposal, report};

async fn add(store: &impl Ledger, proposal: Proposal) -> Proposal {
    let added = store.commit(line(), vec![Step::AddProposal(proposal)]).await;
    added.unwrap().proposal.unwrap()
}

async fn update(store: &impl Ledger, proposal: Proposal) -> Proposal {
    let updated = store.commit(line(), vec![Step::UpdateProposal(proposal)]).await;
    updated.unwrap().proposal.unwrap()
}

/// As it is once its trial is over.
fn tried(proposal: Proposal, passed: bool) -> Proposal {
    let report = Some(report(&proposal.sha256, passed));
    let trial = Trial { by: "bob".to_owned(), begun_at: morning(), stage_version: Some(4), report };
    let state = if passed { ProposalState::Passed } else { ProposalState::Failed };
    Proposal { state, trial: Some(trial), ..proposal }
}

pub(crate) async fn a_proposal_is_numbered_and_read_back(store: &(impl Ledger + Proposals)) {
    assert_eq!(store.proposal(1).await.unwrap(), None);
    let first = add(store, Proposal { id: 77, revision: 9, ..eventful() }).await;
    assert_eq!(first, Proposal { id: 1, revision: 1, ..eventful() });
    let second = add(store, proposal(0.7)).await;
    assert_eq!((second.id, second.revision), (2, 1));
    assert_eq!(store.proposal(1).await.unwrap(), Some(first));
    assert_eq!(store.proposal(2).await.unwrap(), Some(second));
    for none in [0, 3, u64::MAX] {
        assert_eq!(store.proposal(none).await.unwrap(), None);
    }
}

pub(crate) async fn an_update_counts_its_revision_up(store: &(impl Ledger + Proposals)) {
    let first = add(store, proposal(0.6)).await;
    let second = update(store, Proposal { reason: "more emails".to_owned(), ..first.clone() }).await;
    assert_eq!((second.id, second.revision, &*second.reason), (1, 2, "more emails"));
    assert_eq!(store.proposal(1).await.unwrap(), Some(second));
    for (stale, told) in [
        (first.clone(), "something happened to proposal 1 meanwhile: it is at revision 2, not 1 any more"),
        (Proposal { revision: 3, ..first.clone() }, "it is at revision 2, not 3 any more"),
        (Proposal { id: 12, ..first }, "there is no proposal 12"),
    ] {
        match store.commit(line(), vec![Step::UpdateProposal(stale)]).await.unwrap_err() {
            StoreError::Conflict { what } => assert!(what.contains(told), "{what}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(store.proposal(1).await.unwrap().unwrap().revision, 2);
}

pub(crate) async fn of_many_who_act_on_one_revision_one_wins(store: &(impl Ledger + Proposals + AuditLog)) {
    let first = add(store, proposal(0.6)).await;
    let all = (0..20).map(|n| {
        let new = Proposal { reason: format!("reason {n}"), ..first.clone() };
        store.commit(line(), vec![Step::UpdateProposal(new)])
    });
    let outcomes = join_all(all).await;
    let won: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(won.len(), 1);
    assert_eq!(store.proposal(1).await.unwrap(), won[0].proposal);
    let mut lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(lost.all(|error| matches!(error, StoreError::Conflict { .. })));
    assert_eq!(store.audit_head().await.unwrap().unwrap().seq, 2, "losers leave no line");
}

pub(crate) async fn the_newest_come_first_and_in_pages(store: &(impl Ledger + Proposals)) {
    for n in 0..5 {
        add(store, proposal(0.5 + f64::from(n) / 100.0)).await;
    }
    let ids = async |before, limit| {
        let page = store.proposals(before, limit).await.unwrap();
        page.into_iter().map(|proposal| proposal.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 3).await, [5, 4, 3]);
    assert_eq!(ids(Some(3), 3).await, [2, 1]);
    assert_eq!(ids(Some(u64::MAX), 1).await, [5]);
    assert_eq!(ids(Some(1), 3).await, [0; 0]);
}

pub(crate) async fn those_under_way_are_listed_oldest_first(store: &(impl Ledger + Proposals)) {
    let states = [
        ProposalState::RollingOut,
        ProposalState::Proposed,
        ProposalState::Trying,
        ProposalState::Done,
        ProposalState::RollingOut,
    ];
    for state in states {
        add(store, Proposal { state, ..proposal(0.6) }).await;
    }
    let ids = async || {
        let all = store.under_way().await.unwrap();
        all.into_iter().map(|proposal| proposal.id).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [1, 3, 5]);
    let first = store.proposal(1).await.unwrap().unwrap();
    update(store, Proposal { state: ProposalState::Done, ..first }).await;
    assert_eq!(ids().await, [3, 5]);
}

pub(crate) async fn what_passed_is_found_by_its_document(store: &(impl Ledger + Proposals)) {
    let sha256 = proposal(0.6).sha256;
    add(store, proposal(0.6)).await;
    add(store, tried(proposal(0.6), false)).await;
    add(store, tried(proposal(0.7), true)).await;
    assert_eq!(store.passed(&sha256).await.unwrap(), None);
    let older = add(store, tried(proposal(0.6), true)).await;
    assert_eq!(store.passed(&sha256).await.unwrap().as_ref(), Some(&older));
    let newer = add(store, tried(proposal(0.6), true)).await;
    assert_eq!(store.passed(&sha256).await.unwrap().as_ref(), Some(&newer));
    // Edited since: its report is another document's.
    let edited = Proposal { trial: newer.trial.clone(), ..proposal(0.8) };
    let edited = update(store, Proposal { id: newer.id, revision: newer.revision, ..edited }).await;
    assert_eq!(store.passed(&edited.sha256).await.unwrap(), None);
    assert_eq!(store.passed(&sha256).await.unwrap(), Some(older));
}
