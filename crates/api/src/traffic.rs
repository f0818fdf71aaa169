//! Counts what is answered since a config version went live. Counting takes no lock; whoever wants to know reads
//! a [`Traffic`] from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use bellwether_core::prediction::Answer;
use bellwether_store::Traffic;
use bellwether_web::auth::PURPOSE_HEADER;
use chrono::{DateTime, Utc};

use crate::live::Live;

/// Where predictions are answered.
const ROUTES: [&str; 2] = ["/predict", "/predict/batch"];

/// The counters of one version's time.
#[derive(Debug)]
pub(crate) struct TrafficCount {
    version: u64,
    since: DateTime<Utc>,
    answered: AtomicU64,
    failed: AtomicU64,
    high_risk: AtomicU64,
    without_prediction: AtomicU64,
    latency: [AtomicU64; Traffic::BUCKETS],
}

impl TrafficCount {
    pub(crate) fn begin(version: u64, since: DateTime<Utc>) -> Self {
        Self {
            version,
            since,
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            high_risk: AtomicU64::new(0),
            without_prediction: AtomicU64::new(0),
            latency: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Counts an answer, and how long it took where it has a time of its own. An answer of another version, which
    /// was under way when this one went live, is not this one's.
    pub(crate) fn answered(&self, answer: &Answer, took: Option<Duration>) {
        if answer.config_version != self.version {
            return;
        }
        one_more(&self.answered);
        if answer.high_risk.as_deref() == Some("yes") {
            one_more(&self.high_risk);
        }
        if answer.prediction.is_none() {
            one_more(&self.without_prediction);
        }
        if let Some(bucket) = took.and_then(|took| self.latency.get(Traffic::bucket(took))) {
            one_more(bucket);
        }
    }

    /// Counts an answer that failed.
    pub(crate) fn failed(&self) {
        one_more(&self.failed);
    }

    /// What was counted so far. What is counted meanwhile may be in one number and not yet in another.
    pub(crate) fn told(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            version: self.version,
            since: self.since,
            answered: read(&self.answered),
            failed: read(&self.failed),
            high_risk: read(&self.high_risk),
            without_prediction: read(&self.without_prediction),
            latency: self.latency.iter().map(read).collect(),
        }
    }
}

fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Middleware around the [`Face`](bellwether_web::Face), which answers too: counts predictions that were asked for
/// and answered with a 5xx. Rows of a batch that fail by themselves are their route's to count.
///
/// # Errors
/// Whatever comes from within.
pub(crate) async fn count_failures<B: MessageBody + 'static>(
    live: Arc<Live>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_prediction = ROUTES.contains(&request.path()) && request.method() == Method::POST;
    // The header alone tells here: who may not use it is turned away by it, and that is no 5xx.
    let is_for_a_client = !request.headers().contains_key(PURPOSE_HEADER);
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let failed = is_prediction && is_for_a_client && status.is_server_error();
    if let Some(traffic) = live.traffic().filter(|_| failed) {
        traffic.failed();
    }
    outcome
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
