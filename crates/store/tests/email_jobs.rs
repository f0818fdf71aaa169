//! The email jobs of every engine.
#![allow(clippy::unwrap_used, reason = "tests")]

mod email_jobs_suite;

use std::sync::Arc;

use bellwether_store::EmailJobs;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use tempfile::TempDir;

async fn sqlite() -> (TempDir, Arc<dyn EmailJobs>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    let store = Sqlite::connect(file.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    (folder, Arc::new(store))
}

macro_rules! suite {
    ($($name:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let (_folder, jobs) = sqlite().await;
            email_jobs_suite::$name(jobs).await;
        }
    )*};
}

suite! {
    a_job_is_inserted_once_and_keeps_its_first_content,
    one_claim_at_a_time_and_a_forgotten_one_runs_out,
    of_many_who_claim_one_job_one_gets_it,
    a_retry_is_another_turn_and_the_old_one_is_over,
    a_claim_given_back_leaves_no_trace_but_its_reason,
    sent_is_sent_whatever_else_happened,
    what_is_parked_can_be_requeued_and_starts_over,
    what_is_due_comes_in_order_and_in_steps,
    jobs_are_counted_purged_and_erased,
}
