use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

fn schema() -> InputSchema {
    let mut schema = InputSchema::default();
    schema.add("xp_points", InputKind::Number).unwrap();
    schema.add("site_level", InputKind::Category { accept_numbers: false }).unwrap();
    schema.add("grade", InputKind::Category { accept_numbers: true }).unwrap();
    schema.add("acquired_date", InputKind::Date).unwrap();
    schema
}

fn parse(body: &str) -> Result<Customer, InvalidCustomer> {
    Customer::parse(body.as_bytes(), &schema(), NaiveDate::from_ymd_opt(2026, 11, 22).unwrap())
}

/// The fields at fault and their messages, as `field: message`.
fn faults(body: &str) -> Vec<String> {
    match parse(body).unwrap_err() {
        InvalidCustomer::Fields(faults) => {
            faults.iter().map(|f| format!("{}: {}", f.field, f.message)).collect()
        }
        InvalidCustomer::NotJson(reason) => panic!("{body} is taken for no JSON: {reason}"),
    }
}

fn not_json(body: &str) -> String {
    match parse(body).unwrap_err() {
        InvalidCustomer::NotJson(reason) => reason,
        InvalidCustomer::Fields(faults) => panic!("{body} is taken for JSON: {faults:?}"),
    }
}

#[test]
fn a_full_request_is_taken() {
    let body = r#"{"client_id":"42","xp_points":1.5e1,"site_level":"level_1","grade":3,"acquired_date":"2015-06-09"}"#;
    let customer = parse(body).unwrap();
    assert_eq!(customer.client_id.as_deref(), Some("42"));
    let date = NaiveDate::from_ymd_opt(2015, 6, 9).unwrap();
    let level = |text: &str| InputValue::Level(text.into());
    assert_eq!(
        customer.values,
        [InputValue::Number(15.0), level("level_1"), level("3"), InputValue::Date(date)]
    );
}

#[test]
fn missing_null_and_empty_inputs_are_imputed_and_named() {
    let customer = parse(r#"{"xp_points":1,"site_level":"","acquired_date":null}"#).unwrap();
    let schema = schema();
    assert_eq!(customer.imputed(&schema).collect::<Vec<_>>(), ["site_level", "grade", "acquired_date"]);
}

#[test]
fn unknown_fields_are_named_but_not_kept() {
    let customer = parse(r#"{"xp_points":1,"shoe":[[[{}]]],"hat":1e400}"#).unwrap();
    assert_eq!(customer.ignored, ["shoe", "hat"]);
}

#[test]
fn every_field_at_fault_is_named_at_once() {
    let body = r#"{"client_id":7,"xp_points":"1","site_level":2,"grade":true,"acquired_date":20150609}"#;
    let faults = faults(body);
    assert_eq!(faults.len(), 5, "{faults:?}");
    assert!(faults[1].starts_with("xp_points: expected a number, not a string"), "{faults:?}");
    assert!(faults[2].starts_with("site_level: expected a string, not a number"), "{faults:?}");
}

#[test]
fn what_is_no_json_is_told_from_what_is_no_object() {
    for body in
        ["", "   ", "nonsense", "{", r#"{"xp_points":NaN}"#, r#"{"xp_points":Infinity}"#, "{\"a\":1}x"]
    {
        not_json(body);
    }
    assert!(not_json(r#"{"xp_points":NaN}"#).contains("`xp_points`"));
    for body in ["[]", "1", "null", "\"text\"", &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))] {
        assert_eq!(faults(body), ["body: expected a JSON object"]);
    }
}

#[test]
fn a_body_that_names_no_known_feature_is_refused() {
    for body in ["{}", r#"{"shoe":1}"#, r#"{"client_id":"1"}"#] {
        assert!(faults(body)[0].starts_with("body: names no known feature"), "{body}");
    }
}

#[test]
fn numbers_that_are_not_finite_name_their_field() {
    assert!(faults(r#"{"xp_points":1e400}"#)[0].starts_with("xp_points: expected a finite number"));
    assert!(faults(r#"{"xp_points":-1e400}"#)[0].starts_with("xp_points: expected a finite number"));
}

#[test]
fn dates_that_are_no_days_or_lie_outside_1900_to_today_are_refused() {
    let days =
        ["2015-13-40", "15/06/2015", "0001-01-01", "2030-01-01", "2015-02-30", "+2015-1-01", "２015-01-01"];
    for day in days {
        let body = format!(r#"{{"acquired_date":"{day}"}}"#);
        assert!(faults(&body)[0].starts_with("acquired_date: "), "{day}");
    }
}

#[test]
fn client_ids_too_long_or_with_control_characters_are_refused_and_emoji_taken() {
    let long = format!(r#"{{"client_id":"{}","xp_points":1}}"#, "9".repeat(1_000_000));
    assert!(faults(&long)[0].starts_with("client_id: expected a string of 1 to 128 characters"));
    assert!(faults(r#"{"client_id":"a\u0000b","xp_points":1}"#)[0].contains("control characters"));
    assert_eq!(parse(r#"{"client_id":"🐑","xp_points":1}"#).unwrap().client_id.as_deref(), Some("🐑"));
}

#[test]
fn a_field_given_twice_is_refused_by_name() {
    assert_eq!(faults(r#"{"xp_points":1,"xp_points":2}"#), ["xp_points: is given twice"]);
    assert_eq!(faults(r#"{"client_id":"1","client_id":"1","xp_points":2}"#), ["client_id: is given twice"]);
}

#[test]
fn nesting_of_any_depth_costs_no_stack() {
    for depth in [10_000, 1_000_000] {
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(
            faults(&format!(r#"{{"xp_points":{deep}}}"#)),
            ["xp_points: expected a number, not an array"]
        );
    }
    let objects = r#"{"a":"#.repeat(10_000) + "1" + &"}".repeat(10_000);
    assert_eq!(parse(&format!(r#"{{"xp_points":1,"x":{objects}}}"#)).unwrap().ignored, ["x"]);
}

#[test]
fn what_is_logged_holds_the_known_inputs_given() {
    let customer = parse(r#"{"client_id":"1","xp_points":2,"shoe":1,"acquired_date":"2015-06-09"}"#).unwrap();
    let json = serde_json::Value::Object(customer.to_json(&schema())).to_string();
    assert_eq!(json, r#"{"acquired_date":"2015-06-09","client_id":"1","xp_points":2.0}"#);
}

proptest! {
    #[test]
    fn no_body_makes_parsing_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Customer::parse(&body, &schema(), NaiveDate::MAX);
    }

    #[test]
    fn no_text_in_a_known_field_makes_parsing_panic(text in "\\PC{0,30}", key in "xp_points|site_level|acquired_date|client_id") {
        let body = serde_json::json!({ key: text }).to_string();
        let _ = parse(&body);
    }
}
