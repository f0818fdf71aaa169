//! A change of config from its proposal to production, and every way in which it does not get there: on real databases,
//! with real apis where what they answer matters, and with apis that answer wrongly where that does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod apis;
mod database;
mod drift;
mod flaky;
mod gone;
mod promoting;
mod proposing;
mod real;
mod replays;
mod rollouts;
mod trials;
mod world;
