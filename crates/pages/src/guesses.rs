//! Back-off for those who guess passwords: after a few failures in a row each further one has to wait longer, by
//! the person who is guessed at and by the address that guesses.

use bellwether_store::StoreError;
use bellwether_store::console::LoginFailures;
use chrono::{DateTime, TimeDelta, Utc};

use crate::Entrance;

/// A person may be mistyped so often before waiting begins.
const FREE_BY_NAME: u32 = 5;
/// An address may be shared by an office.
const FREE_BY_ADDRESS: u32 = 30;
/// The longest wait: whoever is guessed at gets in again within it, with the right password.
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// What failures are counted by.
pub(crate) struct Keys {
    name: String,
    address: String,
}

impl Keys {
    /// Names are counted without regard to case, known or not, so that nothing is told of who exists.
    pub(crate) fn new(name: &str, address: &str) -> Self {
        let name: String = name.to_lowercase().chars().take(100).collect();
        Self { name: format!("name:{name}"), address: format!("address:{address}") }
    }

    /// For somebody who is logged in and asked for the password once more: apart from logins, so that a stolen session
    /// neither guesses on nor keeps its owner out.
    pub(crate) fn of_account(name: &str) -> Self {
        Self { name: format!("password:{name}"), address: format!("password-of:{name}") }
    }
}

impl Entrance {
    /// Admits one attempt, and counts it against the name before the password is looked at: so of many that come at
    /// once no more pass than of those that come one by one. Answers how long to wait where it is not admitted.
    pub(crate) async fn admit(&self, keys: &Keys) -> Result<Option<TimeDelta>, StoreError> {
        let now = self.clock.now();
        let by_name = self.database.login_failures(&keys.name).await?;
        let by_address = self.database.login_failures(&keys.address).await?;
        let wait = by_name.and_then(|failures| remaining(failures, FREE_BY_NAME, now));
        let wait = wait.max(by_address.and_then(|failures| remaining(failures, FREE_BY_ADDRESS, now)));
        if wait.is_some() {
            return Ok(wait);
        }
        let seen = by_name.map_or(0, |failures| failures.count);
        let counted = self.database.count_login_failure(&keys.name, now).await?;
        let alone = counted.count <= seen + 1;
        Ok(if alone { None } else { remaining(counted, FREE_BY_NAME, now) })
    }

    /// Counts a failure against the address, too; answers whether waiting begins with it.
    pub(crate) async fn failed(&self, keys: &Keys) -> Result<bool, StoreError> {
        let by_name = self.database.login_failures(&keys.name).await?;
        let by_address = self.database.count_login_failure(&keys.address, self.clock.now()).await?;
        let by_name = by_name.map_or(0, |failures| failures.count);
        Ok(by_name == FREE_BY_NAME || by_address.count == FREE_BY_ADDRESS)
    }

    /// Begins anew after a success. The address stays counted: one good password is no licence to guess others.
    pub(crate) async fn succeeded(&self, keys: &Keys) -> Result<(), StoreError> {
        self.database.clear_login_failures(&keys.name).await
    }
}

/// One second after the last free failure, doubling with each further one.
fn remaining(failures: LoginFailures, free: u32, now: DateTime<Utc>) -> Option<TimeDelta> {
    let beyond = failures.count.checked_sub(free)?;
    let wait = TimeDelta::seconds(1_i64 << beyond.min(20)).min(LONGEST);
    // A clock that was set back must not lock anybody out for longer.
    let left = (failures.last_at + wait - now).min(wait);
    (left > TimeDelta::zero()).then_some(left)
}

/// When counted failures may be forgotten.
pub(crate) fn forgotten_before(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(count: u32) -> LoginFailures {
        LoginFailures { count, last_at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn waiting_begins_with_the_fifth_failure_and_doubles_up_to_a_quarter_of_an_hour() {
        let after = |count| remaining(failures(count), FREE_BY_NAME, DateTime::UNIX_EPOCH);
        assert_eq!(after(4), None);
        assert_eq!(after(5), Some(TimeDelta::seconds(1)));
        assert_eq!(after(8), Some(TimeDelta::seconds(8)));
        assert_eq!(after(1_000), Some(LONGEST));
    }

    #[test]
    fn waiting_ends_with_time_and_a_clock_set_back_does_not_prolong_it() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        assert_eq!(remaining(failures(8), FREE_BY_NAME, at(8)), None);
        assert_eq!(remaining(failures(8), FREE_BY_NAME, at(-3_600)), Some(TimeDelta::seconds(8)));
    }
}
