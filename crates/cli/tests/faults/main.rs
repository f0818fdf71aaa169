//! Faults under load, on real servers and real processes: a MariaDB, a Redis, a mail server, an api and a
//! worker. Each test counts every uid that was answered, and looks for it in the log, in the archive and in
//! the mail.
//!
//! Outages last 10 seconds; `scripts/fault-tests` makes them last as long as asked and prints the figures.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod database;
mod disk;
mod figures;
mod kills;
mod mail;
mod manifest;
mod redis;
mod replicas;
mod restore;
mod rolling;
mod rotation;
mod s3;
mod start;
mod time;
mod world;
