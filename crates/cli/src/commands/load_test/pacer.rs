//! When the next request is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Hands out the moments at which requests are due.
pub(super) enum Pacer {
    /// As soon as a connection is free, until the end.
    Closed {
        /// When no more are due.
        end: Instant,
    },
    /// Evenly, whether or not a connection is free.
    Open(OpenPacer),
}

/// Moments at a constant rate.
pub(super) struct OpenPacer {
    begin: Instant,
    rate: f64,
    total: u64,
    taken: AtomicU64,
    due: Arc<Semaphore>,
}

impl Pacer {
    /// Moments from now on for `span`: at `rate` a second, or whenever one of `connections` is free.
    pub(super) fn begin(rate: Option<f64>, span: Duration, connections: usize) -> Self {
        let begin = Instant::now();
        let Some(rate) = rate else { return Self::Closed { end: begin + span } };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a span times a rate")]
        let total = (span.as_secs_f64() * rate).ceil() as u64;
        let due = Arc::new(Semaphore::new(0));
        let pacer = OpenPacer { begin, rate, total, taken: AtomicU64::new(0), due: due.clone() };
        // A thread of its own: the runtime's timers are a millisecond coarse, which would show in the latencies.
        thread::spawn(move || release(begin, rate, total, connections, &due));
        Self::Open(pacer)
    }

    /// Waits for the next request to be due, and answers since when it is; `None` when there are no more.
    pub(super) async fn next(&self) -> Option<Instant> {
        match self {
            Self::Closed { end } => Some(Instant::now()).filter(|now| now < end),
            Self::Open(pacer) => pacer.next().await,
        }
    }
}

impl OpenPacer {
    async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        (number < self.total).then(|| moment(self.begin, self.rate, number))
    }
}

fn moment(begin: Instant, rate: f64, number: u64) -> Instant {
    begin + Duration::from_secs_f64(number as f64 / rate)
}

/// Lets requests go as they become due; at the end one more for each connection, so that each wakes and stops.
fn release(begin: Instant, rate: f64, total: u64, connections: usize, due: &Semaphore) {
    let mut released = 0;
    while released < total {
        let now = Instant::now();
        let mut ready = 0;
        while released < total && moment(begin, rate, released) <= now {
            released += 1;
            ready += 1;
        }
        due.add_permits(ready);
        thread::sleep(moment(begin, rate, released).saturating_duration_since(now));
    }
    due.add_permits(connections);
}
