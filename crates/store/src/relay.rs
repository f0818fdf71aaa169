//! The relay: moves journal entries to every sink, each at its own pace.
//!
//! Each sink has a cursor and a task of its own, so that one that is away delays no other.

mod sink;

pub use sink::{Batching, Sink, SinkError};
