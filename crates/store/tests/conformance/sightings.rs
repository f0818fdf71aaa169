//! What every counter of sightings does.

use std::time::Duration;

use bellwether_store::Sightings;
use chrono::TimeDelta;

use crate::builders::morning;

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) async fn a_first_sighting_answers_0(sightings: &impl Sightings) {
    assert_eq!(sightings.see("c1", HOUR, morning()).await, Some(0));
}

pub(crate) async fn earlier_sightings_are_counted_by_client(sightings: &impl Sightings) {
    for minute in 0..20_u32 {
        let now = morning() + TimeDelta::minutes(i64::from(minute));
        assert_eq!(sightings.see("c1", HOUR, now).await, Some(u64::from(minute)));
    }
    assert_eq!(sightings.see("c2", HOUR, morning()).await, Some(0));
}

/// Engines may forget up to a sixth of the window late, never early.
pub(crate) async fn a_sighting_is_forgotten_after_the_window(sightings: &impl Sightings) {
    sightings.see("c1", HOUR, morning()).await;
    sightings.see("c1", HOUR, morning() + TimeDelta::minutes(30)).await;
    let now = morning() + TimeDelta::minutes(59);
    assert_eq!(sightings.see("c1", HOUR, now).await, Some(2));
    let now = morning() + TimeDelta::minutes(71);
    assert_eq!(sightings.see("c1", HOUR, now).await, Some(2));
}

/// Sightings every ten seconds, against a list of all of them.
pub(crate) async fn the_window_slides(sightings: &impl Sightings) {
    let window = Duration::from_secs(600);
    let within = |step: u32, seconds: u32| u64::from(step.min(seconds / 10));
    for step in 0..200_u32 {
        let now = morning() + TimeDelta::seconds(i64::from(step) * 10);
        let counted = sightings.see("c1", window, now).await.unwrap();
        assert!(counted >= within(step, 600), "{counted} after {step}: one was forgotten too early");
        assert!(
            counted <= within(step, 700),
            "{counted} after {step}: one was kept for over a sixth too long"
        );
    }
}

pub(crate) async fn a_window_that_changes_keeps_what_was_counted(sightings: &impl Sightings) {
    for second in 0..30 {
        sightings.see("c1", Duration::from_secs(60), morning() + TimeDelta::seconds(second)).await;
    }
    let now = |second| morning() + TimeDelta::seconds(second);
    assert_eq!(sightings.see("c1", HOUR, now(30)).await, Some(30));
    assert_eq!(sightings.see("c1", HOUR, now(31)).await, Some(31));
    let few = sightings.see("c1", Duration::from_secs(1), now(3_000)).await;
    assert_eq!(few, Some(0));
}

pub(crate) async fn an_erased_client_was_never_seen(sightings: &impl Sightings) {
    sightings.see("c1", HOUR, morning()).await;
    sightings.see("c2", HOUR, morning()).await;
    assert!(sightings.erase("c1").await.unwrap());
    assert!(!sightings.erase("c1").await.unwrap());
    assert_eq!(sightings.see("c1", HOUR, morning()).await, Some(0));
    assert_eq!(sightings.see("c2", HOUR, morning()).await, Some(1));
}
