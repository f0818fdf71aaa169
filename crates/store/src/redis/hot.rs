//! The connection of the request path: asked within a budget, and not at all while it does not answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use rand::RngExt as _;
use redis::{RedisError, RedisResult};

use super::breaker::Trouble;
use super::connection::SharedConnection;
use super::server::RedisServer;

/// Between two tries to connect, give or take a half.
const PAUSE: Duration = Duration::from_millis(300);
/// A connection that served for less is not replaced at once: it would fail again.
const SHORT_LIFE: Duration = Duration::from_secs(10);

/// One multiplexed connection behind a breaker. Too many calls that fail or are late, or one that loses the
/// connection, open the breaker: from then on calls are turned away at once, and one task alone tries to
/// connect, until a server answers. So a server that hangs costs few calls the budget, and then none.
pub(super) struct HotConnection {
    server: RedisServer,
    name: &'static str,
    live: ArcSwapOption<Live>,
    trouble: Trouble,
    warned: AtomicBool,
}

struct Live {
    connection: SharedConnection,
    since: Instant,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// Redis was not asked: the breaker is open.
    Skipped,
    /// The budget was spent.
    Late,
    /// Redis said no, or the connection was lost.
    Failed(RedisError),
}

impl HotConnection {
    /// Connects, or goes on trying in the background where that fails once. `name` is the breaker's in metrics.
    pub(super) async fn open(server: RedisServer, name: &'static str) -> Arc<Self> {
        let hot = Arc::new(Self {
            server,
            name,
            live: ArcSwapOption::empty(),
            trouble: Trouble::default(),
            warned: AtomicBool::new(false),
        });
        hot.gauge(true);
        if !Self::connect(&hot).await {
            hot.clone().connect_in_background(PAUSE);
        }
        hot
    }

    /// Asks Redis within the budget.
    pub(super) async fn call<T>(
        self: &Arc<Self>,
        ask: impl AsyncFnOnce(&mut SharedConnection) -> RedisResult<T>,
    ) -> Result<T, Unanswered> {
        let Some(live) = self.live.load_full() else {
            return Err(Unanswered::Skipped);
        };
        let mut connection = live.connection.clone();
        match tokio::time::timeout(self.server.options().budget, ask(&mut connection)).await {
            Ok(Ok(answer)) => {
                self.trouble.worked();
                Ok(answer)
            }
            Ok(Err(error)) => {
                if error.is_unrecoverable_error() || self.trouble.failed() {
                    self.part_with(&live);
                }
                Err(Unanswered::Failed(error))
            }
            Err(_) => {
                if self.trouble.failed() {
                    self.part_with(&live);
                }
                Err(Unanswered::Late)
            }
        }
    }

    /// Opens the breaker, unless that connection is gone already.
    fn part_with(self: &Arc<Self>, live: &Arc<Live>) {
        let before = self.live.compare_and_swap(live, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, live)) {
            self.gauge(true);
            tracing::warn!(breaker = self.name, "Redis is not asked until it answers again");
            let pause = if live.since.elapsed() < SHORT_LIFE { PAUSE } else { Duration::ZERO };
            self.clone().connect_in_background(pause);
        }
    }

    /// Never twice at once: it is started by whoever opened the breaker, and ends by closing it.
    fn connect_in_background(self: Arc<Self>, mut pause: Duration) {
        let (runtime, hot) = (self.server.runtime().clone(), Arc::downgrade(&self));
        runtime.spawn(async move {
            loop {
                let jitter = rand::rng().random_range(0.5..1.5);
                tokio::time::sleep(pause.mul_f64(jitter)).await;
                pause = PAUSE;
                match Weak::upgrade(&hot) {
                    Some(hot) if !Self::connect(&hot).await => {}
                    _ => return,
                }
            }
        });
    }

    /// Answers whether it closed the breaker.
    async fn connect(hot: &Arc<Self>) -> bool {
        match hot.server.shared().await {
            Ok(connection) => {
                hot.live.store(Some(Arc::new(Live { connection, since: Instant::now() })));
                hot.gauge(false);
                hot.warned.store(false, Ordering::Relaxed);
                true
            }
            Err(error) => {
                if !hot.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(breaker = hot.name, %error, "Redis cannot be reached for now");
                }
                false
            }
        }
    }

    fn gauge(&self, open: bool) {
        metrics::gauge!("bellwether_breaker_open", "name" => self.name).set(if open { 1.0 } else { 0.0 });
    }
}
