//! What every config store does with rows that somebody wrote past it.

use bellwether_core::config::ConfigDocument;
use bellwether_store::console::AuditEntry;
use bellwether_store::{ConfigStore, NewConfigVersion, StoreError, StoredVersion};
use sqlx::{Executor as _, MySqlConnection, SqliteConnection};
use tokio::sync::Mutex;

use crate::builders::{document, version};

/// Somebody's own connection to the store's database.
pub(crate) enum Somebody {
    Sqlite { connection: Mutex<SqliteConnection>, _folder: tempfile::TempDir },
    Mysql { connection: Mutex<MySqlConnection> },
}

impl Somebody {
    /// Runs a statement, which is the same on every engine.
    pub(crate) async fn run(&self, statement: String) {
        self.try_run(statement).await.unwrap();
    }

    /// Tries to.
    pub(crate) async fn try_run(&self, statement: String) -> Result<(), sqlx::Error> {
        let statement = sqlx::AssertSqlSafe(statement);
        match self {
            Self::Sqlite { connection, .. } => connection.lock().await.execute(statement).await.map(drop),
            Self::Mysql { connection } => connection.lock().await.execute(statement).await.map(drop),
        }
    }

    /// Takes away what keeps the audit log's lines as they are, as somebody may who owns the file.
    pub(crate) async fn unlock_the_log(&self) {
        if matches!(self, Self::Sqlite { .. }) {
            self.run("DROP TRIGGER audit_log_is_never_changed".to_owned()).await;
            self.run("DROP TRIGGER audit_log_is_never_cut".to_owned()).await;
        }
    }

    /// A line's time as its column holds it.
    pub(crate) fn time(&self, line: &AuditEntry) -> String {
        let format = if matches!(self, Self::Sqlite { .. }) {
            "%Y-%m-%dT%H:%M:%S%.6f+00:00"
        } else {
            "%Y-%m-%d %H:%M:%S%.6f"
        };
        format!("'{}'", line.at.format(format))
    }

    /// Writes a row, which holds no quotes but those of JSON.
    async fn write(&self, version: u64, document: &str, sha256: &str) {
        let parent = version - 1;
        self.run(format!(
            "INSERT INTO config_version
               (environment, version, parent, document, sha256, author, reason, created_at)
             VALUES ('stage', {version}, {parent}, '{document}', '{sha256}', 'root', 'quick', '2026-11-22 09:30:00')"
        ))
        .await;
    }
}

async fn first(store: &impl ConfigStore) -> StoredVersion {
    store.append(version(None, 0.65)).await.unwrap().into()
}

fn sha256(json: &str) -> String {
    serde_json::from_str::<ConfigDocument>(json)
        .map_or_else(|_| "ab".repeat(32), |document| document.sha256().unwrap())
}

pub(crate) async fn a_poisoned_row_is_told_with_every_reason(store: &impl ConfigStore, somebody: &Somebody) {
    let first = first(store).await;
    let poisons: [(&str, &[&str]); 5] = [
        (
            r#"{"arms":[{"model":"a","percentage":100}],"color":"red","proba_cutoff":"7"}"#,
            &["color", "proba_cutoff"],
        ),
        (r#"{"arms":[{"model":"a","percentage":100}],"proba_cutoff":7}"#, &["proba_cutoff"]),
        (r#"{"arms":[{"model":"a","percentage":60},{"model":"b","percentage":30}]}"#, &["arms"]),
        ("arms: []", &["document"]),
        ("", &["document"]),
    ];
    for (version, (text, fields)) in (2..).zip(poisons) {
        somebody.write(version, text, &sha256(text)).await;
        let live = store.live("stage").await.unwrap().unwrap();
        assert_eq!((live.version, live.parent, &*live.author), (version, Some(version - 1), "root"));
        assert_eq!(store.version("stage", version).await.unwrap().as_ref(), Some(&live));
        let unreadable = live.document.clone().unwrap_err();
        assert_eq!(unreadable.text, text);
        assert_eq!(unreadable.reasons.len(), fields.len(), "{:?}", unreadable.reasons);
        for field in fields {
            let named = |reason: &String| reason.starts_with(&format!("{field}: "));
            assert!(unreadable.reasons.iter().any(named), "{field}: {:?}", unreadable.reasons);
        }
        let refused = live.readable().unwrap_err();
        assert!(matches!(&refused, StoreError::Corrupt { what, .. } if what.contains(&version.to_string())));
    }
    let history = store.history("stage", 10).await.unwrap();
    assert_eq!(history.iter().map(|line| line.version).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1]);
    assert_eq!(history.last(), Some(&first), "a good version is told between poisoned ones");
}

pub(crate) async fn a_document_that_was_changed_beneath_its_sha256_is_unreadable(
    store: &impl ConfigStore,
    somebody: &Somebody,
) {
    first(store).await;
    let text = serde_json::to_string(&document(0.7)).unwrap();
    somebody.write(2, &text, &sha256(&text)).await;
    let good = store.live("stage").await.unwrap().unwrap().readable().unwrap();
    assert_eq!((good.version, good.document), (2, document(0.7)), "written past us, but whole");
    somebody.write(3, &text, &"ab".repeat(32)).await;
    let unreadable = store.live("stage").await.unwrap().unwrap().document.unwrap_err();
    assert_eq!(unreadable.reasons.len(), 1);
    assert!(unreadable.reasons[0].starts_with("sha256: "), "{:?}", unreadable.reasons);
    somebody.write(4, r#"{"arms":[],"proba_cutoff":7}"#, "").await;
    let unreadable = store.live("stage").await.unwrap().unwrap().document.unwrap_err();
    let fields: Vec<_> =
        unreadable.reasons.iter().filter_map(|why| why.split_once(": ")).map(|(field, _)| field).collect();
    assert_eq!(fields, ["proba_cutoff", "arms", "arms", "sha256"]);
}

pub(crate) async fn a_poisoned_version_can_be_followed_by_a_good_one(
    store: &impl ConfigStore,
    somebody: &Somebody,
) {
    let first = first(store).await;
    somebody.write(2, "arms: []", "").await;
    let mended = NewConfigVersion { document: first.document.unwrap(), ..version(Some(2), 0.65) };
    assert_eq!(store.append(mended).await.unwrap().version, 3);
    assert!(store.live("stage").await.unwrap().unwrap().document.is_ok());
}

pub(crate) async fn a_newer_build_s_provenance_keeps_nobody_from_serving(
    store: &impl ConfigStore,
    somebody: &Somebody,
) {
    first(store).await;
    let json = r#"{"origin":"dice","throws":3}"#;
    somebody.run(format!("UPDATE config_version SET provenance = '{json}', stage_report = '{json}'")).await;
    let live = store.live("stage").await.unwrap().unwrap();
    assert_eq!(live.provenance, None);
    assert_eq!(live.readable().unwrap().document, document(0.65));
    assert!(matches!(store.stage_report("stage", 1).await, Err(StoreError::Corrupt { .. })));
}

/// SQLite takes values of any kind in any column.
pub(crate) async fn a_value_that_is_none_is_told_by_its_column(
    store: &impl ConfigStore,
    somebody: &Somebody,
) {
    first(store).await;
    let text = serde_json::to_string(&document(0.7)).unwrap();
    somebody.write(2, &text, &sha256(&text)).await;
    let columns = "created_at = 'yesterday', parent = -1, author = CAST(x'ff' AS TEXT)";
    somebody.run(format!("UPDATE config_version SET {columns} WHERE version = 2")).await;
    let unreadable = store.live("stage").await.unwrap().unwrap().document.unwrap_err();
    let fields: Vec<_> = unreadable.reasons.iter().filter_map(|why| why.split(": ").next()).collect();
    assert_eq!(fields, ["parent", "author", "created_at"], "{:?}", unreadable.reasons);
}
