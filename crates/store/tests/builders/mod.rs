//! Records to store, and places to store them.

#![allow(dead_code, reason = "each test binary uses some of it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bellwether_core::change::{
    Approval, Check, CheckName, Closed, Emergency, Histogram, Limits, Outcome, Proposal, ProposalKind,
    ProposalState, Replay, Rollout, Trial, TrialReport,
};
use bellwether_core::config::ConfigDocument;
use bellwether_core::prediction::{Answer, EmailOrder, LogRecord, RECORD_SCHEMA};
use bellwether_core::treatment::Treatment;
use bellwether_store::console::{NewAuditEntry, Step};
use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::{LoginDetails, NewConfigVersion, Role, User};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// Half past nine on some day.
pub(crate) fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_340_000 / 86_400 * 86_400 + 9 * 3600 + 1800, 123_456_000).unwrap()
}

/// A whole record, a millisecond later for each `n`, of a size like those in production.
pub(crate) fn record(n: u32) -> LogRecord {
    let at = morning() + Duration::milliseconds(i64::from(n));
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&at.timestamp_millis().to_be_bytes()[2..]);
    bytes[6] = 0x70;
    bytes[8] = 0x80;
    bytes[12..].copy_from_slice(&n.to_be_bytes());
    let Value::Object(mut input) =
        json!({"client_id": format!("client-{}", n % 10), "plan": "größer 'quoted'"})
    else {
        unreachable!()
    };
    for column in 0..40 {
        input.insert(format!("feature_{column}"), json!(f64::from(n) * 0.1 + f64::from(column) / 3.0));
    }
    let Value::Object(scores) = json!({"forest_1": 0.123_456_789_012_345_68, "boost_2": 1.0 / 3.0}) else {
        unreachable!()
    };
    LogRecord {
        schema: RECORD_SCHEMA,
        environment: "stage".to_owned(),
        replica: "api-0".to_owned(),
        logging_timestamp: at,
        client_id: Some(format!("client-{}", n % 10)),
        purpose: None,
        input,
        output: Answer {
            uid: Uuid::from_bytes(bytes),
            prediction: Some(0.1235),
            high_risk: Some("no".into()),
            ltv: 1_234.5 + f64::from(n) / 7.0,
            recent_times_id_seen: Some(3),
            response_time: 0.000_123_456_7,
            treatment: Treatment::Model,
            model: Some("forest_1".to_owned()),
            config_version: 7,
            imputed: vec!["tenure".to_owned()],
            ignored: Vec::new(),
            trial: None,
        },
        scores,
        cut_off: std::collections::BTreeMap::new(),
        heuristic: 0.1 + 0.2,
        arm: "forest_1".to_owned(),
        email: Some(EmailOrder { recipients: vec!["a@example.org".to_owned()], dedupe_key: None }),
        trace: None,
    }
}

/// A whole record of some moment; one a millisecond.
pub(crate) fn at(moment: DateTime<Utc>) -> LogRecord {
    let mut record = record(0);
    let mut bytes = record.output.uid.into_bytes();
    bytes[..6].copy_from_slice(&moment.timestamp_millis().to_be_bytes()[2..]);
    record.output.uid = Uuid::from_bytes(bytes);
    record.logging_timestamp = moment;
    record
}

/// Records `0..count`.
pub(crate) fn records(count: u32) -> Vec<LogRecord> {
    (0..count).map(record).collect()
}

/// A holdout's record, of nobody in particular.
pub(crate) fn holdout(n: u32) -> LogRecord {
    let mut record = record(n);
    record.client_id = None;
    record.email = None;
    record.output.treatment = Treatment::Holdout;
    record.output.prediction = None;
    record.output.high_risk = None;
    record.output.model = None;
    record.output.recent_times_id_seen = None;
    record
}

/// An open MySQL database.
pub(crate) async fn mysql(url: impl Into<String>) -> Mysql {
    let login = LoginDetails::of_url(url.into());
    Mysql::connect(Arc::new(login), MysqlOptions::default()).await.unwrap()
}

/// A document that differs by its cutoff.
pub(crate) fn document(cutoff: f64) -> ConfigDocument {
    ConfigDocument { proba_cutoff: cutoff, ..ConfigDocument::initial("forest_1") }
}

/// A version of `stage` that follows `parent`.
pub(crate) fn version(parent: Option<u64>, cutoff: f64) -> NewConfigVersion {
    NewConfigVersion {
        environment: "stage".to_owned(),
        parent,
        document: document(cutoff),
        author: "Zoë".to_owned(),
        reason: "because \"it\" works; DROP TABLE config_version".to_owned(),
        created_at: morning(),
        provenance: None,
        stage_report: None,
    }
}

/// A line of the audit log that tells of a test.
pub(crate) fn line() -> NewAuditEntry {
    NewAuditEntry {
        at: morning(),
        actor: "ann".to_owned(),
        action: "store.tested".to_owned(),
        subject: "the store".to_owned(),
        detail: json!({"why": "to see", "share": 0.1 + 0.2}),
    }
}

/// An editor.
pub(crate) fn user(name: &str) -> User {
    User {
        name: name.to_owned(),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        role: Role::Editor,
        created_at: morning(),
        disabled: false,
        email: None,
    }
}

/// The step that adds an editor.
pub(crate) fn add_user(name: &str) -> Step {
    Step::AddUser(user(name))
}

/// A proposal that was not added yet.
pub(crate) fn proposal(cutoff: f64) -> Proposal {
    let document = document(cutoff);
    Proposal {
        id: 0,
        revision: 0,
        state: ProposalState::Proposed,
        kind: ProposalKind::Revert { version: 3 },
        sha256: document.sha256().unwrap(),
        document,
        base: 7,
        author: "ann".to_owned(),
        edited_by: Some("bert".to_owned()),
        editors: ["bert", "cleo"].map(str::to_owned).into(),
        reason: "fewer emails".to_owned(),
        created_at: morning(),
        updated_at: morning(),
        trial: None,
        approval: None,
        emergency: None,
        rollout: None,
        closed: None,
    }
}

/// What no text should be, for those who store it: quotes, wildcards, comments, escapes, controls with NUL among
/// them, characters of four bytes, and spaces at the end.
pub(crate) const HOSTILE: &str = "'\"`; DROP TABLE users; -- /* %_ \\ \\' \r\n\t\u{0}\u{1}\u{7f} \u{feff}\u{202e} e\u{301} 🦀𝔘 \u{10ffff}  ";

/// A trial's report of a document, with hostile text wherever there is text.
pub(crate) fn report(sha256: &str, passed: bool) -> TrialReport {
    TrialReport {
        sha256: sha256.to_owned(),
        stage_version: Some(u64::MAX),
        bundles: BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]),
        begun_at: morning(),
        ended_at: morning(),
        passed,
        checks: vec![Check {
            name: CheckName::Shares,
            passed,
            summary: HOSTILE.to_owned(),
            findings: vec![HOSTILE.to_owned()],
        }],
        replay: Some(Replay {
            current_version: 7,
            inputs: 100,
            clients: 90,
            errors: 1,
            flipped_to_yes: 2,
            flipped_to_no: 3,
            high_risk_before: 0.1 + 0.2,
            high_risk_after: 1.0 / 3.0,
            before: Histogram::of(&[0.1, 0.9]),
            after: Histogram::default(),
            latency_p50_ms: 1e-9,
            latency_p99_ms: 123.456_789_012_345_67,
        }),
    }
}

/// A proposal to which everything has happened, with hostile text wherever there is text.
pub(crate) fn eventful() -> Proposal {
    let (by, at) = (HOSTILE.to_owned(), morning());
    let plain = proposal(0.1 + 0.2);
    Proposal {
        state: ProposalState::RolledBack,
        author: by.clone(),
        reason: by.clone(),
        trial: Some(Trial {
            by: by.clone(),
            begun_at: at,
            stage_version: Some(4),
            report: Some(report(&plain.sha256, true)),
        }),
        approval: Some(Approval { by: by.clone(), at }),
        emergency: Some(Emergency { by: by.clone(), reason: by.clone(), at }),
        rollout: Some(Rollout {
            version: 8,
            previous: 7,
            by: by.clone(),
            at,
            bake_seconds: Some(60),
            limits: Limits::default(),
            synced_at: Some(at),
            outcome: Some(Outcome::RolledBack { at, version: 9, reasons: vec![by.clone()] }),
            told_at: Some(at),
        }),
        closed: Some(Closed { by, at }),
        ..plain
    }
}
