//! Whether a replica has written down all that it answered before a moment.

use std::time::Duration;

use bellwether_store::ReplicaReport;
use chrono::{DateTime, TimeDelta, Utc};

/// How far the clocks of replicas may be apart from this machine's.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(2);
/// After so many heartbeats missed a replica is silent.
const MISSED: u32 = 3;

/// What is watched for.
pub(super) struct Watch {
    /// When the client was erased.
    pub erased_at: DateTime<Utc>,
    /// How often a replica reports.
    pub heartbeat: Duration,
}

/// How a replica stands to that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// What it answered before has reached the database.
    Passed,
    /// Its journal may still hold something.
    Behind,
    /// It has not been heard of lately, and its journal may still hold something.
    Silent {
        /// When it was last heard of.
        since: DateTime<Utc>,
    },
}

impl Watch {
    /// How a replica stands by its last report.
    pub(super) fn standing(&self, report: &ReplicaReport, now: DateTime<Utc>) -> Standing {
        let moment = self.erased_at + CLOCKS_DIFFER;
        let passed = report.at > moment && report.journal_oldest_at.is_none_or(|oldest| oldest > moment);
        let patience = TimeDelta::from_std(self.heartbeat * MISSED).unwrap_or(TimeDelta::MAX);
        if passed {
            Standing::Passed
        } else if now - report.at > patience {
            Standing::Silent { since: report.at }
        } else {
            Standing::Behind
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + seconds)
    }

    fn report(said_at: i64, oldest: Option<i64>) -> ReplicaReport {
        ReplicaReport {
            environment: "prod".to_owned(),
            replica: "a".to_owned(),
            version: None,
            sha256: None,
            bundles: BTreeMap::new(),
            refused: None,
            journal_oldest_at: oldest.map(at),
            traffic: None,
            started_at: at(-1_000),
            at: at(said_at),
        }
    }

    #[test]
    fn a_replica_has_passed_when_it_says_so_later_and_holds_nothing_from_before() {
        let watch = Watch { erased_at: at(0), heartbeat: Duration::from_secs(5) };
        let passed = |report| watch.standing(&report, at(10));
        assert_eq!(passed(report(9, None)), Standing::Passed);
        assert_eq!(passed(report(9, Some(8))), Standing::Passed);
        assert_eq!(
            passed(report(9, Some(-1))),
            Standing::Behind,
            "what it answered before is in its journal"
        );
        assert_eq!(passed(report(9, Some(1))), Standing::Behind, "its clock may be fast");
        assert_eq!(passed(report(1, None)), Standing::Behind, "it may have said so before");
    }

    #[test]
    fn a_replica_unheard_of_for_three_heartbeats_is_silent() {
        let watch = Watch { erased_at: at(0), heartbeat: Duration::from_secs(5) };
        assert_eq!(watch.standing(&report(-5, None), at(10)), Standing::Behind);
        assert_eq!(watch.standing(&report(-5, None), at(11)), Standing::Silent { since: at(-5) });
        assert_eq!(watch.standing(&report(9, None), at(1_000)), Standing::Passed, "it had passed by then");
    }
}
