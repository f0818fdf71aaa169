//! How many requests are answered at once. One more is told so at once, rather than that all wait.

use std::sync::Arc;

use metrics::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// Counts the requests in flight, and bounds them.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    places: Arc<Semaphore>,
    gauge: Gauge,
}

/// A request's place; given back when dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    gauge: Gauge,
}

impl InFlight {
    pub(crate) fn new(most: usize) -> Self {
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { places, gauge: metrics::gauge!("bellwether_http_in_flight") }
    }

    /// A place for one more request.
    ///
    /// # Errors
    /// 503 where all are taken.
    pub(crate) fn enter(&self) -> Result<Place, Problem> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        let permit = permit.map_err(|_| {
            crate::metrics::refused("in_flight");
            Problem::unavailable("too many requests are being answered at the moment")
        })?;
        self.gauge.increment(1);
        Ok(Place { _permit: permit, gauge: self.gauge.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.decrement(1);
    }
}
