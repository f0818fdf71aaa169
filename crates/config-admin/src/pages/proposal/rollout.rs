//! A proposal in production as it is shown: who has it, what is watched, how it ended.

use bellwether_core::change::{Outcome, Proposal, Rollout};

use crate::console::RolloutProgress;
use crate::pages::State;
use crate::pages::overview::{ReplicaRow, replica_rows, synced_badge};
use crate::pages::shown::{Badge, Fact, duration, percent, time};

pub(super) struct RolloutView {
    pub(super) version: u64,
    pub(super) by: String,
    pub(super) at: String,
    pub(super) done: bool,
    /// Whether replicas are still to run this version: not once another has taken its place.
    pub(super) current: bool,
    pub(super) synced: Badge,
    pub(super) replicas: Vec<ReplicaRow>,
    pub(super) hindrances: Vec<String>,
    pub(super) exceeded: Vec<String>,
    pub(super) bakes: Option<String>,
    pub(super) traffic: Vec<Fact>,
    pub(super) outcome: Option<(&'static str, String, Vec<String>)>,
}
pub(super) fn rollout(
    state: &State,
    proposal: &Proposal,
    progress: RolloutProgress,
    forgettable: Option<&'static str>,
) -> RolloutView {
    let now = state.clock.now();
    let fact = |name, value: String| Fact { name, value };
    let traffic = progress.traffic.as_ref().map(|traffic| {
        let share = |count: u64, of: u64| percent(if of == 0 { 0.0 } else { count as f64 / of as f64 });
        let all = traffic.answered + traffic.failed;
        let predicted = traffic.answered.saturating_sub(traffic.without_prediction);
        let p99 = traffic.p99_ms().map_or_else(|| "—".to_owned(), |p99| format!("{p99:.1} ms"));
        vec![
            fact("Answers", all.to_string()),
            fact("Failed", share(traffic.failed, all)),
            fact("High risk", share(traffic.high_risk, predicted)),
            fact("Without a prediction", share(traffic.without_prediction, traffic.answered)),
            fact("p99", p99),
        ]
    });
    let rollout = proposal.rollout.as_ref();
    let outcome = rollout.and_then(|rollout| rollout.outcome.as_ref()).map(|outcome| match outcome {
        Outcome::Done { at, judged, .. } => {
            let judgement = rollout.and_then(Rollout::judgement).unwrap_or_default();
            let unjudged = !judged && rollout.is_some_and(|rollout| rollout.bake_seconds.is_some());
            let class = if unjudged { "warn" } else { "good" };
            (class, format!("Done: every replica has it since {}. {judgement}", time(*at)), Vec::new())
        }
        Outcome::RolledBack { at, version, reasons } => (
            "bad",
            format!("Rolled back by itself at {}: version {version} brings back what was there.", time(*at)),
            reasons.clone(),
        ),
        Outcome::Overtaken { version, .. } => {
            ("warn", format!("Version {version} went to production before this was done."), Vec::new())
        }
    });
    let current = match rollout.and_then(|rollout| rollout.outcome.as_ref()) {
        None => true,
        Some(Outcome::Done { .. }) => progress.synced > 0,
        Some(Outcome::RolledBack { .. } | Outcome::Overtaken { .. }) => false,
    };
    RolloutView {
        version: rollout.map_or(0, |rollout| rollout.version),
        by: rollout.map(|rollout| rollout.by.clone()).unwrap_or_default(),
        at: rollout.map(|rollout| time(rollout.at)).unwrap_or_default(),
        done: outcome.is_some(),
        current,
        synced: synced_badge(progress.synced, progress.expected),
        replicas: replica_rows(&progress.replicas, forgettable, now),
        hindrances: progress.hindrances,
        exceeded: progress.exceeded,
        bakes: progress.bake_seconds_left.map(duration),
        traffic: traffic.unwrap_or_default(),
        outcome,
    }
}
