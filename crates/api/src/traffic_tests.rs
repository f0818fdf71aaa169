use bellwether_core::treatment::Treatment;
use uuid::Uuid;

use super::*;

fn answer(prediction: Option<f64>) -> Answer {
    Answer {
        uid: Uuid::nil(),
        prediction,
        high_risk: prediction.map(|prediction| if prediction >= 0.65 { "yes" } else { "no" }.into()),
        ltv: 0.0,
        recent_times_id_seen: None,
        response_time: 0.001,
        treatment: if prediction.is_some() { Treatment::Model } else { Treatment::Holdout },
        model: None,
        config_version: 7,
        imputed: Vec::new(),
        ignored: Vec::new(),
        trial: None,
    }
}

#[test]
fn an_answer_is_counted_for_what_it_is() {
    let count = TrafficCount::begin(7, DateTime::UNIX_EPOCH);
    let took = Duration::from_millis(1);
    count.answered(&answer(Some(0.9)), Some(took));
    count.answered(&answer(Some(0.1)), Some(took));
    count.answered(&answer(None), None);
    count.failed();
    let mut expected = Traffic::begun(7, DateTime::UNIX_EPOCH);
    (expected.answered, expected.failed, expected.high_risk, expected.without_prediction) = (3, 1, 1, 1);
    expected.latency[Traffic::bucket(took)] = 2;
    assert_eq!(count.told(), expected);
}

#[test]
fn an_answer_of_the_version_before_is_not_counted() {
    let count = TrafficCount::begin(8, DateTime::UNIX_EPOCH);
    count.answered(&answer(Some(0.9)), Some(Duration::from_millis(1)));
    assert_eq!(count.told(), Traffic::begun(8, DateTime::UNIX_EPOCH));
}

#[test]
fn of_many_who_count_at_once_none_is_lost() {
    let count = TrafficCount::begin(7, DateTime::UNIX_EPOCH);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    count.answered(&answer(Some(0.9)), Some(Duration::from_millis(1)));
                }
            });
        }
    });
    let told = count.told();
    assert_eq!((told.answered, told.high_risk), (80_000, 80_000));
    assert_eq!(told.latency.iter().sum::<u64>(), 80_000);
}
