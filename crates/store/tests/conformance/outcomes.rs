//! What every store of outcomes does.

use bellwether_store::{Outcome, OutcomeEffect, Outcomes, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use crate::builders::{HOSTILE, morning};

use OutcomeEffect::{Corrected, Recorded, Superseded, Unchanged};

fn minute(n: i64) -> DateTime<Utc> {
    morning() + TimeDelta::minutes(n)
}

/// A statement of the client `c1` by the name `s1`.
fn said(churned: Option<bool>, corrected_at: DateTime<Utc>) -> Outcome {
    let (client_id, id) = ("c1".to_owned(), "s1".to_owned());
    Outcome { client_id, id, churned, occurred_at: morning(), corrected_at }
}

fn of(client_id: &str, id: &str) -> Outcome {
    Outcome { client_id: client_id.to_owned(), id: id.to_owned(), ..said(Some(true), morning()) }
}

async fn record(store: &impl Outcomes, outcome: Outcome) -> OutcomeEffect {
    store.record_outcomes(&[outcome]).await.unwrap()[0]
}

pub(crate) async fn a_statement_is_read_back(store: &impl Outcomes) {
    assert_eq!(store.record_outcomes(&[]).await.unwrap(), []);
    assert_eq!(store.outcomes_of("c1").await.unwrap(), []);
    let hostile = Outcome { churned: None, ..of("ann\u{1}'", HOSTILE) };
    let all = [said(Some(true), minute(1)), Outcome { churned: Some(false), ..of("c2", "s1") }, hostile];
    assert_eq!(store.record_outcomes(&all).await.unwrap(), [Recorded; 3]);
    for outcome in &all {
        let read = store.outcomes_of(&outcome.client_id).await.unwrap();
        assert_eq!(read, std::slice::from_ref(outcome));
    }
}

pub(crate) async fn the_same_again_changes_nothing(store: &impl Outcomes) {
    let once = said(Some(true), minute(1));
    assert_eq!(record(store, once.clone()).await, Recorded);
    assert_eq!(record(store, once.clone()).await, Unchanged);
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [once]);
}

pub(crate) async fn a_correction_replaces_what_is_older_whenever_it_comes(store: &impl Outcomes) {
    assert_eq!(record(store, said(Some(true), minute(1))).await, Recorded);
    assert_eq!(record(store, said(Some(false), minute(3))).await, Corrected);
    assert_eq!(record(store, said(Some(true), minute(2))).await, Superseded);
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [said(Some(false), minute(3))]);
    assert_eq!(record(store, said(None, minute(4))).await, Corrected, "retracted");
    assert_eq!(record(store, said(Some(false), minute(3))).await, Superseded, "and not brought back");
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [said(None, minute(4))]);
    let moved = Outcome { occurred_at: minute(-60), ..said(None, minute(5)) };
    assert_eq!(record(store, moved.clone()).await, Corrected, "another time is another statement");
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [moved]);
}

pub(crate) async fn what_was_said_between_two_that_agree_is_superseded(store: &impl Outcomes) {
    record(store, said(Some(true), minute(1))).await;
    assert_eq!(record(store, said(Some(true), minute(9))).await, Unchanged);
    assert_eq!(record(store, said(Some(false), minute(5))).await, Superseded);
    assert_eq!(record(store, said(Some(true), minute(2))).await, Unchanged);
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [said(Some(true), minute(9))]);
}

pub(crate) async fn of_two_at_one_moment_the_later_one_holds(store: &impl Outcomes) {
    let both = [said(Some(true), minute(1)), said(Some(false), minute(1))];
    assert_eq!(store.record_outcomes(&both).await.unwrap(), [Recorded, Corrected]);
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [both[1].clone()]);
    store.record_outcomes(&both).await.unwrap();
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [both[1].clone()], "whole, and again");
}

pub(crate) async fn times_are_kept_to_the_microsecond(store: &impl Outcomes) {
    let finer = said(Some(true), minute(1) + TimeDelta::nanoseconds(999));
    record(store, finer.clone()).await;
    assert_eq!(record(store, finer).await, Unchanged);
    assert_eq!(store.outcomes_of("c1").await.unwrap(), [said(Some(true), minute(1))]);
}

pub(crate) async fn names_of_statements_are_compared_exactly(store: &impl Outcomes) {
    let all = ["s1", "S1", "s1 ", "ß", "ss", "é", "e\u{301}"].map(|id| of("c1", id));
    assert_eq!(store.record_outcomes(&all).await.unwrap(), [Recorded; 7]);
    assert_eq!(record(store, of("C1", "s1")).await, Recorded);
    assert_eq!(store.outcomes_of("c1").await.unwrap().len(), 7);
}

pub(crate) async fn all_statements_are_read_in_steps(store: &impl Outcomes) {
    let mut all: Vec<_> =
        (0..250).map(|n| of(&format!("c{}", n % 7), &format!("s{n}{}", "é".repeat(n % 3)))).collect();
    store.record_outcomes(&all).await.unwrap();
    all.sort_by_key(|outcome| (outcome.client_id.clone(), outcome.id.clone()));
    let mut read: Vec<Outcome> = Vec::new();
    loop {
        let after = read.last().map(|outcome| (outcome.client_id.as_str(), outcome.id.as_str()));
        let step = store.outcomes_after(after, 40).await.unwrap();
        if step.is_empty() {
            break;
        }
        read.extend(step);
    }
    assert_eq!(read, all);
}

pub(crate) async fn an_erased_client_has_no_outcomes(store: &impl Outcomes) {
    store.record_outcomes(&[of("c1", "a"), of("c1", "b"), of("c2", "a")]).await.unwrap();
    assert_eq!(store.erase_outcomes("c1").await.unwrap(), 2);
    assert_eq!(store.erase_outcomes("c1").await.unwrap(), 0);
    assert_eq!(store.outcomes_after(None, 10).await.unwrap(), [of("c2", "a")]);
}

pub(crate) async fn a_batch_with_one_that_cannot_be_stored_leaves_nothing(store: &impl Outcomes) {
    let mut all: Vec<_> = (0..250).map(|n| of("c1", &n.to_string())).collect();
    all.push(of("c1", &"x".repeat(100_000)));
    match store.record_outcomes(&all).await {
        // One of the engines bounds a text.
        Err(error) => {
            assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
            assert_eq!(store.outcomes_of("c1").await.unwrap(), []);
        }
        Ok(effects) => assert_eq!(effects.len(), 251),
    }
}

/// Each says of 150 statements something else, half of them in the other order.
pub(crate) async fn of_many_who_state_the_same_each_is_told_and_the_newest_holds(store: &impl Outcomes) {
    let batches: Vec<Vec<Outcome>> = (0..6)
        .map(|sender| {
            let churned = Some(sender % 2 == 0);
            let mut batch: Vec<_> =
                (0..150).map(|n| Outcome { id: format!("s{n}"), ..said(churned, minute(sender)) }).collect();
            if sender % 3 == 0 {
                batch.reverse();
            }
            batch
        })
        .collect();
    let effects = join_all(batches.iter().map(|batch| store.record_outcomes(batch))).await;
    let effects: Vec<_> = effects.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(effects.iter().filter(|effect| **effect == Recorded).count(), 150, "each is new to one");
    let all = store.outcomes_of("c1").await.unwrap();
    assert_eq!(all.len(), 150);
    assert!(all.iter().all(|outcome| (outcome.churned, outcome.corrected_at) == (Some(false), minute(5))));
}
