//! What the watcher of this process has seen between its looks. It is lost with the process, and gathered anew by the
//! next: whoever cannot have seen something does not judge by it.

use std::collections::{BTreeMap, VecDeque};

use bellwether_store::Traffic;
use chrono::{DateTime, TimeDelta, Utc};

use crate::environment::Census;

/// How far back what was answered lately reaches.
const LATELY: TimeDelta = TimeDelta::minutes(1);

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Since when the database has been read without a break, and when it was last.
    looks: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What each version that is watched has answered.
    answers: BTreeMap<u64, Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    /// By replica: what its earlier lives answered, and what it last told.
    replicas: BTreeMap<String, (Option<Traffic>, Traffic)>,
    /// All together at every look, as far back as is needed.
    looks: VecDeque<(DateTime<Utc>, Traffic)>,
}

impl Answers {
    fn all(&self) -> Option<Traffic> {
        let lives = self.replicas.values().flat_map(|(earlier, last)| earlier.iter().chain([last]));
        lives.cloned().reduce(|sum, life| sum.plus(&life))
    }
}

impl Evidence {
    /// The database was read. Looks that lie further apart than `apart` are a break, too.
    pub(super) fn looked(&mut self, at: DateTime<Utc>, apart: TimeDelta) {
        let since = self.looks.filter(|(_, last)| at - *last <= apart).map_or(at, |(since, _)| since);
        self.looks = Some((since, at));
    }

    /// The database could not be read: replicas cannot be held to what they could not say.
    pub(super) fn lost(&mut self) {
        self.looks = None;
    }

    /// Since when the database has been read without a break; none while it is not.
    pub(super) fn watching_since(&self) -> Option<DateTime<Utc>> {
        self.looks.map(|(since, _)| since)
    }
}

/// What was answered under a version.
impl Evidence {
    /// Adds up what replicas told. One that started anew counts from nothing, and one that left tells no more: what
    /// they told before stays.
    pub(super) fn count(&mut self, version: u64, census: &Census) {
        let answers = self.answers.entry(version).or_default();
        for report in census.reports() {
            let Some(told) = report.traffic.as_ref().filter(|told| told.version == version) else { continue };
            match answers.replicas.get_mut(&report.replica) {
                None => {
                    answers.replicas.insert(report.replica.clone(), (None, told.clone()));
                }
                Some((earlier, last)) => {
                    if last.since != told.since {
                        *earlier = Some(earlier.take().map_or_else(|| last.clone(), |sum| sum.plus(last)));
                    }
                    *last = told.clone();
                }
            }
        }
        let Some(all) = answers.all() else { return };
        answers.looks.push_back((census.now(), all));
        while answers.looks.get(1).is_some_and(|(at, _)| census.now() - *at >= LATELY) {
            answers.looks.pop_front();
        }
    }

    /// Everything that was answered; none before anything was counted.
    pub(super) fn all(&self, version: u64) -> Option<Traffic> {
        self.answers.get(&version)?.all()
    }

    /// What was answered within the last minute; none before one has gone by.
    pub(super) fn lately(&self, version: u64) -> Option<Traffic> {
        let looks = &self.answers.get(&version)?.looks;
        let ((first, before), (last, now)) = (looks.front()?, looks.back()?);
        (*last - *first >= LATELY).then(|| now.minus(before))
    }

    /// Forgets the versions that are not watched any more.
    pub(super) fn keep(&mut self, is_watched: impl Fn(u64) -> bool) {
        self.answers.retain(|version, _| is_watched(*version));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bellwether_store::ReplicaReport;

    use super::*;

    fn told(replica: &str, since: i64, answered: u64, failed: u64) -> ReplicaReport {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        ReplicaReport {
            environment: "prod".to_owned(),
            replica: replica.to_owned(),
            version: Some(2),
            sha256: None,
            bundles: BTreeMap::new(),
            refused: None,
            journal_oldest_at: None,
            traffic: Some(Traffic { answered, failed, ..Traffic::begun(2, at(since)) }),
            started_at: at(since),
            at: at(since),
        }
    }

    fn census(second: i64, reports: Vec<ReplicaReport>) -> Census {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        Census::of(reports, now, Duration::from_secs(1))
    }

    #[test]
    fn a_replica_that_starts_anew_or_leaves_takes_none_of_its_answers_with_it() {
        let mut evidence = Evidence::default();
        let answered = |evidence: &Evidence| evidence.all(2).map(|all| (all.answered, all.failed));
        assert_eq!(answered(&evidence), None);
        evidence.count(2, &census(1, vec![told("a", 0, 90, 10), told("b", 0, 5, 0)]));
        evidence.count(2, &census(2, vec![told("a", 0, 100, 20), told("b", 0, 6, 0)]));
        assert_eq!(answered(&evidence), Some((106, 20)));
        evidence.count(2, &census(3, vec![told("a", 3, 1, 0)]));
        evidence.count(2, &census(4, vec![told("a", 3, 2, 0)]));
        assert_eq!(answered(&evidence), Some((108, 20)));
        evidence.keep(|version| version != 2);
        assert_eq!(answered(&evidence), None);
    }

    #[test]
    fn what_was_answered_lately_is_the_last_minute_s() {
        let mut evidence = Evidence::default();
        for second in 0..60 {
            evidence.count(2, &census(second, vec![told("a", 0, 1_000 * second.unsigned_abs(), 0)]));
        }
        assert_eq!(evidence.lately(2), None, "it is all there is");
        for second in 60_i64..=120 {
            let failed = 10 * (second.unsigned_abs() - 60);
            evidence.count(2, &census(second, vec![told("a", 0, 60_000, failed)]));
        }
        let lately = evidence.lately(2).unwrap();
        assert_eq!((lately.answered, lately.failed), (0, 600));
    }

    #[test]
    fn a_look_that_fails_or_comes_late_begins_anew() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let mut evidence = Evidence::default();
        assert_eq!(evidence.watching_since(), None);
        for second in 0..10 {
            evidence.looked(at(second), TimeDelta::seconds(5));
        }
        assert_eq!(evidence.watching_since(), Some(at(0)));
        evidence.lost();
        assert_eq!(evidence.watching_since(), None);
        evidence.looked(at(20), TimeDelta::seconds(5));
        evidence.looked(at(25), TimeDelta::seconds(5));
        assert_eq!(evidence.watching_since(), Some(at(20)));
        evidence.looked(at(31), TimeDelta::seconds(5));
        assert_eq!(evidence.watching_since(), Some(at(31)));
    }
}
