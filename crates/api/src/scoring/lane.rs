//! A lane: the few threads on which one model scores for clients that it does not answer. What it does there,
//! late or never, costs nobody more than the wait that was agreed. Which rows go where is decided elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use bellwether_core::bundle::Bundle;
use bellwether_core::model::ScoreError;
use bellwether_core::prediction::CutOff;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// Calls that wait for a lane's threads, at most: a few rounds of what a busy server has in flight.
const WAITING: usize = 256;
/// A lane has a thread a core, but no more than these.
const MAX_THREADS: usize = 4;

/// What a lane runs: rows in, a probability for each.
pub(super) trait Scores: Send + Sync {
    /// As [`bellwether_core::model::Scorer::score`].
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError>;
}

impl Scores for Bundle {
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        self.scorer().score(rows)
    }
}

/// One model's lane. Its threads end when it is dropped; one that hangs ends whenever it comes back.
pub(super) struct Lane {
    calls: SyncSender<Call>,
    /// How many calls somebody gave up waiting for, and that have not come back.
    overdue: Arc<AtomicUsize>,
}

struct Call {
    rows: Vec<f32>,
    count: usize,
    stage: Arc<Stage>,
    answer: oneshot::Sender<Result<Vec<f32>, CutOff>>,
}

/// How far a call has come: waited for, then given up or done, whichever is first.
#[derive(Default)]
struct Stage(AtomicU8);

const WAITED_FOR: u8 = 0;
const GIVEN_UP: u8 = 1;
const DONE: u8 = 2;

/// A call that is under way.
pub(super) struct Waiting {
    answer: oneshot::Receiver<Result<Vec<f32>, CutOff>>,
    stage: Arc<Stage>,
    overdue: Arc<AtomicUsize>,
}

impl Lane {
    /// A lane with threads of its own, named for the model.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn begin(model: &str, scores: &Arc<impl Scores + 'static>) -> std::io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let (calls, waiting) = sync_channel(WAITING);
        let (waiting, overdue) = (Arc::new(Mutex::new(waiting)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..threads {
            let (waiting, overdue, scores) = (waiting.clone(), overdue.clone(), scores.clone());
            std::thread::Builder::new()
                .name(format!("lane {model}"))
                .spawn(move || work(&waiting, &overdue, &*scores))?;
        }
        Ok(Self { calls, overdue })
    }

    /// Hands `count` rows to the model.
    ///
    /// # Errors
    /// [`CutOff::Busy`], at once, while the lane is full or a call is overdue.
    pub(super) fn send(&self, rows: Vec<f32>, count: usize) -> Result<Waiting, CutOff> {
        if self.overdue.load(Ordering::Acquire) > 0 {
            return Err(CutOff::Busy);
        }
        let (answer, answered) = oneshot::channel();
        let stage = Arc::new(Stage::default());
        let call = Call { rows, count, stage: stage.clone(), answer };
        self.calls.try_send(call).map_err(|_| CutOff::Busy)?;
        Ok(Waiting { answer: answered, stage, overdue: self.overdue.clone() })
    }
}

impl Waiting {
    /// The probabilities, one a row, if they come by `deadline`. From then on, until the call comes back, the
    /// lane takes no other.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn until(mut self, deadline: Instant) -> Result<Vec<f32>, CutOff> {
        if let Ok(answered) = timeout_at(deadline, &mut self.answer).await {
            return answered.unwrap_or(Err(CutOff::Panicked));
        }
        // Counted first: the thread takes back what it finds given up.
        self.overdue.fetch_add(1, Ordering::AcqRel);
        if self.stage.turn(GIVEN_UP) == WAITED_FOR {
            return Err(CutOff::Late);
        }
        self.overdue.fetch_sub(1, Ordering::AcqRel);
        // It was done at the last moment: the answer is there, or will be in the next.
        self.answer.await.unwrap_or(Err(CutOff::Panicked))
    }
}

impl Stage {
    /// Turns a call that is waited for into something else; answers what it was.
    fn turn(&self, into: u8) -> u8 {
        let turned = self.0.compare_exchange(WAITED_FOR, into, Ordering::AcqRel, Ordering::Acquire);
        turned.unwrap_or_else(|was| was)
    }

    fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Acquire) == GIVEN_UP
    }
}

/// A thread of a lane: one call after another until the lane is dropped.
fn work(waiting: &Mutex<Receiver<Call>>, overdue: &AtomicUsize, scores: &dyn Scores) {
    loop {
        // One thread waits for a call at a time, and the others for their turn to.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(call) = next else { return };
        // What nobody waits for any more is not worth an inference.
        let scored = if call.stage.is_given_up() { Err(CutOff::Late) } else { scored(scores, &call) };
        if call.stage.turn(DONE) == GIVEN_UP {
            overdue.fetch_sub(1, Ordering::AcqRel);
        }
        // Whoever asked may have gone.
        let _ = call.answer.send(scored);
    }
}

fn scored(scores: &dyn Scores, call: &Call) -> Result<Vec<f32>, CutOff> {
    match catch_unwind(AssertUnwindSafe(|| scores.score(&call.rows))) {
        Ok(Ok(probabilities)) if probabilities.len() == call.count => Ok(probabilities),
        Ok(Err(ScoreError::Panicked(_))) | Err(_) => Err(CutOff::Panicked),
        Ok(_) => Err(CutOff::Failed),
    }
}
