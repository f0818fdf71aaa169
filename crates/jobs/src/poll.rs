//! When an apalis worker with nothing to do looks again.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Interval, MissedTickBehavior};

/// Wakes the worker at every tick, and at once when something was pushed in this process.
///
/// apalis's own interval strategy loses wake-ups: it replaces its timer when one fires and never polls
/// the new one, so an idle worker sleeps until its next heartbeat. Here both sources are polled until
/// they are pending, which is what registers the waker.
pub(crate) struct TickOrPush {
    tick: Interval,
    pushed: Arc<Notify>,
    next_push: Pin<Box<OwnedNotified>>,
}

impl TickOrPush {
    /// Looks every `period`, and whenever `pushed` notifies its waiters. To be made within a runtime.
    pub(crate) fn new(period: Duration, pushed: Arc<Notify>) -> Self {
        let mut tick = tokio::time::interval(period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let next_push = Box::pin(pushed.clone().notified_owned());
        Self { tick, pushed, next_push }
    }
}

impl PollStrategy for TickOrPush {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        while self.tick.poll_tick(cx).is_ready() {}
        while self.next_push.as_mut().poll(cx).is_ready() {
            self.next_push = Box::pin(self.pushed.clone().notified_owned());
        }
        Poll::Pending
    }
}

impl fmt::Debug for TickOrPush {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TickOrPush").field("tick", &self.tick.period()).finish_non_exhaustive()
    }
}
