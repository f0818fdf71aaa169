//! Dev only: throwaway servers and builders for tests.

mod smtp_sink;

pub use smtp_sink::{Received, Reply, SmtpSink, Step};
