use super::*;

const GOOD: &str = r#"{"arms":[{"model":"a","percentage":33.33},{"model":"b","percentage":66.67}]}"#;

fn fields_at_fault(json: &str) -> Vec<String> {
    ConfigDocument::parse(json).unwrap_err().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_document_of_arms_alone_has_the_defaults() {
    let document = ConfigDocument::parse(GOOD).unwrap();
    assert!((document.proba_cutoff - 0.65).abs() < f64::EPSILON);
    assert_eq!(document.email, EmailPolicy::HighRisk);
    assert_eq!(document.recent_window_seconds, 86_400);
}

#[test]
fn a_document_survives_being_written_and_read() {
    let document = ConfigDocument::parse(GOOD).unwrap();
    let again = ConfigDocument::parse(&serde_json::to_string(&document).unwrap()).unwrap();
    assert_eq!(document, again);
    assert_eq!(document.sha256().unwrap(), again.sha256().unwrap());
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let faults = ConfigDocument::parse(r#"{"arms":[],"cutoff":0.7}"#).unwrap_err();
    assert_eq!(faults[0].field, "cutoff");
    assert!(faults[0].message.contains("unknown field `cutoff`"), "{faults:?}");
}

#[test]
fn fields_that_cannot_be_read_do_not_hide_one_another_nor_those_that_break_a_rule() {
    let json = r#"{"arms":[{"model":"a","percentage":100},{"model":"b","share":1}],"color":"red",
        "proba_cutoff":7,"shadow":"a","holdout_percentage":101}"#;
    let mut fields = fields_at_fault(json);
    fields.sort();
    assert_eq!(fields, ["arms[1].share", "color", "holdout_percentage", "proba_cutoff", "shadow"]);
    assert_eq!(fields_at_fault(r#"{"proba_cutoff":7}"#), ["arms", "proba_cutoff"]);
}

#[test]
fn a_text_that_is_no_document_is_at_fault_as_a_whole() {
    let twice = GOOD.replace(r#"{"arms""#, r#"{"proba_cutoff":0.5,"proba_cutoff":0.6,"arms""#);
    for text in ["", "arms: []", "[]", "7", "{}", &twice] {
        assert_eq!(fields_at_fault(text), ["document"], "{text}");
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let json = r#"{"arms":[{"model":"a","percentage":60},{"model":"a","percentage":30}],"proba_cutoff":7,
        "shadow":["a"],"recent_window_seconds":0,"experiment_salt":"","email_recipients":["nobody"],
        "heuristic_percentage":60,"holdout_percentage":60}"#;
    let fields = fields_at_fault(json);
    let expected = [
        "proba_cutoff",
        "arms",
        "arms[1].model",
        "shadow[0]",
        "heuristic_percentage",
        "experiment_salt",
        "recent_window_seconds",
        "email_recipients[0]",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn percentages_finer_than_a_hundredth_are_refused() {
    assert_eq!(fields_at_fault(r#"{"arms":[{"model":"a","percentage":99.999}]}"#), ["arms[0].percentage"]);
    assert!(Percentage::try_from(0.01).is_ok());
    assert!(Percentage::try_from(-0.01).is_err());
    assert!(Percentage::try_from(f64::NAN).is_err());
}

#[test]
fn documents_from_before_there_were_limits_of_drift_keep_their_hash() {
    let document = ConfigDocument::parse(GOOD).unwrap();
    let stored = serde_json::to_string(&document).unwrap();
    let expected = concat!(
        r#"{"schema":1,"proba_cutoff":0.65,"arms":[{"model":"a","percentage":33.33},"#,
        r#"{"model":"b","percentage":66.67}],"shadow":[],"heuristic_percentage":0,"holdout_percentage":0,"#,
        r#""experiment_salt":"bellwether","email":"high_risk","recent_window_seconds":86400}"#
    );
    assert_eq!(stored, expected);
    assert_eq!((document.drift_limits(), document.outcome_window()), (DriftLimits::default(), 30));
}

#[test]
fn limits_that_are_left_out_stand_at_their_defaults() {
    let json = GOOD.replace(r#"{"arms""#, r#"{"drift":{"psi":0.3},"outcome_window_days":90,"arms""#);
    let document = ConfigDocument::parse(&json).unwrap();
    assert_eq!(document.drift_limits(), DriftLimits { psi: 0.3, ..DriftLimits::default() });
    assert_eq!(document.outcome_window(), 90);
    let again = ConfigDocument::parse(&serde_json::to_string(&document).unwrap()).unwrap();
    assert_eq!(document, again);
}

#[test]
fn limits_that_make_no_sense_are_named_each_by_its_path() {
    let json = GOOD.replace(
        r#"{"arms""#,
        r#"{"drift":{"psi":-1,"ks":1.5,"cramers_v":2,"missing_change":-0.1,"unseen_share":7,"minimum_rows":0},
            "outcome_window_days":0,"contact_value":{"contact_cost":-1,"kept_share":1.01},"arms""#,
    );
    let expected = [
        "drift.psi",
        "drift.ks",
        "drift.cramers_v",
        "drift.missing_change",
        "drift.unseen_share",
        "drift.minimum_rows",
        "outcome_window_days",
        "contact_value.contact_cost",
        "contact_value.kept_share",
    ];
    assert_eq!(fields_at_fault(&json), expected);
    let with = |more: &str| fields_at_fault(&GOOD.replace(r#"{"arms""#, &format!(r#"{{{more},"arms""#)));
    assert_eq!(with(r#""drift":{"psi":"much"}"#), ["drift.psi"]);
    assert_eq!(with(r#""drift":{"slope":1}"#), ["drift.slope"]);
    assert_eq!(with(r#""contact_value":{"contact_cost":1}"#), ["contact_value"]);
    assert_eq!(with(r#""outcome_window_days":366"#), ["outcome_window_days"]);
}
