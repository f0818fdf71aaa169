//! One file a route. Each reads its request, calls one thing, and writes its answer.

pub(crate) mod batch;
pub(crate) mod bundles;
pub(crate) mod config;
pub(crate) mod docs;
pub(crate) mod emails;
pub(crate) mod explain;
pub(crate) mod flagged;
pub(crate) mod jobs;
pub(crate) mod outcomes;
pub(crate) mod predict;
pub(crate) mod ready;
pub(crate) mod statistics;
