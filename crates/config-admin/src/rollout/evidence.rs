//! What the watcher of this process has seen between its looks. It is lost with the process, and gathered anew by the
//! next: whoever cannot have seen something does not judge by it.

use chrono::{DateTime, TimeDelta, Utc};

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Since when the database has been read without a break, and when it was last.
    looks: Option<(DateTime<Utc>, DateTime<Utc>)>,
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

#[cfg(test)]
mod tests {
    use super::*;

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
