//! Lifetime values on the way of a prediction: from memory, or within a small budget, or 0.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::{Clients, StoreError};

/// How the cache is bounded.
#[derive(Debug, Clone, Copy)]
pub struct LtvCacheOptions {
    /// How long a value is kept; default a day.
    pub time_to_live: Duration,
    /// The most clients kept; default 1,000,000, about 100 bytes each.
    pub entries: u64,
    /// How long a prediction waits for a value that is not here; default 2 ms.
    pub budget: Duration,
    /// The most loads under way; past it a miss answers 0 at once. Default 64.
    pub loads: usize,
}

impl Default for LtvCacheOptions {
    fn default() -> Self {
        Self {
            time_to_live: Duration::from_secs(24 * 3600),
            entries: 1_000_000,
            budget: Duration::from_millis(2),
            loads: 64,
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LtvSource {
    /// It was here.
    Cached,
    /// It was loaded within the budget.
    Loaded,
    /// It was not loaded in time, and is 0 for now; loading goes on.
    Late,
    /// It could not be loaded, and is 0 for now.
    Failed,
}

impl LtvSource {
    fn as_str(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Loaded => "loaded",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

/// A client's lifetime value as far as it could be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LtvLookup {
    /// The value; 0 where the client has none, or where it could not be told in time.
    pub value: f64,
    /// Where it comes from.
    pub source: LtvSource,
}

/// Lifetime values by client, those of unknown clients (0) too. Clones share the values.
#[derive(Clone)]
pub struct LtvCache {
    clients: Arc<dyn Clients>,
    values: Cache<String, f64>,
    loads: Arc<Semaphore>,
    budget: Duration,
}

impl LtvCache {
    /// An empty cache over `clients`.
    pub fn new(clients: Arc<dyn Clients>, options: LtvCacheOptions) -> Self {
        Self {
            clients,
            values: Cache::builder().max_capacity(options.entries).time_to_live(options.time_to_live).build(),
            loads: Arc::new(Semaphore::new(options.loads)),
            budget: options.budget,
        }
    }

    /// A client's value; returns within the budget, and never fails.
    pub async fn get(&self, client_id: &str) -> LtvLookup {
        self.look_up(client_id, None).await
    }

    /// The same for one of many that are asked together and wait for each other: it takes its turn among the loads,
    /// and returns within `patience`.
    pub async fn get_in_turn(&self, client_id: &str, patience: Duration) -> LtvLookup {
        self.look_up(client_id, Some(patience)).await
    }

    async fn look_up(&self, client_id: &str, patience: Option<Duration>) -> LtvLookup {
        let lookup = match self.values.get(client_id).await {
            Some(value) => LtvLookup { value, source: LtvSource::Cached },
            None => self.load(client_id, patience).await,
        };
        metrics::counter!("bellwether_ltv_lookups_total", "source" => lookup.source.as_str()).increment(1);
        lookup
    }

    /// Loads up to `limit` known values ahead; answers how many.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read; the cache works all the same.
    pub async fn warm(&self, limit: u32) -> Result<usize, StoreError> {
        let known = self.clients.all_ltv(limit).await?;
        let count = known.len();
        for (client_id, value) in known {
            self.values.insert(client_id, value).await;
        }
        Ok(count)
    }

    /// Loads in a task of its own, which goes on when the budget is spent. Loads of one client are one.
    async fn load(&self, client_id: &str, patience: Option<Duration>) -> LtvLookup {
        let nothing = |source| LtvLookup { value: 0.0, source };
        // A database that hangs must not gather tasks without end.
        let loads = self.loads.clone();
        let deadline = Instant::now() + patience.unwrap_or(self.budget);
        let permit = match patience {
            None => loads.try_acquire_owned().ok(),
            Some(_) => timeout_at(deadline, loads.acquire_owned()).await.ok().and_then(Result::ok),
        };
        let Some(permit) = permit else { return nothing(LtvSource::Late) };
        let (clients, values, id) = (self.clients.clone(), self.values.clone(), client_id.to_owned());
        let loading = tokio::spawn(async move {
            let _permit = permit;
            let read = async { clients.ltv(&id).await.map(Option::unwrap_or_default) };
            let loaded = values.try_get_with_by_ref(id.as_str(), read).await;
            loaded.inspect_err(|error| tracing::warn!(%error, "a lifetime value cannot be loaded"))
        });
        match timeout_at(deadline, loading).await {
            Err(_) => nothing(LtvSource::Late),
            Ok(Ok(Ok(value))) => LtvLookup { value, source: LtvSource::Loaded },
            Ok(_) => nothing(LtvSource::Failed),
        }
    }
}

#[cfg(test)]
#[path = "ltv_cache_tests.rs"]
mod tests;
