//! One file a command. Each has `run`, which answers the exit code.

pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod features;
pub(crate) mod jobs;
pub(crate) mod load_test;
pub(crate) mod migrate;
pub(crate) mod prune;
pub(crate) mod score;
pub(crate) mod up;
pub(crate) mod user;
