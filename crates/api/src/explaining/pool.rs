//! A few threads with a bounded queue before them. What does not fit is refused at once, and what nobody
//! waits for any more is not begun. The threads stand back where the processor is short.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// How far the threads stand back, as `nice` has it: where a core is wanted by another thread, theirs is a
/// tenth of it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// The threads end when the pool is dropped, after what they are at and what is queued.
pub(super) struct Pool {
    jobs: SyncSender<Job>,
}

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The queue is full.
    Full,
    /// It panicked.
    Stopped,
}

impl Pool {
    /// Starts `threads` threads (1 or more), for which `queue` jobs (1 or more) may wait.
    ///
    /// # Errors
    /// Where the system gives no more threads.
    pub(super) fn start(name: &str, threads: usize, queue: usize) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for thread in 0..threads {
            let waiting = Arc::clone(&waiting);
            let builder = std::thread::Builder::new().name(format!("{name}-{thread}"));
            builder.spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs })
    }

    /// Has `job` done and gives what it answers. Dropping the future takes back a job that has not begun.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            if !answer.is_closed() {
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(job());
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Disconnected(_) => Refused::Stopped,
        })?;
        answered.await.map_err(|_| Refused::Stopped)
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    stand_back();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a job panicked; its thread goes on");
        }
    }
}

/// Only Linux knows a niceness of single threads; elsewhere the whole process would stand back.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "these threads take as much of the processor as any other");
    }
}
