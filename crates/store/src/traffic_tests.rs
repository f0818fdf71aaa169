use chrono::TimeDelta;

use super::*;

fn of(milliseconds: &[f64]) -> Traffic {
    let mut traffic = Traffic::begun(7, DateTime::UNIX_EPOCH);
    for took in milliseconds {
        traffic.latency[Traffic::bucket(Duration::from_secs_f64(took / 1_000.0))] += 1;
        traffic.answered += 1;
    }
    traffic
}

fn near(found: Option<f64>, expected: f64) {
    assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} is not {expected}");
}

#[test]
fn bounds_grow_evenly_from_a_quarter_of_a_millisecond_to_ten_seconds() {
    let bounds = Traffic::BOUNDS_MS;
    assert_eq!((bounds.first(), bounds.last()), (Some(&0.25), Some(&10_000.0)));
    for pair in bounds.windows(2) {
        let ratio = pair[1] / pair[0];
        assert!((1.34..1.48).contains(&ratio), "{pair:?}");
    }
}

#[test]
fn every_latency_has_its_bucket_and_a_bound_belongs_to_the_one_below() {
    assert_eq!(Traffic::bucket(Duration::ZERO), 0);
    assert_eq!(Traffic::bucket(Duration::from_micros(250)), 0);
    assert_eq!(Traffic::bucket(Duration::from_micros(251)), 1);
    assert_eq!(Traffic::bucket(Duration::from_secs(10)), 31);
    assert_eq!(Traffic::bucket(Duration::from_millis(10_001)), 32);
    assert_eq!(Traffic::bucket(Duration::MAX), Traffic::BUCKETS - 1);
}

#[test]
fn without_an_answer_there_is_no_quantile() {
    assert_eq!(of(&[]).p99_ms(), None);
    assert_eq!(Traffic { latency: Vec::new(), ..of(&[]) }.p99_ms(), None);
}

#[test]
fn quantiles_lie_in_the_bucket_of_the_answer_they_mean() {
    let mut answers = vec![1.0; 99];
    answers.push(400.0);
    let traffic = of(&answers);
    near(traffic.p99_ms(), 1.4);
    near(traffic.quantile_ms(1.0), 460.0);
    near(traffic.quantile_ms(0.995), 330.0 + 130.0 / 2.0);
    near(traffic.quantile_ms(0.0), 0.98);
    near(traffic.quantile_ms(f64::INFINITY), 460.0);
}

#[test]
fn what_took_longer_than_every_bound_counts_as_the_last() {
    near(of(&[60_000.0]).p99_ms(), 10_000.0);
}

#[test]
fn replicas_add_up() {
    let one = Traffic { failed: 1, high_risk: 2, without_prediction: 3, ..of(&[1.0, 1.0]) };
    let later = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
    let other = Traffic { since: later, failed: 10, ..of(&[1.0, 400.0]) };
    let both = other.plus(&one);
    assert_eq!(
        both,
        Traffic { failed: 11, high_risk: 2, without_prediction: 3, ..of(&[1.0, 1.0, 1.0, 400.0]) }
    );
    assert_eq!(one.plus(&Traffic::begun(7, later)), one);
    let of_another_build = Traffic { latency: vec![5], ..Traffic::begun(7, later) };
    assert_eq!(of_another_build.plus(&one).latency.len(), Traffic::BUCKETS);
    let full = Traffic { answered: u64::MAX, ..of(&[]) };
    assert_eq!(full.plus(&one).answered, u64::MAX);
}
