//! One suite that every storage engine passes. An engine is plugged in by the macro of the concern it
//! implements and a function that answers an empty store, and something that keeps it alive.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../builders/mod.rs"]
mod builders;
#[macro_use]
mod suite;
mod archive;
mod archive_in_s3;
mod clients;
mod config_store;
mod email_jobs;
mod prediction_log;
mod sightings;
mod users;

mod sqlite {
    use bellwether_store::Database as _;
    use bellwether_store::sqlite::{Sqlite, SqliteOptions};

    async fn empty() -> (Sqlite, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/test.db");
        let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
        sqlite.migrate().await.unwrap();
        (sqlite, folder)
    }

    config_store_conformance!(empty);
    prediction_log_conformance!(empty);
    clients_conformance!(empty);
    users_conformance!(empty);
    email_jobs_conformance!(empty);
}

mod memory {
    use bellwether_store::memory::MemorySightings;

    async fn empty() -> (MemorySightings, ()) {
        (MemorySightings::default(), ())
    }

    sightings_conformance!(empty);
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
