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
