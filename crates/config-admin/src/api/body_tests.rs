//! Every field at fault is named, and nothing is taken that was not asked for.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Map, Value};

use super::*;

fn fields(body: &str) -> Fields {
    Fields::of(serde_json::from_str(body).unwrap(), String::new())
}

fn faults(fields: Fields) -> Vec<(String, String)> {
    let problem = serde_json::to_value(fields.finish(None::<()>).unwrap_err()).unwrap();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors.iter().map(|error| (text(&error["field"]), text(&error["message"]))).collect()
}

#[test]
fn what_is_missing_wrong_twice_or_unknown_is_named_at_once() {
    let mut fields = fields(r#"{"reason": 7, "base": 1, "base": 2, "drop table": null}"#);
    let _: Option<u64> = fields.required("revision");
    let _: Option<String> = fields.required("reason");
    assert_eq!(fields.required::<u64>("base"), Some(1));
    let told = faults(fields);
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["base", "revision", "reason", "drop table"]);
    assert_eq!(told[2].1, "invalid type: integer `7`, expected a string");
}

#[test]
fn a_document_at_fault_is_told_by_its_own_paths_beside_the_other_fields() {
    let body = r#"{"document": {"proba_cutoff": 7, "arms": [{"model": "a", "percentage": 90}], "x": 1}}"#;
    let mut fields = fields(body);
    assert_eq!(fields.document("document"), None);
    let _: Option<u64> = fields.required("revision");
    let names: Vec<_> = faults(fields).into_iter().map(|(name, _)| name).collect();
    for name in ["x", "proba_cutoff", "arms", "revision"] {
        assert!(names.iter().any(|told| told == name), "{name} is not among {names:?}");
    }
}

#[test]
fn what_is_within_a_field_is_named_by_its_path() {
    let mut fields = fields(r#"{"bake": {"seconds": "ten", "minutes": 1}}"#);
    let read = fields.within("bake", |bake| bake.optional::<u64>("seconds"));
    assert_eq!(read, None);
    let names: Vec<_> = faults(fields).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["bake.seconds", "bake.minutes"]);
}

#[test]
fn texts_come_through_exactly() {
    let nasty = "'; DROP TABLE proposals; -- <script>alert(1)</script> \u{202e} \u{0} 𝕏";
    let body = serde_json::json!({ "reason": nasty, "payload": { nasty: nasty } }).to_string();
    let mut fields = fields(&body);
    let read = (fields.required::<String>("reason"), fields.required::<Map<String, Value>>("payload"));
    let (Some(reason), Some(payload)) = read else { panic!("not read") };
    assert_eq!((reason.as_str(), &payload[nasty]), (nasty, &Value::from(nasty)));
    assert!(fields.finish(Some(())).is_ok());
}
