//! Hits, misses, budgets and failures, over clients that answer when they are told to.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, watch};

use super::*;
use crate::ClientRow;

/// Knows `known` (5.0); answers a query for each permit; fails while `broken`.
struct Slow {
    queries: watch::Sender<usize>,
    permits: Semaphore,
    broken: AtomicUsize,
}

impl Slow {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            queries: watch::Sender::new(0),
            permits: Semaphore::new(permits),
            broken: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Clients for Slow {
    async fn ltv(&self, client_id: &str) -> Result<Option<f64>, StoreError> {
        self.queries.send_modify(|queries| *queries += 1);
        self.permits.acquire().await.unwrap().forget();
        if self.broken.load(Ordering::SeqCst) > 0 {
            return Err(StoreError::Unavailable("away".into()));
        }
        Ok((client_id == "known").then_some(5.0))
    }
    async fn all_ltv(&self, limit: u32) -> Result<Vec<(String, f64)>, StoreError> {
        Ok((0..limit).map(|n| (n.to_string(), f64::from(n))).collect())
    }
    async fn features(&self, _: &str) -> Result<Option<Map<String, Value>>, StoreError> {
        Ok(None)
    }
    async fn upsert(&self, _: &[ClientRow]) -> Result<u64, StoreError> {
        Ok(0)
    }
    async fn sample_ids(&self, _: u32) -> Result<Vec<String>, StoreError> {
        Ok(vec![])
    }
    async fn count(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn erase_features(&self, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn cache(clients: &Arc<Slow>, budget: Duration, loads: usize) -> LtvCache {
    let options = LtvCacheOptions { budget, loads, ..LtvCacheOptions::default() };
    LtvCache::new(clients.clone(), options)
}

fn lookup(value: f64, source: LtvSource) -> LtvLookup {
    LtvLookup { value, source }
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_value_is_loaded_once_and_so_is_the_absence_of_one() {
    let clients = Slow::new(10);
    let cache = cache(&clients, LONG, 8);
    assert_eq!(cache.get("known").await, lookup(5.0, LtvSource::Loaded));
    assert_eq!(cache.get("known").await, lookup(5.0, LtvSource::Cached));
    assert_eq!(cache.get("nobody").await, lookup(0.0, LtvSource::Loaded));
    assert_eq!(cache.get("nobody").await, lookup(0.0, LtvSource::Cached));
    assert_eq!(*clients.queries.borrow(), 2);
}

#[tokio::test]
async fn past_the_budget_0_is_answered_and_loading_goes_on() {
    let clients = Slow::new(0);
    let cache = cache(&clients, SHORT, 8);
    assert_eq!(cache.get("known").await, lookup(0.0, LtvSource::Late));
    clients.queries.subscribe().wait_for(|queries| *queries == 1).await.unwrap();
    clients.permits.add_permits(1);
    // The load that was begun puts the value there: no second query is made.
    let never = std::future::pending::<Result<f64, StoreError>>();
    let loaded = cache.values.try_get_with_by_ref("known", never).await.unwrap();
    assert!((loaded - 5.0).abs() < f64::EPSILON);
    assert_eq!(cache.get("known").await, lookup(5.0, LtvSource::Cached));
    assert_eq!(*clients.queries.borrow(), 1);
}

#[tokio::test]
async fn concurrent_misses_of_one_client_are_one_query() {
    let clients = Slow::new(0);
    let cache = cache(&clients, LONG, 100);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get("known").await })
        })
        .collect();
    clients.queries.subscribe().wait_for(|queries| *queries == 1).await.unwrap();
    clients.permits.add_permits(50);
    for task in tasks {
        assert!((task.await.unwrap().value - 5.0).abs() < f64::EPSILON);
    }
    assert_eq!(*clients.queries.borrow(), 1);
}

#[tokio::test]
async fn a_database_that_fails_answers_0_and_is_asked_again() {
    let clients = Slow::new(10);
    clients.broken.store(1, Ordering::SeqCst);
    let cache = cache(&clients, LONG, 8);
    assert_eq!(cache.get("known").await, lookup(0.0, LtvSource::Failed));
    clients.broken.store(0, Ordering::SeqCst);
    assert_eq!(cache.get("known").await, lookup(5.0, LtvSource::Loaded));
}

#[tokio::test]
async fn a_database_that_hangs_gathers_no_more_loads_than_allowed() {
    let clients = Slow::new(0);
    let cache = cache(&clients, SHORT, 3);
    for client in 0..20 {
        assert_eq!(cache.get(&client.to_string()).await, lookup(0.0, LtvSource::Late));
    }
    assert_eq!(*clients.queries.borrow(), 3);
}

#[tokio::test]
async fn warming_loads_ahead() {
    let clients = Slow::new(0);
    let cache = cache(&clients, SHORT, 8);
    assert_eq!(cache.warm(3).await.unwrap(), 3);
    assert_eq!(cache.get("2").await, lookup(2.0, LtvSource::Cached));
}
