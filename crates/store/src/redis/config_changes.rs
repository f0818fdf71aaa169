//! Word of config changes over Redis's messages.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use rand::RngExt as _;
use redis::RedisResult;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::time::{Interval, MissedTickBehavior, timeout};

use super::access::PATIENCE;
use super::errors::store_error;
use super::server::RedisServer;
use crate::{ConfigChanges, StoreError};

/// Between two tries to listen anew, give or take a half.
const PAUSE: Duration = Duration::from_millis(300);
/// How often a silent connection is asked whether it is one still.
const CHECK: Duration = Duration::from_secs(5);

/// Tells and hears of config changes through Redis, in a cluster too.
#[derive(Clone)]
pub struct RedisConfigChanges {
    server: RedisServer,
}

impl RedisConfigChanges {
    /// Messages over this Redis; connects when first used.
    pub fn new(server: RedisServer) -> Self {
        Self { server }
    }

    fn channel(&self, environment: &str) -> String {
        format!("{}:config-changed:{environment}", self.server.options().prefix)
    }
}

#[async_trait]
impl ConfigChanges for RedisConfigChanges {
    async fn announce(&self, environment: &str) -> Result<(), StoreError> {
        let mut connection = self.server.pooled().await.map_err(store_error)?;
        let mut message = redis::cmd("PUBLISH");
        message.arg(self.channel(environment)).arg("");
        message.query_async::<()>(&mut connection).await.map_err(store_error)
    }

    fn listen(&self, environment: &str) -> BoxStream<'static, ()> {
        let listener =
            Listener { server: self.server.clone(), channel: self.channel(environment), ear: None };
        Box::pin(stream::unfold(listener, async |mut listener| {
            listener.next().await;
            Some(((), listener))
        }))
    }
}

struct Listener {
    server: RedisServer,
    channel: String,
    ear: Option<Ear>,
}

/// One connection, while it lasts.
struct Ear {
    sink: PubSubSink,
    messages: PubSubStream,
    check: Interval,
}

impl Listener {
    /// Returns at a message; and when it listens anew, since a message may have been missed until then.
    async fn next(&mut self) {
        if let Some(ear) = &mut self.ear {
            if ear.hears(&self.channel).await {
                return;
            }
            tracing::warn!("the connection for config changes is lost: it is made anew");
            self.ear = None;
        }
        loop {
            match Ear::open(&self.server, &self.channel).await {
                Ok(ear) => {
                    self.ear = Some(ear);
                    return;
                }
                Err(error) => tracing::debug!(%error, "config changes cannot be listened to for now"),
            }
            let jitter = rand::rng().random_range(0.5..1.5);
            tokio::time::sleep(PAUSE.mul_f64(jitter)).await;
        }
    }
}

impl Ear {
    async fn open(server: &RedisServer, channel: &str) -> RedisResult<Self> {
        let (sink, messages) = server.messages(channel).await?;
        let mut check = tokio::time::interval(CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        check.reset();
        Ok(Self { sink, messages, check })
    }

    /// Answers true at a message, false once the connection is lost.
    async fn hears(&mut self, channel: &str) -> bool {
        loop {
            tokio::select! {
                message = self.messages.next() => return message.is_some(),
                _ = self.check.tick() => {
                    // Subscribing again changes nothing, and only a live connection confirms it: one that is cut
                    // off without a word would be waited on for good.
                    if !matches!(timeout(PATIENCE, self.sink.subscribe(channel)).await, Ok(Ok(()))) {
                        return false;
                    }
                }
            }
        }
    }
}
