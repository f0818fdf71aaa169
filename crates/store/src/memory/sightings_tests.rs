//! The sliding window, and how exact it is.

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_790_000_000_000 + milliseconds).unwrap()
}

#[tokio::test]
async fn a_first_sighting_answers_0_and_each_further_one_more() {
    let sightings = MemorySightings::default();
    for earlier in 0..5 {
        assert_eq!(sightings.see("c1", MINUTE, at(earlier)).await, Some(earlier.cast_unsigned()));
    }
    assert_eq!(sightings.see("c2", MINUTE, at(0)).await, Some(0));
}

#[tokio::test]
async fn a_sighting_is_forgotten_once_the_window_has_passed() {
    let sightings = MemorySightings::default();
    sightings.see("c1", MINUTE, at(0)).await;
    assert_eq!(sightings.see("c1", MINUTE, at(60_000)).await, Some(1));
    assert_eq!(sightings.see("c1", MINUTE, at(3_600_000)).await, Some(0));
}

#[tokio::test]
async fn a_window_that_changes_keeps_what_was_counted() {
    let sightings = MemorySightings::default();
    for second in 0..30 {
        sightings.see("c1", MINUTE, at(second * 1_000)).await;
    }
    assert_eq!(sightings.see("c1", MINUTE * 60, at(30_000)).await, Some(30));
    assert_eq!(sightings.see("c1", MINUTE, at(31_000)).await, Some(31));
}

#[tokio::test]
async fn a_clock_that_goes_back_loses_nothing() {
    let sightings = MemorySightings::default();
    sightings.see("c1", MINUTE, at(50_000)).await;
    assert_eq!(sightings.see("c1", MINUTE, at(0)).await, Some(1));
    assert_eq!(sightings.see("c1", MINUTE, at(50_001)).await, Some(2));
}

#[tokio::test]
async fn past_the_bound_those_seen_longest_ago_are_forgotten() {
    let sightings = MemorySightings::new(10);
    for client in 0..100 {
        sightings.see(&client.to_string(), MINUTE, at(client)).await;
    }
    sightings.clients.run_pending_tasks().await;
    assert!(sightings.clients.entry_count() <= 10);
    assert_eq!(sightings.see("99", MINUTE, at(200)).await, Some(1));
}

proptest! {
    #[test]
    fn no_sighting_within_the_window_is_missed_and_none_counts_a_sixtieth_too_long(
        steps in prop::collection::vec(0_i64..20_000, 1..80),
        window in 1_u64..120_000,
    ) {
        let mut ring = Ring::default();
        let mut seen: Vec<i64> = Vec::new();
        let mut now = 0;
        let (length, late) = (i64::try_from(window).unwrap(), i64::try_from(window / 60 + 1).unwrap());
        for step in steps {
            now += step;
            let answer = ring.see(Duration::from_millis(window), at(now));
            let within = |age: i64| seen.iter().filter(|then| now - **then <= age).count() as u64;
            prop_assert!(answer >= within(length), "{answer} misses some of {}", within(length));
            prop_assert!(answer <= within(length + late), "{answer} counts old ones: {}", within(length + late));
            seen.push(now);
        }
    }
}
