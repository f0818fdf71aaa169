//! One suite that every storage engine passes. An engine is plugged in by the macro of the concern it
//! implements and a function that answers an empty store, and something that keeps it alive.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../builders/mod.rs"]
mod builders;
#[macro_use]
mod suite;
mod archive;
mod archive_in_s3;
mod audit_log;
mod clients;
mod config_changes;
mod config_store;
mod console_tokens;
mod database;
mod drift_days;
mod email_jobs;
mod golden_payloads;
mod idempotency;
mod ledger;
mod login_guard;
mod outcomes;
mod poisoned_config;
mod prediction_log;
mod proposals;
mod redis;
mod replicas;
mod sessions;
mod sightings;
mod standing;
mod users;

mod sqlite {
    use bellwether_store::Database as _;
    use bellwether_store::sqlite::{Sqlite, SqliteOptions};
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::SqliteConnectOptions;
    use tokio::sync::Mutex;

    use crate::poisoned_config::Somebody;

    async fn fresh() -> (Sqlite, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/test.db");
        let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
        (sqlite, folder)
    }

    async fn empty() -> (Sqlite, tempfile::TempDir) {
        let (sqlite, folder) = fresh().await;
        sqlite.migrate().await.unwrap();
        (sqlite, folder)
    }

    async fn beside() -> (Sqlite, Somebody) {
        let (sqlite, folder) = empty().await;
        let options = SqliteConnectOptions::new().filename(folder.path().join("data/test.db"));
        let connection = Mutex::new(options.connect().await.unwrap());
        (sqlite, Somebody::Sqlite { connection, _folder: folder })
    }

    database_conformance!(fresh);
    config_store_conformance!(empty);
    poisoned_config_conformance!(beside);
    prediction_log_conformance!(empty);
    outcomes_conformance!(empty);
    drift_days_conformance!(empty);
    clients_conformance!(empty);
    users_conformance!(empty);
    email_jobs_conformance!(empty);
    replicas_conformance!(empty);
    idempotency_conformance!(empty);
    console_conformance!(empty, beside);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lines_of_two_processes_are_one_chain() {
        let (one, folder) = empty().await;
        let path = folder.path().join("data/test.db");
        let other = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
        crate::audit_log::lines_of_two_processes_are_one_chain(&one, &other).await;
    }

    mod of_any_kind {
        use super::beside;

        poisoned_config_conformance!(beside, a_value_that_is_none_is_told_by_its_column);
        tampered_log_conformance!(beside, a_line_cannot_be_changed_by_mistake);
    }
}

mod mysql {
    use bellwether_store::Database as _;
    use bellwether_store::mysql::Mysql;
    use sqlx::ConnectOptions as _;
    use sqlx::mysql::MySqlConnectOptions;
    use tokio::sync::Mutex;

    use crate::builders::mysql;
    use crate::poisoned_config::Somebody;

    async fn fresh() -> (Mysql, ()) {
        (mysql(bellwether_testkit::mariadb::fresh_database().await).await, ())
    }

    async fn empty() -> (Mysql, ()) {
        let (mysql, ()) = fresh().await;
        mysql.migrate().await.unwrap();
        (mysql, ())
    }

    async fn beside() -> (Mysql, Somebody) {
        let url = bellwether_testkit::mariadb::fresh_database().await;
        let mysql = mysql(url.clone()).await;
        mysql.migrate().await.unwrap();
        let options: MySqlConnectOptions = url.parse().unwrap();
        (mysql, Somebody::Mysql { connection: Mutex::new(options.connect().await.unwrap()) })
    }

    /// The log as it is after a while: with a partition for each day there is.
    async fn partitioned() -> (Mysql, ()) {
        let (mysql, ()) = empty().await;
        let begun = crate::builders::morning() - chrono::TimeDelta::days(2);
        mysql.prepare_days(begun).await.unwrap();
        (mysql, ())
    }

    database_conformance!(fresh);
    config_store_conformance!(empty);
    poisoned_config_conformance!(beside);
    prediction_log_conformance!(empty);
    outcomes_conformance!(empty);
    drift_days_conformance!(empty);
    clients_conformance!(empty);
    users_conformance!(empty);
    email_jobs_conformance!(empty);
    replicas_conformance!(empty);
    idempotency_conformance!(empty);
    console_conformance!(empty, beside);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lines_of_two_processes_are_one_chain() {
        let url = bellwether_testkit::mariadb::fresh_database().await;
        let (one, other) = (mysql(url.clone()).await, mysql(url).await);
        one.migrate().await.unwrap();
        crate::audit_log::lines_of_two_processes_are_one_chain(&one, &other).await;
    }

    mod by_day {
        use super::partitioned;

        prediction_log_conformance!(partitioned);
    }
}

mod memory {
    use bellwether_store::memory::{MemoryConfigChanges, MemorySightings};

    async fn empty() -> (MemorySightings, ()) {
        (MemorySightings::default(), ())
    }

    async fn silent() -> (MemoryConfigChanges, ()) {
        (MemoryConfigChanges::default(), ())
    }

    sightings_conformance!(empty);
    config_changes_conformance!(silent);
}

/// Against one server, a server with TLS and a password, and clusters without and with both.
macro_rules! redis_conformance {
    ($($name:ident: $start:expr),+ $(,)?) => {$(
        mod $name {
            use bellwether_store::redis::{RedisConfigChanges, RedisSightings};

            async fn empty() -> (RedisSightings, crate::redis::Kept) {
                let (server, kept) = crate::redis::reach($start).await;
                (RedisSightings::open(server).await, kept)
            }

            async fn silent() -> (RedisConfigChanges, crate::redis::Kept) {
                let (server, kept) = crate::redis::reach($start).await;
                (RedisConfigChanges::new(server), kept)
            }

            sightings_conformance!(empty);
            config_changes_conformance!(silent);
        }
    )+};
}

redis_conformance! {
    redis_standalone: crate::redis::Kind::Standalone,
    redis_tls_and_password: crate::redis::Kind::TlsAndPassword,
    redis_cluster: crate::redis::Kind::Cluster,
    redis_cluster_tls_and_password: crate::redis::Kind::ClusterTlsAndPassword,
}

mod folder {
    use bellwether_store::archive::FolderArchive;

    async fn empty() -> (FolderArchive, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (FolderArchive::new(folder.path().join("archive")), folder)
    }

    archive_conformance!(empty);
}

mod s3 {
    use crate::archive_in_s3::empty;

    archive_conformance!(empty);
}
