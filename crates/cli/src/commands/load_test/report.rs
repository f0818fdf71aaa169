//! What was measured, as it is written and read again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The report's format.
pub(super) const SCHEMA: u32 = 1;

/// One load test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The format.
    pub schema: u32,
    /// What was called.
    pub url: String,
    /// When it began, in UTC.
    pub at: DateTime<Utc>,
    /// As what the calls were marked.
    pub purpose: Option<String>,
    /// Requests due a second; none where each connection asked again as soon as it was answered.
    pub offered_rate: Option<f64>,
    /// Where the bodies were from.
    pub payloads: String,
    /// How long each level ran before it was measured.
    pub warm_up_seconds: f64,
    /// How long each level was measured.
    pub duration_seconds: f64,
    /// One for each number of connections.
    pub levels: Vec<Level>,
}

/// What was measured over some connections. Requests count that were due within the level's time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Level {
    /// How many.
    pub connections: usize,
    /// Requests, answered or failed.
    pub requests: u64,
    /// Answers with status 200 that arrived, a second.
    pub rate: f64,
    /// Of answers with status 200, in milliseconds; none where there was none.
    pub latency_ms: Option<Latency>,
    /// Requests that failed, by how.
    pub errors: BTreeMap<String, u64>,
    /// The processor time that the load test itself took, in cores.
    pub client_cpu: Option<f64>,
    /// Second by second.
    pub timeline: Vec<Second>,
}

/// Latencies in milliseconds, from when a request was due to the last byte of its answer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// On average.
    pub mean: f64,
    /// Of half the answers, at most.
    pub p50: f64,
    /// Of 90 %.
    pub p90: f64,
    /// Of 99 %.
    pub p99: f64,
    /// Of 99.9 %.
    pub p99_9: f64,
    /// Of all.
    pub max: f64,
}

/// The requests that were due within one second.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Second {
    /// Which second, from 0.
    pub at: u64,
    /// Answers with status 200.
    pub answers: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Latency of 99 % of the answers, in milliseconds.
    pub p99_ms: Option<f64>,
}

impl Report {
    /// How many requests failed, over all levels.
    pub(super) fn errors(&self) -> u64 {
        self.levels.iter().map(Level::failed).sum()
    }

    /// The level of that many connections.
    pub(super) fn level(&self, connections: usize) -> Option<&Level> {
        self.levels.iter().find(|level| level.connections == connections)
    }
}

impl Level {
    /// What it is called: `8 connections`.
    pub(super) fn name(&self) -> String {
        connections(self.connections)
    }

    /// How many requests failed.
    pub(super) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// A number of connections in words.
pub(super) fn connections(number: usize) -> String {
    if number == 1 { "1 connection".to_owned() } else { format!("{number} connections") }
}
