//! `bellwether-api` as a process: its routes, its log, its metrics, and what it hands on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod access;
mod assignments;
mod bundles;
mod explain;
mod flagged;
mod observability;
mod outcomes;
mod poisoned_config;
mod swaps;
mod traffic;
mod trials;
mod world;
