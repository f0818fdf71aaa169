//! The config console: a change of config is proposed, tried against the live staging service, promoted, watched
//! and, where need be, rolled back. Pages and JSON routes are thin layers over [`console::Console`].

#![allow(dead_code, reason = "the operations follow")]

mod api;
pub mod archive;
pub mod console;
mod error;
mod pages;
pub mod pending;
pub mod rollout;
pub mod trial;

pub use error::ConsoleError;
