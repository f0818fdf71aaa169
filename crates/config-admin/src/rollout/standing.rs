//! How a rollout stands by what the replicas last said.

use bellwether_core::change::Rollout;
use bellwether_store::Traffic;
use chrono::TimeDelta;

use super::{Evidence, judge};
use crate::console::{ReplicaState, ReplicaView};
use crate::environment::Census;

/// How a rollout stands.
pub(super) struct Standing {
    pub replicas: Vec<ReplicaView>,
    pub synced: usize,
    pub hindrances: Vec<String>,
    pub traffic: Option<Traffic>,
    /// Which limits are exceeded; none where it is not watched.
    pub exceeded: Vec<String>,
}

impl Standing {
    pub(super) fn of(rollout: &Rollout, census: &Census, evidence: &Evidence) -> Self {
        let replicas = census.against(Some(rollout.version));
        let synced = replicas.iter().filter(|replica| replica.state == ReplicaState::Synced).count();
        let traffic = evidence.all(rollout.version).or_else(|| traffic(rollout, census));
        let mut exceeded = Vec::new();
        if rollout.bake_seconds.is_some() {
            exceeded.extend(traffic.iter().flat_map(|traffic| judge::exceeded(&rollout.limits, traffic)));
            if exceeded.is_empty() {
                // What goes wrong late is not made up for by all that went well before.
                let lately = evidence.lately(rollout.version);
                let lately = lately.iter().flat_map(|traffic| judge::exceeded(&rollout.limits, traffic));
                exceeded.extend(lately.map(|reason| format!("within the last minute, {reason}")));
            }
            exceeded.extend(silences(rollout, census, evidence));
        }
        Self { hindrances: hindrances(rollout, census, &replicas), replicas, synced, traffic, exceeded }
    }
}

/// What the replicas answered under this version, together.
fn traffic(rollout: &Rollout, census: &Census) -> Option<Traffic> {
    let told = census.reports().iter().filter_map(|report| report.traffic.as_ref());
    told.filter(|traffic| traffic.version == rollout.version)
        .cloned()
        .reduce(|sum, traffic| sum.plus(&traffic))
}

/// What keeps it from being done.
fn hindrances(rollout: &Rollout, census: &Census, replicas: &[ReplicaView]) -> Vec<String> {
    if replicas.is_empty() {
        return vec!["no replica of production reports".to_owned()];
    }
    let version = rollout.version;
    let tells = |name: &str| {
        let report = census.reports().iter().find(|report| report.replica == name);
        report.and_then(|report| report.traffic.as_ref()).is_some_and(|told| told.version == version)
    };
    let told = replicas.iter().filter_map(|replica| {
        let name = &replica.name;
        match replica.state {
            // What is watched has to be seen.
            ReplicaState::Synced => (rollout.bake_seconds.is_some() && !tells(name))
                .then(|| format!("replica {name} does not tell what it answers under version {version}")),
            ReplicaState::Behind => {
                let runs = replica.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
                Some(format!("replica {name} runs version {runs} still"))
            }
            ReplicaState::Refused => {
                Some(format!("replica {name} refuses version {version}: {}", replica.reasons.join("; ")))
            }
            ReplicaState::Silent => Some(format!("replica {name} was last heard of at {}", replica.heard_at)),
        }
    });
    told.collect()
}

/// The replicas that have gone silent since the promotion. One that was silent before, as the way past staging allows,
/// has not gone silent by it. While the database cannot be read nobody can be heard: only the silence counts that began
/// after it could be, and after every replica had the time for a report.
fn silences(rollout: &Rollout, census: &Census, evidence: &Evidence) -> Vec<String> {
    let Some(listening) = evidence.watching_since().map(|since| since + census.patience()) else {
        return Vec::new();
    };
    let limit = rollout.limits.max_silence_seconds;
    let most = TimeDelta::seconds(i64::try_from(limit).unwrap_or(i64::MAX / 1_000));
    if census.reports().is_empty() && census.now() - rollout.at.max(listening) > most {
        return vec![format!("no replica of production has reported, though {limit} s have gone by")];
    }
    let told = census.reports().iter().filter(|report| {
        !census.was_silent_at(report, rollout.at) && census.silence_from(report, listening) > most
    });
    told.map(|report| {
        let silence = census.silence(report).num_seconds();
        format!("replica {} has not been heard of for {silence} s, over {limit} s", report.replica)
    })
    .collect()
}
