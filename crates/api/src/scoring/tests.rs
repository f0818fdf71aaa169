use std::path::Path;
use std::sync::{Condvar, LazyLock, Mutex};

use bellwether_core::bundle::{Bundles, ModelFolder};
use bellwether_core::config::{Arm, ConfigDocument, ConfigVersion, Percentage};
use bellwether_testkit::wait::until;
use chrono::{DateTime, NaiveDate};

use super::*;

/// Longer than any test may take: what ends before was not waited for.
const LONG: Duration = Duration::from_secs(600);
/// What is up to other threads is waited for that long.
const SOON: Duration = Duration::from_secs(20);

/// A model that does what a test wants.
struct Puppet {
    does: Mutex<Does>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Score(f32),
    Hang,
    Panic,
    Fail,
    ForgetRows,
}

impl Puppet {
    fn new(does: Does) -> Arc<Self> {
        Arc::new(Self { does: Mutex::new(does), changed: Condvar::new() })
    }

    fn now(&self, does: Does) {
        *self.does.lock().unwrap() = does;
        self.changed.notify_all();
    }
}

impl lane::Scores for Puppet {
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        let does = self.does.lock().unwrap();
        let does = *self.changed.wait_while(does, |does| *does == Does::Hang).unwrap();
        match does {
            Does::Score(score) => Ok(vec![score; rows.len() / columns()]),
            Does::Hang => unreachable!("it was waited for"),
            Does::Panic => panic!("a test wants it"),
            Does::Fail => Err(ScoreError::Graph("a test wants it".to_owned())),
            Does::ForgetRows => Ok(Vec::new()),
        }
    }
}

static BUNDLES: LazyLock<Bundles> = LazyLock::new(|| {
    ModelFolder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")).scan().unwrap()
});

fn columns() -> usize {
    BUNDLES.values().next().unwrap().as_ref().unwrap().scorer().columns()
}

/// Both models that ship: the first is an arm, and the second a shadow, but for what a test changes.
fn snapshot(change: impl FnOnce(&mut ConfigDocument)) -> Snapshot {
    let uids: Vec<_> = BUNDLES.keys().collect();
    let mut document = ConfigDocument::initial(uids[0]);
    document.shadow = vec![uids[1].clone()];
    change(&mut document);
    let version = ConfigVersion {
        environment: "prod".to_owned(),
        version: 1,
        parent: None,
        sha256: document.sha256().unwrap(),
        document,
        author: "a test".to_owned(),
        reason: "to see".to_owned(),
        created_at: DateTime::UNIX_EPOCH,
        provenance: None,
    };
    Snapshot::build(version, &BUNDLES).unwrap()
}

async fn decide(served: &Served, ids: &[&str], patience: Duration) -> Vec<Decision> {
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let customer = Customer::parse(br#"{"xp_points":18.2}"#, &served.schema, day).unwrap();
    let customers = vec![&customer; ids.len()];
    served.decide(served.score(&customers, ids).unwrap(), &customers, patience).await
}

#[tokio::test]
async fn a_shadow_that_hangs_costs_one_call_its_budget_and_the_others_nothing_until_it_is_back() {
    let shadow = Puppet::new(Does::Hang);
    let served = Served::with(snapshot(|_| {}), &[Puppet::new(Does::Fail), shadow.clone()]);
    let first = decide(&served, &["a"], Duration::from_millis(20)).await.remove(0);
    assert_eq!(first.scores[1], Err(CutOff::Late));
    assert_eq!(first.probability, first.scores[0].ok(), "the arm answers by itself");
    for _ in 0..100 {
        let next = decide(&served, &["a"], LONG).await.remove(0);
        assert_eq!((next.scores[1], next.probability), (Err(CutOff::Busy), first.probability));
    }
    shadow.now(Does::Score(0.25));
    let is_back = async || decide(&served, &["a"], LONG).await[0].scores[1] == Ok(0.25);
    until("the shadow serves again", SOON, is_back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_shadow_that_hangs_costs_each_caller_one_budget_at_most() {
    const CALLERS: usize = 8;
    let lanes = [Puppet::new(Does::Fail), Puppet::new(Does::Hang)];
    let served = Arc::new(Served::with(snapshot(|_| {}), &lanes));
    let calls = (0..CALLERS).map(|_| {
        let served = served.clone();
        tokio::spawn(async move {
            let (mut late, mut took) = (0, Vec::new());
            for _ in 0..300 {
                let begun = std::time::Instant::now();
                let decision = decide(&served, &["a"], Duration::from_millis(50)).await.remove(0);
                took.push(begun.elapsed());
                assert!(decision.probability.is_some());
                late += usize::from(decision.scores[1] == Err(CutOff::Late));
            }
            (late, took)
        })
    });
    let (mut late, mut took) = (0, Vec::new());
    for call in calls.collect::<Vec<_>>() {
        let (of_caller, its_calls) = call.await.unwrap();
        assert!(of_caller <= 1, "{of_caller}");
        late += of_caller;
        took.extend(its_calls);
    }
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 1000];
    println!("{late} of {} were late; p50 {:?}, p99 {:?}, max {:?}", took.len(), at(500), at(990), at(1000));
    assert!((1..=CALLERS).contains(&late), "{late}");
}

#[tokio::test]
async fn a_shadow_that_panics_or_fails_is_cut_off_and_serves_the_next_call() {
    let shadow = Puppet::new(Does::Panic);
    let served = Served::with(snapshot(|_| {}), &[Puppet::new(Does::Fail), shadow.clone()]);
    let answered = decide(&served, &["a"], LONG).await[0].probability;
    for (does, expected) in [
        (Does::Panic, Err(CutOff::Panicked)),
        (Does::Fail, Err(CutOff::Failed)),
        (Does::ForgetRows, Err(CutOff::Failed)),
        (Does::Score(0.5), Ok(0.5)),
    ] {
        shadow.now(does);
        for _ in 0..10 {
            let decision = decide(&served, &["a"], LONG).await.remove(0);
            assert_eq!((decision.scores[1], decision.probability), (expected, answered));
        }
    }
}

#[tokio::test]
async fn who_is_held_out_or_gets_the_heuristic_waits_for_no_model_longer_than_agreed() {
    for holdout in [Percentage::ALL, Percentage::NONE] {
        let snapshot = snapshot(|document| {
            document.holdout_percentage = holdout;
            document.heuristic_percentage =
                if holdout == Percentage::ALL { Percentage::NONE } else { Percentage::ALL };
        });
        let served = Served::with(snapshot, &[Puppet::new(Does::Hang), Puppet::new(Does::Score(0.5))]);
        let decision = decide(&served, &["a"], Duration::from_millis(20)).await.remove(0);
        assert_eq!(decision.scores, [Err(CutOff::Late), Ok(0.5)]);
        assert_eq!(decision.probability.is_some(), holdout == Percentage::NONE);
    }
}

#[tokio::test]
async fn rows_of_a_batch_are_scored_by_their_own_arm_at_once_and_by_the_other_on_its_lane() {
    let snapshot = snapshot(|document| {
        let half = Percentage::try_from(50.0).unwrap();
        document.arms[0].percentage = half;
        document.arms.push(Arm { model: document.shadow.remove(0), percentage: half });
    });
    let lanes = [Puppet::new(Does::Score(2.0)), Puppet::new(Does::Score(3.0))];
    let ids: Vec<_> = (0..300).map(|id| id.to_string()).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let served = Served::with(snapshot, &lanes);
    let mut answered = [0; 2];
    for decision in decide(&served, &ids, LONG).await {
        let (own, other) = (decision.assignment.arm, 1 - decision.assignment.arm);
        assert!(decision.scores[own].is_ok_and(|score| score < 1.0), "{:?}", decision.scores);
        assert_eq!(decision.probability, decision.scores[own].ok());
        assert_eq!(decision.scores[other], Ok([2.0, 3.0][other]));
        answered[own] += 1;
    }
    assert!(answered.iter().all(|&answered| answered > 100), "{answered:?}");
}

#[tokio::test]
async fn the_lanes_of_real_models_say_what_the_models_say() {
    let served = Served::begin(snapshot(|_| {})).unwrap();
    let decision = decide(&served, &["a"], LONG).await.remove(0);
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let customer = Customer::parse(br#"{"xp_points":18.2}"#, &served.schema, day).unwrap();
    assert_eq!(decision, served.snapshot().decide(&[&customer], &["a"]).unwrap()[0]);
}

#[tokio::test]
async fn a_shadow_delays_an_answer_by_no_more_than_its_own_inference() {
    let uids: Vec<_> = BUNDLES.keys().cloned().collect();
    let alone = |uid: &str| {
        let uid = uid.to_owned();
        Served::begin(snapshot(|document| *document = ConfigDocument::initial(&uid))).unwrap()
    };
    let (first, second) = (median(&alone(&uids[0])).await, median(&alone(&uids[1])).await);
    let both = median(&Served::begin(snapshot(|_| {})).unwrap()).await;
    println!("the arm alone {first:?}, the shadow alone {second:?}, the arm with the shadow {both:?}");
    // A thread has to wake for it, on a machine that may have other work.
    assert!(both < first + second + Duration::from_millis(1), "{first:?}, {second:?}, {both:?}");
}

/// How long half of a thousand decisions take at most.
async fn median(served: &Served) -> Duration {
    let mut took = Vec::new();
    for _ in 0..1_000 {
        let begun = std::time::Instant::now();
        decide(served, &["a"], LONG).await;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    took[500]
}

#[tokio::test]
async fn a_lane_that_is_full_refuses_at_once_and_answers_all_it_took() {
    let model = Puppet::new(Does::Hang);
    let lane = Lane::begin("m", &model).unwrap();
    let mut waiting = Vec::new();
    let refused = loop {
        match lane.send(vec![0.0; columns()], 1) {
            Ok(one) => waiting.push(one),
            Err(refused) => break refused,
        }
        assert!(waiting.len() < 1_000, "it is bounded");
    };
    assert_eq!(refused, CutOff::Busy);
    model.now(Does::Score(0.5));
    for one in waiting {
        assert_eq!(one.until(Instant::now() + LONG).await, Ok(vec![0.5]));
    }
}

#[tokio::test]
async fn the_threads_of_a_lane_end_with_it_even_where_its_model_hung() {
    let model = Puppet::new(Does::Hang);
    let lane = Lane::begin("m", &model).unwrap();
    let waiting = lane.send(vec![0.0; columns()], 1).unwrap();
    assert_eq!(waiting.until(Instant::now()).await, Err(CutOff::Late));
    drop(lane);
    model.now(Does::Score(0.5));
    until("every thread let go of the model", SOON, async || Arc::strong_count(&model) == 1).await;
}
