//! The replicas that a trial is of: what is found counts for these, as they were when they took the version up. One that
//! has started anew since, or has another bundle by now, is another than was tried.

use std::collections::BTreeMap;

use bellwether_core::config::ConfigDocument;
use chrono::{DateTime, Utc};

use crate::environment::Census;

/// Every replica that was heard of, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Roster(BTreeMap<String, Seen>);

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    version: Option<u64>,
    started_at: DateTime<Utc>,
    /// SHA-256 of those that the document names, by uid.
    bundles: BTreeMap<String, String>,
}

/// What is otherwise than it was, one sentence each.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Changes {
    /// What does not become as it was by waiting.
    pub for_good: Vec<String>,
    /// What does, where only a database was away.
    pub unheard: Vec<String>,
}

impl Roster {
    /// The replicas that are not silent, as far as they matter to a document.
    pub(super) fn of(census: &Census, document: &ConfigDocument) -> Self {
        let heard = census.reports().iter().filter(|report| !census.is_silent(report));
        let seen = heard.map(|report| {
            let of_document = |(uid, _): &(&String, &String)| document.models().any(|model| model == *uid);
            let bundles = report.bundles.iter().filter(of_document);
            let bundles = bundles.map(|(uid, sha256)| (uid.clone(), sha256.clone())).collect();
            let seen = Seen { version: report.version, started_at: report.started_at, bundles };
            (report.replica.clone(), seen)
        });
        Self(seen.collect())
    }

    /// Whether a replica is among them.
    pub(super) fn has(&self, replica: &str) -> bool {
        self.0.contains_key(replica)
    }

    /// What is otherwise now.
    pub(super) fn changes(&self, now: &Self) -> Changes {
        let mut changes = Changes::default();
        for (name, before) in &self.0 {
            match now.0.get(name) {
                None => {
                    changes.unheard.push(format!("replica {name} has not been heard of since it was tried"));
                }
                Some(now) => {
                    let change = before.change(now).map(|what| format!("replica {name} {what}"));
                    changes.for_good.extend(change);
                }
            }
        }
        for name in now.0.keys().filter(|name| !self.has(name)) {
            changes.for_good.push(format!("replica {name} came after the trial had begun: it was not tried"));
        }
        changes
    }
}

impl Seen {
    fn change(&self, now: &Self) -> Option<String> {
        if now.started_at != self.started_at {
            return Some("has started anew during the trial".to_owned());
        }
        if now.version != self.version {
            let version = now.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Some(format!("runs version {version} at the end of the trial"));
        }
        let other = self.bundles.keys().find(|uid| now.bundles.get(*uid) != self.bundles.get(*uid));
        other.map(|uid| format!("has another bundle as {uid} than when it was tried"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn seen() -> Seen {
        let bundles = [("a".to_owned(), "1".repeat(64))].into();
        Seen { version: Some(2), started_at: DateTime::UNIX_EPOCH, bundles }
    }

    fn roster(replicas: &[(&str, Seen)]) -> Roster {
        Roster(replicas.iter().map(|(name, seen)| ((*name).to_owned(), seen.clone())).collect())
    }

    #[test]
    fn whatever_is_another_replica_than_was_tried_is_told() {
        let before = roster(&[("stage-0", seen())]);
        assert_eq!(before.changes(&before), Changes::default());
        let anew = Seen { started_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(1), ..seen() };
        let moved = Seen { version: Some(3), ..seen() };
        let swapped = Seen { bundles: [("a".to_owned(), "2".repeat(64))].into(), ..seen() };
        let emptied = Seen { bundles: BTreeMap::new(), ..seen() };
        for (now, told) in [
            (anew, "replica stage-0 has started anew"),
            (moved, "replica stage-0 runs version 3"),
            (swapped, "replica stage-0 has another bundle as a"),
            (emptied, "replica stage-0 has another bundle as a"),
        ] {
            let changes = before.changes(&roster(&[("stage-0", now)]));
            assert!(changes.for_good.len() == 1 && changes.for_good[0].starts_with(told), "{changes:?}");
            assert!(changes.unheard.is_empty());
        }
        let another = before.changes(&roster(&[("stage-1", seen())]));
        assert!(another.for_good[0].starts_with("replica stage-1 came after"), "{another:?}");
        assert!(another.unheard[0].starts_with("replica stage-0 has not been heard of"), "{another:?}");
    }
}
