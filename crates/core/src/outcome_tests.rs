use super::*;

fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00.123456789Z".parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn faults(body: &str) -> Vec<(String, String)> {
    match Outcome::parse(body.as_bytes(), now()) {
        Err(InvalidOutcome::Fields(faults)) => faults.into_iter().map(|f| (f.field, f.message)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_statement_is_read_whole() {
    let body = r#" {"client_id": "c\u00e91", "id": "crm-7", "churned": false, "more": [[{}]],
        "occurred_at": "2026-11-01T10:00:00.5+02:00", "corrected_at": "2026-11-02"} "#;
    let expected = Outcome {
        client_id: "cé1".to_owned(),
        id: "crm-7".to_owned(),
        churned: Some(false),
        occurred_at: at("2026-11-01T08:00:00.5Z"),
        corrected_at: at("2026-11-02T00:00:00Z"),
    };
    assert_eq!(Outcome::parse(body.as_bytes(), now()).unwrap(), expected);
}

#[test]
fn what_is_left_out_has_a_meaning() {
    let body =
        r#"{"client_id": "c", "churned": null, "occurred_at": "2026-11-01T10:00:00+02:00", "id": null}"#;
    let outcome = Outcome::parse(body.as_bytes(), now()).unwrap();
    assert_eq!((outcome.id.as_str(), outcome.churned), ("2026-11-01T08:00:00Z", None));
    assert_eq!(outcome.corrected_at, at("2026-11-30T12:00:00.123456Z"), "when it was received");
    let same = r#"{"client_id": "c", "churned": true, "occurred_at": "2026-11-01T08:00:00.000Z"}"#;
    assert_eq!(Outcome::parse(same.as_bytes(), now()).unwrap().id, outcome.id, "the moment, not its writing");
}

#[test]
fn a_leap_second_and_nanoseconds_are_what_every_store_keeps() {
    let read = |text: &str| {
        let body = format!(r#"{{"client_id": "c", "churned": true, "occurred_at": "{text}"}}"#);
        Outcome::parse(body.as_bytes(), now()).unwrap().occurred_at
    };
    assert_eq!(read("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
    assert_eq!(read("2016-12-31T23:59:59.123456999Z"), at("2016-12-31T23:59:59.123456Z"));
}

#[test]
fn every_field_at_fault_is_named() {
    let told = faults(
        r#"{"client_id": 7, "id": "", "churned": "yes", "occurred_at": "yesterday", "corrected_at": 5}"#,
    );
    let fields: Vec<_> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, FIELDS);
    let missing =
        ["client_id", "churned", "occurred_at"].map(|field| (field.to_owned(), "is missing".to_owned()));
    assert_eq!(faults("{}"), missing);
    assert_eq!(faults(r#"{"client_id": null, "churned": true, "occurred_at": "2026-11-01"}"#), missing[..1]);
}

#[test]
fn moments_that_cannot_be_are_refused() {
    let told = |text: &str| {
        let body = format!(r#"{{"client_id": "c", "churned": true, "occurred_at": "{text}"}}"#);
        faults(&body).pop().unwrap().1
    };
    for text in ["2026-02-30", "2026-11-01T10:00:00", "1", "", "2026-11-01T25:00:00Z", "99999-01-01"] {
        assert_eq!(told(text), TIME, "{text}");
    }
    assert_eq!(told("1899-12-31"), "expected a moment from 1900-01-01 on");
    assert_eq!(told("2026-12-02"), "lies in the future");
}

#[test]
fn what_is_no_object_and_what_is_no_json_are_told_apart() {
    for body in ["[]", "7", "\"x\"", "null"] {
        assert_eq!(faults(body), [("body".to_owned(), "expected a JSON object".to_owned())], "{body}");
    }
    let deep = format!("{{\"client_id\": {}", "[".repeat(100_000));
    for body in ["", "{", "{\"a\":NaN}", "{} {}", "{\"client_id\":\"\\ud800\"", deep.as_str()] {
        let error = Outcome::parse(body.as_bytes(), now()).unwrap_err();
        assert!(matches!(error, InvalidOutcome::NotJson(_)), "{:?}", &body[..body.len().min(40)]);
    }
    assert!(matches!(Outcome::parse(b"{\"client_id\": \"\xff\"}", now()), Err(InvalidOutcome::NotJson(_))));
}

#[test]
fn a_field_given_twice_and_names_that_are_too_long_or_hold_controls_are_refused() {
    let twice = r#"{"client_id": "a", "client_id": "b", "churned": true, "occurred_at": "2026-11-01"}"#;
    assert_eq!(faults(twice), [("client_id".to_owned(), "is given twice".to_owned())]);
    for id in ["x".repeat(129), "a\\nb".to_owned()] {
        let body =
            format!(r#"{{"client_id": "c", "id": "{id}", "churned": true, "occurred_at": "2026-11-01"}}"#);
        assert_eq!(faults(&body)[0].0, "id");
    }
}
