//! The replicas of an environment against one version of its config: who has it, who refuses it, who is silent.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_store::{ReplicaReport, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

use super::EnvironmentParts;
use crate::console::{ReplicaState, ReplicaView};

/// After so many heartbeats missed a replica is silent.
const MISSED: u32 = 3;
/// How far a replica's clock may be behind ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(2);

/// All replicas of an environment, as they last said.
#[derive(Debug, Clone)]
pub(crate) struct Census {
    reports: Vec<ReplicaReport>,
    /// Why the rows of some cannot be read, by name.
    unreadable: BTreeMap<String, String>,
    now: DateTime<Utc>,
    patience: TimeDelta,
}

impl Census {
    /// Counts an environment's replicas; each is expected to report every `heartbeat`.
    ///
    /// # Errors
    /// [`StoreError`] where its database cannot be asked.
    pub(crate) async fn take(
        environment: &EnvironmentParts,
        now: DateTime<Utc>,
        heartbeat: Duration,
    ) -> Result<Self, StoreError> {
        let read = environment.database.replicas_with_unreadable(environment.name()).await?;
        let (mut reports, mut unreadable) = (Vec::with_capacity(read.len()), BTreeMap::new());
        for (report, fault) in read {
            if let Some(fault) = fault {
                unreadable.insert(report.replica.clone(), fault.to_string());
            }
            reports.push(report);
        }
        Ok(Self { unreadable, ..Self::of(reports, now, heartbeat) })
    }

    /// A count of these.
    pub(crate) fn of(reports: Vec<ReplicaReport>, now: DateTime<Utc>, heartbeat: Duration) -> Self {
        Self { reports, unreadable: BTreeMap::new(), now, patience: Self::patience_of(heartbeat) }
    }

    /// How long a replica that reports every `heartbeat` may be unheard of before it is called silent.
    pub(crate) fn patience_of(heartbeat: Duration) -> TimeDelta {
        TimeDelta::from_std(heartbeat * MISSED + CLOCKS_DIFFER).unwrap_or(TimeDelta::MAX)
    }

    /// The same, of these replicas.
    pub(crate) fn patience(&self) -> TimeDelta {
        self.patience
    }

    /// What each said.
    pub(crate) fn reports(&self) -> &[ReplicaReport] {
        &self.reports
    }

    /// When the count was taken.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Whether a replica, unheard of since, had missed its reports at a moment.
    pub(crate) fn was_silent_at(&self, report: &ReplicaReport, moment: DateTime<Utc>) -> bool {
        moment - report.at > self.patience
    }

    /// How long a replica has been unheard of.
    pub(crate) fn silence(&self, report: &ReplicaReport) -> TimeDelta {
        (self.now - report.at).max(TimeDelta::zero())
    }

    /// How much of a replica's silence lies after a moment, its clock taken to be behind ours.
    pub(crate) fn silence_from(&self, report: &ReplicaReport, moment: DateTime<Utc>) -> TimeDelta {
        let skew = TimeDelta::from_std(CLOCKS_DIFFER).unwrap_or_default();
        self.now - (report.at + skew).max(moment)
    }

    /// Whether a replica has missed its reports.
    pub(crate) fn is_silent(&self, report: &ReplicaReport) -> bool {
        self.silence(report) > self.patience
    }

    /// Every replica against a version; none stands for an environment without one.
    pub(crate) fn against(&self, version: Option<u64>) -> Vec<ReplicaView> {
        self.reports.iter().map(|report| self.view(report, version)).collect()
    }

    fn view(&self, report: &ReplicaReport, version: Option<u64>) -> ReplicaView {
        let refused = report.refused.as_ref().filter(|refused| Some(refused.version) == version);
        let unreadable = self.unreadable.get(&report.replica);
        let state = if self.is_silent(report) {
            ReplicaState::Silent
        } else if refused.is_some() || unreadable.is_some() {
            ReplicaState::Refused
        } else if report.version == version {
            ReplicaState::Synced
        } else {
            ReplicaState::Behind
        };
        ReplicaView {
            name: report.replica.clone(),
            state,
            version: report.version,
            reasons: match unreadable {
                Some(why) => vec![why.clone()],
                None => refused.map(|refused| refused.reasons.clone()).unwrap_or_default(),
            },
            heard_at: report.at,
            started_at: report.started_at,
            bundles: report.bundles.clone(),
        }
    }
}
