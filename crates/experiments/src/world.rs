//! For tests: an environment's versions, and what its log would hold.

use bellwether_core::config::{Arm, ConfigDocument, ConfigVersion, Percentage};
use bellwether_core::prediction::LogRecord;
use bellwether_core::treatment::{Treatment, assign};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::experiment::{ExperimentOutline, ExperimentSpec};

/// A moment so many days after the beginning.
pub(crate) fn day(days: f64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "a few hundred days")]
    let milliseconds = (days * 86_400_000.0) as i64;
    start + TimeDelta::milliseconds(milliseconds)
}

/// A document with shares in percent; arms share alike.
pub(crate) fn document(salt: &str, holdout: u16, heuristic: u16, arms: &[&str]) -> ConfigDocument {
    let each = 10_000 / u16::try_from(arms.len()).unwrap();
    let arm = |model: &&str| Arm {
        model: (*model).to_owned(),
        percentage: Percentage::from_buckets(each).unwrap(),
    };
    ConfigDocument {
        arms: arms.iter().map(arm).collect(),
        experiment_salt: salt.to_owned(),
        holdout_percentage: Percentage::from_buckets(holdout * 100).unwrap(),
        heuristic_percentage: Percentage::from_buckets(heuristic * 100).unwrap(),
        ..ConfigDocument::initial("none")
    }
}

/// Versions 1, 2, … of these documents, live from these days on.
pub(crate) fn versions(documents: Vec<(f64, ConfigDocument)>) -> Vec<ConfigVersion> {
    let version = |(number, (from, document)): (u64, (f64, ConfigDocument))| ConfigVersion {
        environment: "prod".to_owned(),
        version: number,
        parent: number.checked_sub(1).filter(|parent| *parent > 0),
        sha256: document.sha256().unwrap(),
        document,
        author: "a person".to_owned(),
        reason: "a test".to_owned(),
        created_at: day(from),
        provenance: None,
    };
    (1..).zip(documents).map(version).collect()
}

/// What is asked about the first version's experiment.
pub(crate) fn spec(versions: &[ConfigVersion], as_of: f64) -> ExperimentSpec {
    let salt = versions[0].document.experiment_salt.clone();
    let outline = ExperimentOutline {
        environment: "prod".to_owned(),
        numbers: Vec::new(),
        from: versions[0].created_at,
        to: None,
        versions: versions.to_vec(),
        salt,
    };
    ExperimentSpec::of(&outline, day(as_of))
}

/// What the log would hold of a client under a version, with these scores.
pub(crate) fn record(version: &ConfigVersion, client: &str, at: f64, scores: &Value) -> LogRecord {
    let mut record = blank(version);
    predict(&mut record, version, client, at);
    record.scores = scores.as_object().unwrap().clone();
    record
}

/// A record that [`predict`] can fill.
pub(crate) fn blank(version: &ConfigVersion) -> LogRecord {
    serde_json::from_value(json!({
        "schema": 1, "environment": "prod", "replica": "api-0", "logging_timestamp": day(0.0), "client_id": "",
        "input": {}, "scores": {}, "heuristic": 0.5, "arm": version.document.arms[0].model,
        "output": {"uid": Uuid::nil(), "prediction": 0.5, "high_risk": "no", "ltv": 100.0,
                   "recent_times_id_seen": 0, "response_time": 0.001, "treatment": "model", "model": null,
                   "config_version": 1},
    }))
    .unwrap()
}

/// Makes a record that of a client under a version; answers the treatment.
pub(crate) fn predict(record: &mut LogRecord, version: &ConfigVersion, client: &str, at: f64) -> Treatment {
    let assigned = assign(&version.document, client);
    let arm = &version.document.arms[assigned.arm].model;
    record.logging_timestamp = day(at);
    let milliseconds = u128::try_from(record.logging_timestamp.timestamp_millis()).unwrap();
    let name: u128 = client.bytes().fold(7, |sum, byte| (sum * 31 + u128::from(byte)) & 0xffff_ffff_ffff);
    record.output.uid = Uuid::from_u128(milliseconds << 80 | 7 << 76 | 2 << 62 | name);
    record.client_id = Some(client.to_owned());
    record.output.treatment = assigned.treatment;
    record.output.model = (assigned.treatment == Treatment::Model).then(|| arm.clone());
    record.output.config_version = version.version;
    if assigned.treatment == Treatment::Holdout {
        record.output.high_risk = None;
        record.output.prediction = None;
    } else {
        record.output.high_risk = Some("no".into());
    }
    record.arm.clone_from(arm);
    assigned.treatment
}
