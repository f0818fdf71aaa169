//! What the console keeps, in MySQL.

mod audit;
mod change;
mod ledger;
mod login_failures;
mod payloads;
mod proposals;
mod sessions;
mod tokens;
