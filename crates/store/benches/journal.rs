//! What an append costs: alone and among 256 callers, and in both sync modes. Prints the percentiles of
//! single appends beside criterion's figures, which are of whole rounds.

#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may panic")]

#[path = "../tests/builders/mod.rs"]
mod builders;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwether_store::journal::{Journal, JournalOptions, JournalSync};
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::join_all;
use tokio::runtime::Runtime;

/// Appends `rounds` times from each of `callers` tasks; answers how long each append took.
async fn round(journal: &Arc<Journal>, callers: u32, rounds: u32) -> Vec<Duration> {
    let tasks = (0..callers).map(|caller| {
        let journal = journal.clone();
        tokio::spawn(async move {
            let record = builders::record(caller);
            let mut took = Vec::new();
            for _ in 0..rounds {
                let started = Instant::now();
                journal.append(&record).await.unwrap();
                took.push(started.elapsed());
            }
            took
        })
    });
    join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

fn appends(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for sync in [JournalSync::Os, JournalSync::Disk] {
        for callers in [1, 256] {
            let folder = tempfile::tempdir_in(".").unwrap();
            let options = JournalOptions { sync, ..JournalOptions::default() };
            let path = folder.path().join("journal.db");
            let journal = Arc::new(runtime.block_on(Journal::open(&path, options)).unwrap());
            let rounds = if callers == 1 { 5_000 } else { 100 };
            let started = Instant::now();
            let mut took = runtime.block_on(round(&journal, callers, rounds));
            let rate = took.len() as f64 / started.elapsed().as_secs_f64();
            took.sort_unstable();
            let [p50, p99, p999] = [500, 990, 999].map(|part| took[took.len() * part / 1_000]);
            println!(
                "{sync:?}, {callers} callers: p50 {p50:?}, p99 {p99:?}, p99.9 {p999:?}, {rate:.0} a second"
            );
            criterion.bench_function(&format!("append/{sync:?}/{callers}"), |bencher| {
                bencher.iter(|| runtime.block_on(round(&journal, callers, 1)));
            });
            runtime.block_on(journal.close()).unwrap();
        }
    }
}

criterion_group! {
    name = journal;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = appends
}
criterion_main!(journal);
