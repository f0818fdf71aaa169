use bellwether_core::customer::InputKind;
use serde_json::json;

use super::*;

fn reader() -> ClientReader {
    let mut schema = InputSchema::default();
    schema.add("xp_points", InputKind::Number).unwrap();
    schema.add("site_level", InputKind::Category { accept_numbers: false }).unwrap();
    ClientReader { schema, today: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap() }
}

fn read(body: &str) -> Result<ClientUpdate, String> {
    reader().read(body.as_bytes())
}

#[test]
fn flat_and_nested_features_are_the_same() {
    let flat = read(r#"{"client_id":"1","ltv":4.5,"xp_points":3,"site_level":null,"colour":"red"}"#).unwrap();
    let nested = r#"{"client_id":"1","ltv":4.5,"features":{"xp_points":3,"site_level":null,"colour":"red"}}"#;
    assert_eq!(flat, read(nested).unwrap());
    assert_eq!(flat.features, Some(json!({ "xp_points": 3.0 }).as_object().unwrap().clone()));
    assert_eq!((flat.ltv, flat.ignored), (Ltv::Is(4.5), vec!["colour".to_owned()]));
}

#[test]
fn what_a_row_does_not_speak_of_is_told_from_what_is_unknown() {
    assert_eq!(read(r#"{"client_id":"1","xp_points":1}"#).unwrap().ltv, Ltv::Unsaid);
    assert_eq!(read(r#"{"client_id":"1","xp_points":1,"ltv":null}"#).unwrap().ltv, Ltv::Unknown);
    assert_eq!(read(r#"{"client_id":"1","ltv":2}"#).unwrap().features, None);
    assert_eq!(read(r#"{"client_id":"1","ltv":2,"xp_points":null}"#).unwrap().features, Some(Map::new()));
    assert_eq!(read(r#"{"client_id":"1","ltv":2,"features":{}}"#).unwrap().features, None);
}

#[test]
fn every_fault_of_a_row_is_named_and_no_value_is_told() {
    for (body, words) in [
        (r#"{"ltv":2,"xp_points":1}"#, vec!["client_id: is missing"]),
        (
            r#"{"client_id":null,"ltv":"x","xp_points":[]}"#,
            vec!["client_id: is missing; xp_points: ", "; ltv: expected"],
        ),
        (r#"{"client_id":7,"ltv":2}"#, vec!["client_id", "not a number"]),
        (
            r#"{"client_id":"","ltv":"x"}"#,
            vec!["client_id: expected a string of 1 to 128", "ltv: expected a finite"],
        ),
        (r#"{"client_id":"1","ltv":1e400}"#, vec!["ltv: expected a finite number"]),
        (
            r#"{"client_id":"1","xp_points":"secret","site_level":5}"#,
            vec!["xp_points: expected", "site_level: expected"],
        ),
        (
            r#"{"client_id":"1","features":{"xp_points":[]}}"#,
            vec!["xp_points: expected a number, not an array"],
        ),
        (r#"{"client_id":"1","xp_points":1,"xp_points":2}"#, vec!["xp_points: is given twice"]),
        (r#"{"client_id":"1","colour":"red"}"#, vec!["names neither ltv nor a known feature"]),
        (r#"{"client_id":"1""#, vec!["not valid JSON"]),
        ("[1]", vec!["expected a JSON object"]),
    ] {
        let reason = read(body).unwrap_err();
        assert!(words.iter().all(|word| reason.contains(word)), "{body}: {reason}");
        assert!(!reason.contains("secret"), "{reason}");
    }
}

#[test]
fn what_stands_beside_nested_features_is_ignored_by_name() {
    let update = read(r#"{"client_id":"1","features":{"xp_points":1},"site_level":"level_1"}"#).unwrap();
    assert_eq!(update.ignored, ["site_level"]);
    assert_eq!(update.features.unwrap().len(), 1);
}
