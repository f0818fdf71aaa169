//! The console's JSON API, asked over HTTP as a pipeline does: who may, what is refused and how, and that every text
//! comes back as it was given. The whole way to production is in the command line's `tests/config.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod privileges;
mod proposals;
mod refusals;
mod replicas;
mod staging_away;
mod texts;
mod world;
