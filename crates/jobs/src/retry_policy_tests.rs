use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

#[test]
fn the_wait_doubles_from_one_second_to_fifteen_minutes() {
    let policy = RetryPolicy::default();
    let waits: Vec<u64> = (1..=12).map(|attempts| policy.wait(attempts, 1.0).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert_eq!(policy.wait(u32::MAX, 1.0), policy.longest);
}

#[test]
fn chance_spreads_waits_over_the_upper_half_and_never_below_the_first() {
    let policy = RetryPolicy::default();
    assert_eq!(policy.wait(5, 0.0).as_secs(), 8);
    assert_eq!(policy.wait(5, 0.5).as_secs(), 12);
    assert_eq!(policy.wait(1, 0.0), policy.first);
    assert_eq!(policy.wait(20, 0.0).as_secs(), 450);
}

#[test]
fn the_last_try_falls_on_the_end_of_the_span_and_then_it_is_over() {
    let policy = RetryPolicy::default();
    let day = 24 * 3600;
    assert_eq!(policy.after(30, at(0), at(day - 10), 1.0), Next::Again(at(day)));
    assert_eq!(policy.after(31, at(0), at(day), 1.0), Next::Over);
    assert_eq!(policy.after(1, at(0), at(5), 1.0), Next::Again(at(6)));
}
