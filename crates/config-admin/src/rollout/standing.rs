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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use bellwether_core::change::Limits;
    use bellwether_store::ReplicaReport;
    use chrono::DateTime;

    use super::*;

    fn census(second: i64, answered: u64, failed: u64) -> Census {
        let begun = DateTime::UNIX_EPOCH;
        let now = begun + TimeDelta::seconds(second);
        let report = ReplicaReport {
            environment: "prod".to_owned(),
            replica: "prod-0".to_owned(),
            version: Some(2),
            sha256: None,
            bundles: BTreeMap::new(),
            refused: None,
            journal_oldest_at: None,
            traffic: Some(Traffic { answered, failed, ..Traffic::begun(2, begun) }),
            started_at: begun,
            at: now,
        };
        Census::of(vec![report], now, Duration::from_secs(1))
    }

    #[test]
    fn a_failure_that_comes_late_is_not_made_up_for_by_the_good_hours_before() {
        let rollout = Rollout {
            version: 2,
            previous: 1,
            by: "anna".to_owned(),
            at: DateTime::UNIX_EPOCH,
            bake_seconds: Some(7_200),
            limits: Limits::default(),
            synced_at: None,
            outcome: None,
            told_at: None,
        };
        let mut evidence = Evidence::default();
        evidence.count(2, &census(3_540, 1_000_000, 0));
        let good = census(3_600, 1_010_000, 0);
        evidence.count(2, &good);
        assert_eq!(Standing::of(&rollout, &good, &evidence).exceeded, Vec::<String>::new());
        let late = census(3_660, 1_010_900, 100);
        evidence.count(2, &late);
        let exceeded = Standing::of(&rollout, &late, &evidence).exceeded;
        assert_eq!(exceeded, ["within the last minute, 10.0 percent of 1000 answers failed, over 1"]);
    }
}
