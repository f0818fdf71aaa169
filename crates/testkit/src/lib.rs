//! Dev only: throwaway servers, processes and builders for tests.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up should panic"
)]

pub mod aws;
mod cluster_service;
pub mod embedded;
mod faulty_proxy;
pub mod http;
pub mod load;
pub mod mariadb;
pub mod redis;
pub mod sentry;
pub mod service;
mod small_disk;
mod smtp_sink;
pub mod tools;
pub mod wait;

pub use aws::Aws;
pub use cluster_service::{ClusterService, Endpoint, Probing};
pub use faulty_proxy::{Fault, FaultyProxy};
pub use small_disk::SmallDisk;
pub use smtp_sink::{Received, Reply, SmtpSink, Step};

/// Chooses the provider of TLS for this process, which a client needs even where it speaks none. May be called
/// again.
pub fn tls_provider() {
    // Somebody may have chosen before: there is but one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
