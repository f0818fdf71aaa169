//! The pool: what is refused, what is taken back, what survives.

use std::sync::mpsc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::pool::{Pool, Refused};

const PATIENCE: Duration = Duration::from_secs(20);

/// A job that says that it has begun and waits to be let go.
fn gate() -> (impl FnOnce() + Send + 'static, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (begin, begun) = mpsc::channel();
    let (let_go, may_go) = mpsc::channel();
    let job = move || {
        begin.send(()).unwrap();
        // The other end may be dropped: that lets go too.
        let _ = may_go.recv_timeout(PATIENCE);
    };
    (job, begun, let_go)
}

/// Hands a job in, without waiting for it.
fn begin<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> Option<F::Output> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_refused_at_once_and_the_rest_is_done() {
    let pool = Pool::start("test", 1, 2).unwrap();
    let (job, begun, let_go) = gate();
    let mut running = Box::pin(pool.run(job));
    assert!(begin(&mut running).is_none());
    begun.recv_timeout(PATIENCE).unwrap();
    let mut waiting: Vec<_> = (0..2).map(|number| Box::pin(pool.run(move || number))).collect();
    assert!(waiting.iter_mut().all(|job| begin(job).is_none()));
    assert_eq!(begin(&mut Box::pin(pool.run(|| 9))), Some(Err(Refused::Full)));
    let_go.send(()).unwrap();
    running.await.unwrap();
    for (number, job) in waiting.into_iter().enumerate() {
        assert_eq!(job.await, Ok(number));
    }
    assert_eq!(pool.run(|| 9).await, Ok(9), "there is room again");
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let pool = Pool::start("test", 1, 2).unwrap();
    let (job, begun, let_go) = gate();
    let mut running = Box::pin(pool.run(job));
    assert!(begin(&mut running).is_none());
    begun.recv_timeout(PATIENCE).unwrap();
    let (done, was_done) = mpsc::channel();
    let mut given_up = Box::pin(pool.run(move || done.send(())));
    assert!(begin(&mut given_up).is_none());
    drop(given_up);
    let_go.send(()).unwrap();
    running.await.unwrap();
    pool.run(|| ()).await.unwrap();
    assert_eq!(was_done.try_recv(), Err(mpsc::TryRecvError::Disconnected), "it was dropped undone");
}

#[tokio::test]
async fn a_job_that_panics_is_told_and_its_thread_goes_on() {
    let pool = Pool::start("test", 1, 2).unwrap();
    let panics = || -> u8 { panic!("on purpose") };
    assert_eq!(pool.run(panics).await, Err(Refused::Stopped));
    assert_eq!(pool.run(|| 1_u8).await, Ok(1));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_threads_stand_back_and_no_other_does() {
    let pool = Pool::start("test", 1, 2).unwrap();
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    assert_eq!(pool.run(niceness).await, Ok(10));
    assert!(niceness() < 10, "the caller's own is as it was");
}
