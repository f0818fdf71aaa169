//! Features step by step on hand-made rows, and the law that no customer can break a pipeline.
#![allow(
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "values are exact, and json!() makes owned ones"
)]

use chrono::{Datelike as _, NaiveDate};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::bundle::manifest::Feature;
use crate::customer::{Customer, InputValue};

fn pipeline(columns: usize, features: serde_json::Value) -> Result<FeaturePipeline, String> {
    let features: Vec<Feature> = serde_json::from_value(features).map_err(|error| error.to_string())?;
    compile::compile(&features, columns)
        .map_err(|fault| format!("{}: expected {}, found {}", fault.field, fault.expected, fault.found))
}

fn bound(columns: usize, features: serde_json::Value) -> (BoundPipeline, InputSchema) {
    let pipeline = pipeline(columns, features).unwrap();
    let mut schema = InputSchema::default();
    pipeline.declare(&mut schema).unwrap();
    (pipeline.bind(&schema).unwrap(), schema)
}

fn row(features: serde_json::Value, columns: usize, body: &serde_json::Value) -> Vec<f32> {
    let (bound, schema) = bound(columns, features);
    let mut row = vec![f32::NAN; columns];
    let customer = Customer::parse(body.to_string().as_bytes(), &schema, NaiveDate::MAX).unwrap();
    bound.transform(&customer, &mut row);
    row
}

fn numeric(clip_min: Option<f64>, log: bool) -> serde_json::Value {
    json!([{"kind": "numeric", "name": "a", "column": 0, "clip_min": clip_min, "log": log,
            "fill": 7.0, "mean": 1.0, "std": 2.0}])
}

fn ratio(log: bool) -> serde_json::Value {
    let part = |name: &str| {
        json!({"kind": "numeric", "name": name, "column": null, "clip_min": 0.0, "log": true,
               "fill": 0.0, "mean": 0.0, "std": 1.0})
    };
    json!([{"kind": "ratio", "name": "a_per_b", "numerator": "a", "denominator": "b", "column": 0, "log": log,
            "fill": 7.0, "mean": 0.0, "std": 1.0}, part("a"), part("b")])
}

#[test]
fn a_number_is_scaled_and_a_missing_one_is_filled_before_scaling() {
    assert_eq!(row(numeric(None, false), 1, &json!({"a": 5.0})), [2.0]);
    assert_eq!(row(numeric(None, false), 1, &json!({"a": null})), [3.0]);
}

#[test]
fn a_number_below_the_clip_is_raised_to_it_and_a_missing_one_stays_missing() {
    assert_eq!(row(numeric(Some(3.0), false), 1, &json!({"a": -9.0})), [1.0]);
    assert_eq!(row(numeric(Some(9.0), false), 1, &json!({"a": null})), [3.0]);
}

#[test]
fn the_log_of_zero_is_zero_and_of_a_negative_number_is_filled() {
    assert_eq!(row(numeric(None, true), 1, &json!({"a": 0.0})), [-0.5]);
    assert_eq!(row(numeric(None, true), 1, &json!({"a": -2.0})), [3.0]);
    assert_eq!(row(numeric(None, true), 1, &json!({"a": 1.0})), [-0.5]);
}

#[test]
fn a_huge_number_is_limited_to_a_million() {
    assert_eq!(row(numeric(None, false), 1, &json!({"a": 1e300})), [1e6]);
    assert_eq!(row(numeric(None, false), 1, &json!({"a": -1e300})), [-1e6]);
    assert_eq!(row(numeric(None, false), 1, &json!({"a": -1.797e308})), [-1e6]);
}

#[test]
fn a_ratio_divides_clipped_numbers_before_their_log() {
    assert_eq!(row(ratio(false), 1, &json!({"a": 6, "b": 2})), [3.0]);
    assert_eq!(row(ratio(false), 1, &json!({"a": -6, "b": 2})), [0.0]);
}

#[test]
fn something_over_zero_is_zero_and_nothing_over_zero_is_filled() {
    assert_eq!(row(ratio(false), 1, &json!({"a": 6, "b": 0})), [0.0]);
    assert_eq!(row(ratio(false), 1, &json!({"a": 0, "b": 0})), [7.0]);
    assert_eq!(row(ratio(false), 1, &json!({"a": 6, "b": null})), [7.0]);
    // Zero, whose log is −∞, which becomes 0.
    assert_eq!(row(ratio(true), 1, &json!({"a": 6, "b": 0})), [0.0]);
}

fn category(levels: serde_json::Value) -> serde_json::Value {
    json!([{"kind": "categorical", "name": "a", "levels": levels, "rare": ["odd"], "accept_numbers": true}])
}

fn all_levels() -> serde_json::Value {
    category(json!([{"value": "x", "column": 0}, {"value": "missing", "column": 1},
                    {"value": "sparse_combined", "column": 2}, {"value": "dropped", "column": null},
                    {"value": "3", "column": 3}]))
}

#[test]
fn a_level_fills_its_column_and_a_dropped_one_none() {
    assert_eq!(row(all_levels(), 4, &json!({"a": "x"})), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(row(all_levels(), 4, &json!({"a": "dropped"})), [0.0; 4]);
    assert_eq!(row(all_levels(), 4, &json!({"a": 3})), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_rare_or_unseen_level_is_sparse_combined() {
    for level in ["odd", "never seen", "X", " x"] {
        assert_eq!(row(all_levels(), 4, &json!({"a": level})), [0.0, 0.0, 1.0, 0.0], "{level}");
    }
}

#[test]
fn a_missing_or_empty_level_is_missing_or_else_sparse_combined_or_else_nothing() {
    for missing in [json!({"a": null}), json!({"a": ""})] {
        assert_eq!(row(all_levels(), 4, &missing), [0.0, 1.0, 0.0, 0.0]);
        let without =
            category(json!([{"value": "x", "column": 0}, {"value": "sparse_combined", "column": 1}]));
        assert_eq!(row(without, 2, &missing), [0.0, 1.0]);
        assert_eq!(row(category(json!([{"value": "x", "column": 0}])), 1, &missing), [0.0]);
        let dropped = category(
            json!([{"value": "missing", "column": null}, {"value": "sparse_combined", "column": 0}]),
        );
        assert_eq!(row(dropped, 1, &missing), [0.0]);
    }
}

fn date() -> serde_json::Value {
    json!([{"kind": "date", "name": "a",
            "quarter": {"levels": [{"value": "q1", "column": 0}, {"value": "q4", "column": 1}], "rare": ["q2"]},
            "year": {"levels": [{"value": "2024", "column": 2}, {"value": "0099", "column": 3},
                                {"value": "sparse_combined", "column": 4}, {"value": "missing", "column": 5}],
                     "rare": []}}])
}

#[test]
fn a_date_is_its_quarter_and_its_year() {
    assert_eq!(row(date(), 6, &json!({"a": "2024-03-31"})), [1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(row(date(), 6, &json!({"a": "2024-10-01"})), [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(row(date(), 6, &json!({"a": "1900-04-01"})), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(row(date(), 6, &json!({"a": "9999-12-31"})), [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(row(date(), 6, &json!({"a": null})), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_year_outside_four_digits_is_in_no_level() {
    let (bound, _) = bound(6, date());
    for (year, expected) in [(99, 3), (-1, 4), (12024, 4), (NaiveDate::MAX.year(), 4)] {
        let day = NaiveDate::from_ymd_opt(year, 5, 1).unwrap();
        let customer = Customer { values: vec![InputValue::Date(day)], ..Customer::default() };
        let mut row = [0.0; 6];
        bound.transform(&customer, &mut row);
        assert_eq!(row.iter().position(|&cell| cell == 1.0), Some(expected), "{year}");
    }
}

#[test]
fn features_that_do_not_fill_each_column_once_are_refused() {
    let refused = |columns, features| pipeline(columns, features).unwrap_err();
    assert!(refused(2, numeric(None, false)).contains("nothing that fills column 1"));
    assert!(
        refused(0, numeric(None, false)).contains("features[0].column: expected null or a column below 0")
    );
    let twice = json!([numeric(None, false)[0], {"kind": "categorical", "name": "b",
        "levels": [{"value": "x", "column": 0}], "rare": [], "accept_numbers": false}]);
    let text = refused(1, twice);
    assert!(
        text.contains("features[1].levels[0].column") && text.contains("features[0].column fills too"),
        "{text}"
    );
}

#[test]
fn features_that_contradict_themselves_are_refused() {
    let refused = |columns, features| pipeline(columns, features).unwrap_err();
    let mut flat = numeric(None, false);
    flat[0]["std"] = json!(0.0);
    assert!(refused(1, flat).contains("features[0].std: expected a number above 0, found 0"));
    let mut stray = ratio(false);
    stray[0]["denominator"] = json!("a_per_b");
    assert!(refused(1, stray).contains("features[0].denominator: expected the name of a numeric feature"));
    let same = json!([numeric(None, false)[0], numeric(None, false)[0]]);
    assert!(refused(1, same).contains("features[1].name"));
    let mut reserved = numeric(None, false);
    reserved[0]["name"] = json!("client_id");
    assert!(refused(1, reserved).contains("client_id"));
    let double = category(json!([{"value": "x", "column": 0}, {"value": "x", "column": null}]));
    assert!(refused(1, double).contains("each level once"));
    assert!(refused(1, category(json!([{"value": "odd", "column": 0}]))).contains("features[0].rare"));
}

#[test]
fn models_that_disagree_about_an_input_are_told_apart() {
    let mut schema = InputSchema::default();
    pipeline(1, numeric(None, false)).unwrap().declare(&mut schema).unwrap();
    let other = pipeline(4, all_levels()).unwrap();
    assert_eq!(other.declare(&mut schema).unwrap_err().name, "a");
    assert_eq!(other.bind(&schema).unwrap_err().have, Some(InputKind::Number));
    assert_eq!(other.bind(&InputSchema::default()).unwrap_err().have, None);
}

#[test]
fn equal_specs_have_equal_fingerprints_and_others_do_not() {
    let fingerprint = |features| pipeline(1, features).unwrap().fingerprint().to_owned();
    assert_eq!(fingerprint(numeric(None, false)), fingerprint(numeric(None, false)));
    assert_ne!(fingerprint(numeric(None, false)), fingerprint(numeric(Some(0.0), false)));
    assert_eq!(fingerprint(numeric(None, false)).len(), 64);
}

#[test]
fn a_pipeline_bound_among_other_inputs_finds_its_own() {
    let mut schema = InputSchema::default();
    schema.add("first", InputKind::Date).unwrap();
    let pipeline = pipeline(1, numeric(None, false)).unwrap();
    pipeline.declare(&mut schema).unwrap();
    let customer =
        Customer { values: vec![InputValue::Missing, InputValue::Number(5.0)], ..Customer::default() };
    let mut row = [0.0];
    pipeline.bind(&schema).unwrap().transform(&customer, &mut row);
    assert_eq!(row, [2.0]);
}

fn any_value() -> impl Strategy<Value = InputValue> {
    prop_oneof![
        Just(InputValue::Missing),
        any::<f64>().prop_map(InputValue::Number),
        ".{0,4}".prop_map(|level| InputValue::Level(level.into())),
        any::<i32>()
            .prop_filter_map("a day", NaiveDate::from_num_days_from_ce_opt)
            .prop_map(InputValue::Date),
    ]
}

proptest! {
    #[test]
    fn any_customer_gives_finite_columns_within_the_limit(
        values in proptest::collection::vec(any_value(), 0..8),
    ) {
        let mut features = ratio(true).as_array().unwrap().clone();
        for (name, mut feature, columns) in [("c", all_levels(), 1..5), ("d", date(), 5..11)] {
            let mut text = feature[0].to_string();
            for column in (0..columns.len()).rev() {
                let moved = format!("\"column\":{}", column + columns.start);
                text = text.replace(&format!("\"column\":{column},"), &format!("{moved},"));
                text = text.replace(&format!("\"column\":{column}}}"), &format!("{moved}}}"));
            }
            feature = serde_json::from_str(&text).unwrap();
            feature["name"] = json!(name);
            features.push(feature);
        }
        let (bound, _) = bound(11, features.into());
        let mut row = [f32::NAN; 11];
        bound.transform(&Customer { values, ..Customer::default() }, &mut row);
        prop_assert!(row.iter().all(|cell| cell.abs() <= 1e6), "{row:?}");
    }
}
