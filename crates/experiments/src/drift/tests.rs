//! A day of production against training, compared with what scipy makes of the same data
//! (`training/drift_reference.py`), and how the log is read.

use std::collections::{BTreeMap, BTreeSet};

use bellwether_core::bundle::manifest::Statistics;
use bellwether_core::config::DriftLimits;
use bellwether_core::prediction::{LogRecord, Purpose};
use bellwether_store::PredictionLog as _;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;

const FIXTURE: &str = include_str!("../../tests/fixtures/drift.json");

#[derive(Deserialize)]
struct Fixture {
    statistics: Statistics,
    records: Vec<Given>,
    expected: BTreeMap<String, Map<String, Value>>,
}

#[derive(Deserialize)]
struct Given {
    input: Map<String, Value>,
    score: f64,
}

fn fixture() -> (Reference, Fixture) {
    let fixture: Fixture = serde_json::from_str(FIXTURE).unwrap();
    let dates = BTreeSet::from(["since".to_owned()]);
    (Reference::of("forest", "abc", &fixture.statistics, &dates), fixture)
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

/// A record of the day, so many milliseconds after its beginning.
fn record(at: i64, input: &Map<String, Value>, score: f64) -> LogRecord {
    let at: DateTime<Utc> = start_of(day()) + TimeDelta::milliseconds(at);
    let milliseconds = u128::try_from(at.timestamp_millis()).unwrap();
    let uid = Uuid::from_u128(milliseconds << 80 | 7 << 76 | 2 << 62 | u128::from(score.to_bits() >> 8));
    let record = json!({
        "schema": 1, "environment": "prod", "replica": "api-0", "logging_timestamp": at, "client_id": "c-1",
        "input": input, "scores": {"forest": score}, "heuristic": 0.5, "arm": "forest",
        "output": {"uid": uid, "prediction": score, "high_risk": "no", "ltv": 1.0, "recent_times_id_seen": 0,
            "response_time": 0.001, "treatment": "model", "model": "forest", "config_version": 1},
    });
    serde_json::from_value(record).unwrap()
}

fn measured() -> (ModelDay, BTreeMap<String, Map<String, Value>>) {
    let (reference, fixture) = fixture();
    let mut tally = Tally::new(&reference);
    for (at, given) in (0..).zip(&fixture.records) {
        assert!(tally.add(&reference, &record(at, &given.input, given.score)));
    }
    (tally.day(&reference, day(), false, true), fixture.expected)
}

#[test]
fn every_measure_is_what_scipy_computes_of_the_same_day() {
    let (measured, expected) = measured();
    assert_eq!(measured.rows, 800);
    let near = |what: &str, got: Option<f64>, expected: &Value| {
        let (got, expected) = (got.unwrap(), expected.as_f64().unwrap());
        assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {got}, not {expected}");
    };
    for (name, expected) in &expected {
        let shift = measured.shift(name).unwrap();
        near(name, shift.psi, &expected["psi"]);
        near(name, Some(shift.missing_change()), &expected["missing_change"]);
        assert_eq!(json!(shift.missing), expected["missing"], "{name}");
        assert_eq!(json!(shift.unseen), expected["unseen"], "{name}");
        if let Some(distance) = expected.get("ks") {
            near(name, shift.ks.map(|test| test.distance), distance);
            let p_value = shift.ks.unwrap().p_value;
            // Both are approximations of the same tail, which is 1e-53 here and there.
            assert!((p_value - expected["ks_p"].as_f64().unwrap()).abs() < 1e-9, "{name}: {p_value}");
        } else {
            let test = shift.levels.unwrap();
            near(name, Some(test.statistic), &expected["chi_squared"]);
            near(name, Some(test.p_value), &expected["chi_squared_p"]);
            near(name, Some(test.cramers_v), &expected["cramers_v"]);
            near(name, Some(test.w), &expected["w"]);
            assert_eq!(json!(test.degrees), expected["degrees"]);
            assert_eq!(json!(shift.unseen_levels), expected["unseen_levels"], "{name}");
        }
    }
}

#[test]
fn what_is_above_a_limit_is_told_from_the_least_number_of_rows_on() {
    let (day, _) = measured();
    let limits = DriftLimits { minimum_rows: 800, ..DriftLimits::default() };
    let told: Vec<_> =
        exceeded(&day, &limits).into_iter().map(|above| (above.feature, above.measure)).collect();
    let expected = [
        ("score", Measure::Ks),
        ("group", Measure::Psi),
        ("group", Measure::CramersV),
        ("group", Measure::UnseenShare),
        ("moved", Measure::Psi),
        ("moved", Measure::Ks),
        ("moved", Measure::MissingChange),
        ("since", Measure::Psi),
        ("since", Measure::CramersV),
        ("since", Measure::UnseenShare),
    ];
    assert_eq!(told, expected.map(|(feature, measure)| (feature.to_owned(), measure)));
    assert_eq!(exceeded(&day, &DriftLimits { minimum_rows: 801, ..limits }), []);
}

#[test]
fn a_day_comes_back_as_it_was_kept_and_holds_no_text_of_a_client() {
    let (day, _) = measured();
    let kept = serde_json::to_string(&day).unwrap();
    assert_eq!(serde_json::from_str::<ModelDay>(&kept).unwrap(), day);
    for unseen in ["\"e\"", "\"f\"", "c-1"] {
        assert!(!kept.contains(unseen), "{unseen} is kept");
    }
}

#[test]
fn only_what_was_answered_for_a_clients_sake_and_scored_is_counted() {
    let (reference, _) = fixture();
    let mut tally = Tally::new(&reference);
    let input = Map::new();
    for purpose in [Purpose::Trial, Purpose::Canary, Purpose::Load] {
        assert!(!tally.add(&reference, &LogRecord { purpose: Some(purpose), ..record(0, &input, 0.5) }));
    }
    let unscored = LogRecord { scores: Map::new(), ..record(0, &input, 0.5) };
    assert!(!tally.add(&reference, &unscored));
    assert!(tally.add(&reference, &record(0, &input, 0.5)));
    let lookup = LogRecord { purpose: Some(Purpose::Lookup), ..record(0, &input, 0.5) };
    assert!(tally.add(&reference, &lookup));
    assert_eq!(tally.rows, 2);
    assert!(tally.inputs.iter().all(|input| input.missing == 2), "what is absent is missing");
}

#[test]
fn a_day_without_rows_has_no_measures_and_exceeds_nothing() {
    let (reference, _) = fixture();
    let empty = Tally::new(&reference).day(&reference, day(), false, true);
    assert!(empty.shifts().all(|shift| shift.psi.is_none() && shift.ks.is_none() && shift.levels.is_none()));
    assert_eq!(exceeded(&empty, &DriftLimits::default()), []);
}

#[tokio::test]
async fn a_day_is_read_once_and_today_goes_on_from_where_it_was_left() {
    let (reference, fixture) = fixture();
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("log.sqlite");
    let database = Sqlite::connect(location.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    bellwether_store::Database::migrate(&database).await.unwrap();
    // Over the whole day, the last of the day before and the first of the day after beside.
    let step = 24 * 3_600_000 / 800;
    let all: Vec<_> = (0..)
        .zip(&fixture.records)
        .map(|(at, given)| record(at * step, &given.input, given.score))
        .chain([record(-1, &Map::new(), 0.1), record(24 * 3_600_000, &Map::new(), 0.1)])
        .collect();
    let noon = start_of(day()) + TimeDelta::hours(12);
    let (early, late): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.logging_timestamp < noon);
    database.insert(&early).await.unwrap();
    let (mut watched, mut cursor) = (vec![Watched::new(reference.clone())], Cursor::new(day()));
    read_day(&database, &mut watched, &mut cursor, noon).await.unwrap();
    assert_eq!(watched[0].tally.rows, 400);
    database.insert(&late).await.unwrap();
    for _ in 0..2 {
        read_day(&database, &mut watched, &mut cursor, noon + TimeDelta::days(1)).await.unwrap();
        assert_eq!(watched[0].tally.rows, 800);
    }
    let mut tally = Tally::new(&reference);
    for (at, given) in (0..).zip(&fixture.records) {
        tally.add(&reference, &record(at, &given.input, given.score));
    }
    assert_eq!(watched[0].measured(&cursor, true), tally.day(&reference, day(), false, true));
}
