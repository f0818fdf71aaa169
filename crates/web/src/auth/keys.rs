//! The keys that tokens are checked with, kept up to date beside the requests.
//!
//! One task reads the set, on a schedule and when it is asked to; so reads never overlap. A request only
//! asks, and waits a bounded time. Keys that were read once stay until newer ones are there.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::jwks::{Found, Key, KeySet};
use super::key_source::KeySource;
use super::{AuthError, Refusal};

/// An unknown key asks anew so often at most, or anybody could make us call the issuer at will.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// A request waits so long for keys, at most.
const WAIT: Duration = Duration::from_secs(2);
/// A source that is away is tried again after this, doubling up to the usual interval.
const FIRST_RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Keys {
    source: KeySource,
    current: ArcSwapOption<KeySet>,
    reads: watch::Sender<Read>,
    wanted: Notify,
    /// How long a set is believed.
    believed: Duration,
}

/// The last read of the set.
#[derive(Debug, Clone, Copy)]
struct Read {
    begun: Instant,
    /// How many have ended.
    ended: u64,
    running: bool,
}

impl Keys {
    /// Reads the set, and keeps it up to date until `stop`.
    ///
    /// # Errors
    /// Where it is a file that cannot be used. A URL may be away for a while; a file that is not there is
    /// a mistake.
    pub(super) async fn begin(
        source: KeySource,
        believed: Duration,
        stop: &CancellationToken,
    ) -> Result<Arc<Self>, AuthError> {
        let read = Read { begun: Instant::now(), ended: 0, running: false };
        let (reads, _) = watch::channel(read);
        let wanted = Notify::new();
        let keys = Arc::new(Self { source, current: ArcSwapOption::empty(), reads, wanted, believed });
        if let (Err(why), Some(path)) = (keys.read().await, keys.source.file()) {
            return Err(AuthError::File { path: path.display().to_string(), why });
        }
        tokio::spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&keys).keep()));
        Ok(keys)
    }

    /// The key that a token names. One that is unknown is asked for.
    ///
    /// # Errors
    /// [`Refusal::KeysAway`] while no set was ever read; [`Refusal::WrongToken`] where there is no such key.
    pub(super) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<Key>, Refusal> {
        let mut found = self.look(id, algorithm);
        if matches!(found, Some(Found::Unknown) | None) {
            self.ask_anew().await;
            found = self.look(id, algorithm);
        }
        match found {
            Some(Found::Key(key)) => Ok(key),
            Some(Found::Unfit) => Err(Refusal::WrongToken("the token's key is not for its algorithm")),
            Some(Found::Unknown) => Err(Refusal::WrongToken("the token's key is unknown")),
            None => Err(Refusal::KeysAway),
        }
    }

    fn look(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Found> {
        self.current.load().as_ref().map(|set| set.find(id, algorithm))
    }

    /// Has the set read, unless that was done just now, and waits for it.
    async fn ask_anew(&self) {
        let mut reads = self.reads.subscribe();
        let seen = *reads.borrow_and_update();
        if !seen.running {
            if seen.begun.elapsed() < ASK_EVERY {
                return;
            }
            self.wanted.notify_one();
        }
        // Where it takes longer, the request is answered with the keys there are.
        let _ = tokio::time::timeout(WAIT, reads.wait_for(|read| read.ended > seen.ended)).await;
    }

    async fn keep(self: Arc<Self>) {
        let usual = self.source.interval(self.believed);
        let mut retry = FIRST_RETRY;
        let mut next = Instant::now() + if self.current.load().is_some() { usual } else { retry };
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.wanted.notified() => {
                    // Two requests may have asked for the same read.
                    if self.reads.borrow().begun.elapsed() < ASK_EVERY {
                        continue;
                    }
                }
            }
            match self.read().await {
                Ok(()) => retry = FIRST_RETRY,
                Err(_) => retry = (retry * 2).min(usual),
            }
            let pause = if retry == FIRST_RETRY { usual } else { retry };
            next = Instant::now() + pause;
        }
    }

    async fn read(&self) -> Result<(), String> {
        self.reads.send_modify(|read| *read = Read { begun: Instant::now(), running: true, ..*read });
        let outcome = self.source.read().await;
        let label = if outcome.is_ok() { "ok" } else { "failed" };
        metrics::counter!("bellwether_jwks_reads_total", "outcome" => label).increment(1);
        let outcome = match outcome {
            Ok(set) => {
                self.current.store(Some(Arc::new(set)));
                Ok(())
            }
            Err(why) => {
                let have = self.current.load().is_some();
                tracing::warn!(why, have, "the key set for tokens cannot be had; keys that are there stay");
                Err(why)
            }
        };
        self.reads.send_modify(|read| *read = Read { ended: read.ended + 1, running: false, ..*read });
        outcome
    }
}
