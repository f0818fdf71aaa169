//! What every prediction log tells of where clients stand.

use bellwether_core::prediction::{LogRecord, Purpose};
use bellwether_core::treatment::Treatment;
use bellwether_store::{PredictionLog, Standing, Standings};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures_util::future::join_all;

use crate::builders::{at, holdout, morning, record, records};

/// A prediction for a client, `minute` minutes after the morning.
fn prediction(client_id: &str, minute: i64, prediction: f64, ltv: f64) -> LogRecord {
    let mut record = at(morning() + TimeDelta::minutes(minute));
    record.client_id = Some(client_id.to_owned());
    record.output.prediction = Some(prediction);
    record.output.high_risk = Some(if prediction >= 0.5 { "yes" } else { "no" }.into());
    record.output.ltv = ltv;
    record
}

fn ever() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn ids(standings: &[Standing]) -> Vec<&str> {
    standings.iter().map(|standing| standing.client_id.as_str()).collect()
}

pub(crate) async fn a_prediction_is_where_its_client_stands(store: &(impl PredictionLog + Standings)) {
    assert_eq!(store.standing_of("client-1").await.unwrap(), None);
    let whole = record(1);
    store.insert(std::slice::from_ref(&whole)).await.unwrap();
    let expected = Standing {
        client_id: "client-1".to_owned(),
        uid: whole.uid(),
        at: whole.logging_timestamp,
        treatment: Treatment::Model,
        model: Some("forest_1".to_owned()),
        prediction: Some(0.1235),
        high_risk: false,
        ltv: whole.output.ltv,
        config_version: 7,
    };
    assert_eq!(store.standing_of("client-1").await.unwrap(), Some(expected));
    assert_eq!(store.flagged(ever(), None, 10).await.unwrap(), [], "not of high risk");
}

pub(crate) async fn the_newest_prediction_holds_in_whatever_order_they_come(
    store: &(impl PredictionLog + Standings),
) {
    let [first, second, third] =
        [(1, 0.6), (2, 0.7), (3, 0.8)].map(|(minute, p)| prediction("c", minute, p, 10.0));
    let stands = async || store.standing_of("c").await.unwrap().unwrap().uid;
    store.insert(&[second.clone(), first.clone(), first.clone()]).await.unwrap();
    assert_eq!(stands().await, second.uid(), "within a batch");
    store.insert(std::slice::from_ref(&third)).await.unwrap();
    assert_eq!(stands().await, third.uid());
    let late = prediction("c", 0, 0.99, 1e6);
    store.insert(&[late, second, first]).await.unwrap();
    let standing = store.standing_of("c").await.unwrap().unwrap();
    assert_eq!((standing.uid, standing.prediction, standing.ltv), (third.uid(), Some(0.8), 10.0), "late");
    let flagged = store.flagged(ever(), None, 10).await.unwrap();
    assert_eq!(flagged, [standing], "its order, too, is that of the newest");
}

pub(crate) async fn who_is_not_named_and_what_is_for_nobody_s_sake_stands_nowhere(
    store: &(impl PredictionLog + Standings),
) {
    let of = |purpose| LogRecord { purpose: Some(purpose), ..prediction("c", 1, 0.9, 1.0) };
    let mut all = vec![holdout(1)];
    for (minute, purpose) in [(2, Purpose::Trial), (3, Purpose::Canary), (4, Purpose::Load)] {
        all.push(LogRecord { output: prediction("c", minute, 0.9, 1.0).output, ..of(purpose) });
    }
    assert_eq!(store.insert(&all).await.unwrap(), 4);
    assert_eq!(store.standing_of("c").await.unwrap(), None);
    assert_eq!(store.flagged(ever(), None, 10).await.unwrap(), []);
    let looked_up = LogRecord { output: prediction("d", 5, 0.9, 1.0).output, ..of(Purpose::Lookup) };
    let looked_up = LogRecord { client_id: Some("d".to_owned()), ..looked_up };
    store.insert(std::slice::from_ref(&looked_up)).await.unwrap();
    let stands = store.standing_of("d").await.unwrap().map(|standing| standing.uid);
    assert_eq!(stands, Some(looked_up.uid()), "a person looked them up");
    let counting = prediction("c", 0, 0.9, 1.0);
    store.insert(std::slice::from_ref(&counting)).await.unwrap();
    assert_eq!(store.standing_of("c").await.unwrap().map(|standing| standing.uid), Some(counting.uid()));
}

pub(crate) async fn a_holdout_stands_without_a_score(store: &(impl PredictionLog + Standings)) {
    let held = LogRecord { client_id: Some("c".to_owned()), ..holdout(5) };
    store.insert(&[prediction("c", -1, 0.9, 1.0), held]).await.unwrap();
    let standing = store.standing_of("c").await.unwrap().unwrap();
    assert_eq!((standing.treatment, standing.prediction, standing.model), (Treatment::Holdout, None, None));
    assert_eq!(store.flagged(ever(), None, 10).await.unwrap(), []);
}

pub(crate) async fn those_at_risk_come_by_what_is_at_risk_and_in_steps(
    store: &(impl PredictionLog + Standings),
) {
    let all = [
        prediction("poor", 0, 0.9, 0.0),
        prediction("rich", 1, 0.5, 1_000.0),
        prediction("safe", 2, 0.4, 1e9),
        prediction("twin-a", 3, 0.6, 1.0 / 3.0),
        prediction("twin-b", 4, 0.6, 1.0 / 3.0),
        prediction("owing", 5, 0.9, -50.0),
        prediction("largest", 6, 1.0, f64::MAX),
    ];
    store.insert(&all).await.unwrap();
    let whole = store.flagged(ever(), None, 10).await.unwrap();
    assert_eq!(ids(&whole), ["largest", "rich", "twin-b", "twin-a", "poor", "owing"]);
    let mut steps: Vec<Standing> = Vec::new();
    for _ in 0..6 {
        let after = steps.last().map(|last| (last.at_risk(), last.client_id.as_str()));
        let step = store.flagged(ever(), after, 1).await.unwrap();
        steps.extend(step);
    }
    assert_eq!(steps, whole);
    let last = steps.last().map(|last| (last.at_risk(), last.client_id.as_str()));
    assert_eq!(store.flagged(ever(), last, 1).await.unwrap(), []);
    let since = all[4].logging_timestamp;
    let recent = store.flagged(since, None, 10).await.unwrap();
    assert_eq!(ids(&recent), ["largest", "twin-b", "owing"]);
}

pub(crate) async fn standings_go_with_the_log(store: &(impl PredictionLog + Standings)) {
    let day = 24 * 60;
    let old = prediction("old", -2 * day, 0.9, 1.0);
    let (then, now) = (prediction("kept", -2 * day + 1, 0.9, 1.0), prediction("kept", 0, 0.9, 1.0));
    store.insert(&[old, then, now.clone(), prediction("gone", 1, 0.9, 1.0)]).await.unwrap();
    let midnight = morning().date_naive().and_time(NaiveTime::MIN).and_utc();
    assert_eq!(store.drop_before(midnight).await.unwrap(), 2);
    assert_eq!(store.standing_of("old").await.unwrap(), None);
    assert_eq!(store.standing_of("kept").await.unwrap().map(|standing| standing.uid), Some(now.uid()));
    assert_eq!(store.erase_predictions("gone").await.unwrap(), 1);
    assert_eq!(store.standing_of("gone").await.unwrap(), None);
    assert_eq!(ids(&store.flagged(ever(), None, 10).await.unwrap()), ["kept"]);
}

/// As many relays as deliver what one client is asked for at several replicas.
pub(crate) async fn of_concurrent_deliveries_the_newest_holds(store: &(impl PredictionLog + Standings)) {
    let all = records(300);
    let batches: Vec<Vec<LogRecord>> = (0..6)
        .map(|relay| {
            let mut batch: Vec<_> = all.iter().skip(relay).step_by(6).cloned().collect();
            if relay % 2 == 0 {
                batch.reverse();
            }
            batch
        })
        .collect();
    let new = join_all(batches.iter().map(|batch| store.insert(batch))).await;
    assert_eq!(new.into_iter().map(Result::unwrap).sum::<u64>(), 300);
    for n in 0..10 {
        let standing = store.standing_of(&format!("client-{n}")).await.unwrap().unwrap();
        assert_eq!(standing.uid, record(290 + n).uid());
    }
}
