//! The relay from a real journal to sinks that fail as they please.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod archive;
#[path = "../builders/mod.rs"]
mod builders;
mod database;
mod delivery;
mod outages_of_s3;
mod promise;
mod pruning;
mod restoring;

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_store::journal::{Entry, Journal, JournalOptions};
use bellwether_store::relay::{Batching, RelayOptions, Sink, SinkError};
use tempfile::TempDir;
use tokio::sync::watch;

/// What a sink does with one delivery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    /// Takes it.
    Take,
    /// Takes nothing.
    Refuse,
    /// Takes all of it and then fails, as a connection does that breaks before the answer.
    TakeAndFail,
}

/// A sink that does as it is told, and takes everything after that.
pub(crate) struct Moody {
    name: &'static str,
    pub(crate) batching: Batching,
    moods: Mutex<VecDeque<Mood>>,
    poison: HashSet<u64>,
    /// Every seq taken, in the order of deliveries.
    taken: watch::Sender<Vec<u64>>,
}

impl Moody {
    pub(crate) fn new(name: &'static str, moods: impl IntoIterator<Item = Mood>) -> Self {
        Self {
            name,
            batching: Batching { limit: 10, linger: Duration::ZERO, fixed: false },
            moods: Mutex::new(moods.into_iter().collect()),
            poison: HashSet::new(),
            taken: watch::Sender::default(),
        }
    }

    pub(crate) fn poisoned_by(mut self, seqs: impl IntoIterator<Item = u64>) -> Self {
        self.poison.extend(seqs);
        self
    }

    pub(crate) fn taken(&self) -> Vec<u64> {
        self.taken.borrow().clone()
    }

    /// Waits until this many were taken.
    pub(crate) async fn takes(&self, count: usize) {
        self.taken.subscribe().wait_for(|taken| taken.len() >= count).await.unwrap();
    }
}

#[async_trait]
impl Sink for Moody {
    fn name(&self) -> &'static str {
        self.name
    }

    fn batching(&self) -> Batching {
        self.batching
    }

    async fn deliver(&self, entries: &[Entry]) -> Result<(), SinkError> {
        let mood = self.moods.lock().unwrap().pop_front().unwrap_or(Mood::Take);
        if mood == Mood::Refuse {
            return Err(SinkError::Later("away".to_owned()));
        }
        if let Some(entry) = entries.iter().find(|entry| self.poison.contains(&entry.seq)) {
            return Err(SinkError::Poison { seq: entry.seq, reason: "too odd".to_owned() });
        }
        self.taken.send_modify(|taken| taken.extend(entries.iter().map(|entry| entry.seq)));
        match mood {
            Mood::TakeAndFail => Err(SinkError::Later("broke off".to_owned())),
            _ => Ok(()),
        }
    }
}

/// Impatient, so that tests are quick.
pub(crate) fn options() -> RelayOptions {
    RelayOptions {
        backoff_first: Duration::from_millis(1),
        backoff_longest: Duration::from_millis(4),
        ..RelayOptions::default()
    }
}

pub(crate) async fn journal() -> (Arc<Journal>, PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, JournalOptions::default()).await.unwrap();
    (Arc::new(journal), path, folder)
}

pub(crate) async fn fill(journal: &Journal, numbers: std::ops::Range<u32>) {
    let all: Vec<_> = numbers.map(builders::record).collect();
    for chunk in all.chunks(1_000) {
        for outcome in futures_util::future::join_all(chunk.iter().map(|record| journal.append(record))).await
        {
            outcome.unwrap();
        }
    }
}
