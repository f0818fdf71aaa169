//! What the console keeps, in SQLite.

mod audit;
mod change;
mod ledger;
mod login_failures;
mod payloads;
mod proposals;
mod sessions;
mod tokens;

/// A number to compare with, as SQLite takes it: its integers are signed, and none stored is larger.
pub(super) fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
