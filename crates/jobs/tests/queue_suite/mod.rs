//! What every queue engine has to pass. An engine's test file makes queues and calls these.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_jobs::{Entry, Handled, JobHandler, JobQueue, Ticket, Work, WorkerName, supervise};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Turns checks into tests of the queue that a function makes, with something that keeps it alive.
macro_rules! suite {
    ($queue:ident, $($name:ident $(($argument:expr))?),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let (_kept, queue) = $queue().await;
            suite::$name(queue $(, $argument)?).await;
        }
    )*};
}

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

type Act = Box<dyn Fn(Ticket) -> Option<Handled> + Send + Sync>;

/// Reports each delivery, then does what the test says.
struct Told {
    deliveries: mpsc::UnboundedSender<(Ticket, DateTime<Utc>)>,
    act: Act,
}

#[async_trait]
impl JobHandler for Told {
    async fn handle(&self, ticket: Ticket) -> Handled {
        self.deliveries.send((ticket, Utc::now())).ok();
        match (self.act)(ticket) {
            Some(handled) => handled,
            None => std::future::pending().await,
        }
    }
}

pub(crate) struct Running {
    pub(crate) deliveries: mpsc::UnboundedReceiver<(Ticket, DateTime<Utc>)>,
    stop: CancellationToken,
    work: JoinHandle<Result<(), bellwether_jobs::WorkError>>,
}

#[allow(dead_code, reason = "each engine's tests use their part")]
impl Running {
    pub(crate) async fn next(&mut self) -> (Ticket, DateTime<Utc>) {
        let next = timeout(PATIENCE, self.deliveries.recv()).await;
        next.expect("a delivery within a minute").expect("a live worker")
    }

    /// What is delivered from here on goes there.
    pub(crate) fn take_deliveries(&mut self) -> mpsc::UnboundedReceiver<(Ticket, DateTime<Utc>)> {
        std::mem::replace(&mut self.deliveries, mpsc::unbounded_channel().1)
    }

    /// Ends without a farewell, as by kill -9.
    pub(crate) fn die(&self) {
        self.work.abort();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.work.await.unwrap().unwrap();
    }
}

/// Starts a worker whose handler answers by `act`; `None` never ends.
pub(crate) fn start(
    queue: Arc<dyn JobQueue>,
    concurrency: usize,
    act: impl Fn(Ticket) -> Option<Handled> + Send + Sync + 'static,
) -> Running {
    let (sender, deliveries) = mpsc::unbounded_channel();
    let act = Box::new(act);
    let stop = CancellationToken::new();
    let handler = Arc::new(Told { deliveries: sender, act });
    let work = Work::new(handler, concurrency, stop.clone());
    let work = tokio::spawn(async move { supervise(queue, "suite", work, PATIENCE).await });
    Running { deliveries, stop, work }
}

pub(crate) fn tickets(count: usize) -> Vec<Ticket> {
    (0..count).map(|_| Ticket::new(Uuid::now_v7(), 0)).collect()
}

pub(crate) fn due(tickets: &[Ticket]) -> Vec<Entry> {
    tickets.iter().copied().map(Entry::now).collect()
}

pub(crate) async fn until_empty(queue: &Arc<dyn JobQueue>) {
    let begun = Instant::now();
    loop {
        let depth = queue.depth().await.unwrap();
        if depth.waiting + depth.taken == 0 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "still {depth:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn a_backlog_drains_each_ticket_once(queue: Arc<dyn JobQueue>, size: usize) {
    let tickets = tickets(size);
    let begun = Instant::now();
    queue.push(&due(&tickets)).await.unwrap();
    let pushed = begun.elapsed();
    assert_eq!(queue.depth().await.unwrap().waiting, size as u64);
    let begun = Instant::now();
    let mut running = start(queue.clone(), 16, |_| Some(Handled::Finished));
    let mut seen: HashMap<Ticket, u32> = HashMap::new();
    for _ in 0..size {
        *seen.entry(running.next().await.0).or_default() += 1;
    }
    println!("{size} tickets: pushed in {pushed:?}, drained in {:?}", begun.elapsed());
    until_empty(&queue).await;
    running.stop().await;
    assert_eq!(seen.len(), size);
    assert!(seen.values().all(|deliveries| *deliveries == 1));
}

pub(crate) async fn an_idle_worker_picks_up_soon(queue: Arc<dyn JobQueue>, bound: TimeDelta) {
    let mut running = start(queue.clone(), 4, |_| Some(Handled::Finished));
    let mut longest = TimeDelta::zero();
    for round in 0..8 {
        // Idle for longer than a heartbeat in one round: apalis's interval stalls until the next one.
        let idle = if round == 3 { 2_500 } else { 300 };
        tokio::time::sleep(Duration::from_millis(idle)).await;
        let pushed = Utc::now();
        queue.push(&due(&tickets(1))).await.unwrap();
        longest = longest.max(running.next().await.1 - pushed);
    }
    println!("idle pick-up: {} ms at most", longest.num_milliseconds());
    assert!(longest < bound, "{longest}");
    running.stop().await;
}

pub(crate) async fn a_ticket_waits_for_its_time(queue: Arc<dyn JobQueue>) {
    let mut running = start(queue.clone(), 4, |_| Some(Handled::Finished));
    let [late, soon] = tickets(2)[..] else { unreachable!() };
    let run_at = Utc::now() + TimeDelta::milliseconds(1_700);
    queue.push(&[Entry::at(late, run_at), Entry::now(soon)]).await.unwrap();
    assert_eq!(running.next().await.0, soon);
    let (ticket, at) = running.next().await;
    assert_eq!(ticket, late);
    assert!(at >= run_at, "{at} is before {run_at}");
    assert!(at < run_at + TimeDelta::seconds(5), "{at} is long after {run_at}");
    running.stop().await;
}

pub(crate) async fn a_ticket_that_waits_or_is_held_is_not_taken_twice(queue: Arc<dyn JobQueue>) {
    let [first, second] = tickets(2)[..] else { unreachable!() };
    queue.push(&due(&[first, first])).await.unwrap();
    queue.push(&due(&[first])).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 1);

    let gate = Arc::new(Mutex::new(()));
    let held = gate.clone().lock_owned().await;
    let mut running = start(queue.clone(), 1, move |ticket| {
        if ticket == first {
            while gate.try_lock().is_err() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Some(Handled::Finished)
    });
    assert_eq!(running.next().await.0, first);
    queue.push(&due(&[first, second])).await.unwrap();
    drop(held);
    assert_eq!(running.next().await.0, second);
    until_empty(&queue).await;

    // Finished, its key is free: the row may want the same turn again.
    queue.push(&due(&[first])).await.unwrap();
    assert_eq!(running.next().await.0, first);
    running.stop().await;
}

pub(crate) async fn another_turn_is_another_ticket(queue: Arc<dyn JobQueue>) {
    let uid = Uuid::now_v7();
    let turns = [Ticket::new(uid, 0), Ticket::new(uid, 1)];
    queue.push(&due(&turns)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 2);
}

pub(crate) async fn a_panic_ends_one_ticket_and_not_the_worker(queue: Arc<dyn JobQueue>) {
    let tickets = tickets(20);
    let bad = tickets[7];
    queue.push(&due(&tickets)).await.unwrap();
    let mut running = start(queue.clone(), 4, move |ticket| {
        assert!(ticket != bad, "a handler that panics");
        Some(Handled::Finished)
    });
    let mut seen = Vec::new();
    for _ in 0..20 {
        seen.push(running.next().await.0);
    }
    assert!(seen.contains(&bad));
    until_empty(&queue).await;
    running.stop().await;
}

pub(crate) async fn a_ticket_put_back_can_be_pushed_again(queue: Arc<dyn JobQueue>) {
    let ticket = tickets(1)[0];
    let first = std::sync::atomic::AtomicBool::new(true);
    let mut running = start(queue.clone(), 1, move |_| {
        let put_back = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        Some(if put_back { Handled::PutBack } else { Handled::Finished })
    });
    queue.push(&due(&[ticket])).await.unwrap();
    running.next().await;
    until_empty(&queue).await;
    // Nothing hands it out by itself: apalis would retry at once, four times in 9 ms.
    assert!(timeout(Duration::from_millis(600), running.deliveries.recv()).await.is_err());
    queue.push(&due(&[ticket])).await.unwrap();
    running.next().await;
    until_empty(&queue).await;
    queue.tidy().await.unwrap();
    running.stop().await;
}

pub(crate) async fn a_worker_takes_no_more_than_it_can_do(queue: Arc<dyn JobQueue>) {
    queue.push(&due(&tickets(40))).await.unwrap();
    let mut busy = start(queue.clone(), 4, |_| None);
    for _ in 0..4 {
        busy.next().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let depth = queue.depth().await.unwrap();
    assert!(depth.taken <= 8, "{depth:?}: at most as many ahead as in hand");
    assert!(busy.deliveries.try_recv().is_err());
    busy.work.abort();
}

pub(crate) async fn the_tickets_of_a_dead_worker_are_taken_over(queue: Arc<dyn JobQueue>) {
    let tickets = tickets(6);
    queue.push(&due(&tickets)).await.unwrap();
    // Dies with its runtime, as by kill -9: no farewell, no ack.
    let doomed = queue.clone();
    let (taken, died) = mpsc::unbounded_channel();
    let life = tokio::spawn(async move {
        let mut running = start(doomed.clone(), 3, |_| None);
        for _ in 0..3 {
            taken.send(running.next().await.0).ok();
        }
        running.work.abort();
    });
    life.await.unwrap();
    let died_at = Utc::now();
    let mut died = died;
    let mut lost = Vec::new();
    while let Ok(ticket) = died.try_recv() {
        lost.push(ticket);
    }
    let mut running = start(queue.clone(), 3, |_| Some(Handled::Finished));
    let mut seen = HashMap::new();
    while seen.len() < tickets.len() {
        let (ticket, at) = running.next().await;
        seen.insert(ticket, at);
    }
    let longest = lost.iter().map(|ticket| seen[ticket]).max().unwrap();
    println!("taken over after {} ms", (longest - died_at).num_milliseconds());
    assert!(longest - died_at < TimeDelta::seconds(15));
    running.stop().await;
}

pub(crate) async fn a_worker_stops_when_its_jobs_are_done(queue: Arc<dyn JobQueue>) {
    queue.push(&due(&tickets(50))).await.unwrap();
    let mut running = start(queue.clone(), 2, |_| {
        std::thread::sleep(Duration::from_millis(20));
        Some(Handled::Finished)
    });
    running.next().await;
    let stop = running.stop.clone();
    stop.cancel();
    let mut deliveries = running.deliveries;
    running.work.await.unwrap().unwrap();
    let mut handled = 1;
    while deliveries.try_recv().is_ok() {
        handled += 1;
    }
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.waiting, depth.taken), (50 - handled, 0), "those it took ahead are back");
}

pub(crate) async fn the_grace_ends_with_an_error(queue: Arc<dyn JobQueue>) {
    queue.push(&due(&tickets(1))).await.unwrap();
    let (sender, mut deliveries) = mpsc::unbounded_channel();
    let act: Act = Box::new(|_| None);
    let handler = Arc::new(Told { deliveries: sender, act });
    let stop = CancellationToken::new();
    let work = Work::new(handler, 1, stop.clone());
    let grace = Duration::from_millis(300);
    let work = tokio::spawn(async move { supervise(queue, "suite", work, grace).await });
    deliveries.recv().await.unwrap();
    stop.cancel();
    let error = work.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("1 jobs"), "{error}");
}

/// A name for a worker of a test.
pub(crate) fn name() -> WorkerName {
    WorkerName::unique("suite")
}
