//! Dev only: throwaway servers, processes and builders for tests.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up should panic"
)]

pub mod aws;
pub mod embedded;
mod faulty_proxy;
mod smtp_sink;
pub mod tools;
pub mod wait;

pub use aws::Aws;
pub use faulty_proxy::{Fault, FaultyProxy};
pub use smtp_sink::{Received, Reply, SmtpSink, Step};
