//! The config console: a change of config is proposed, tried against the live staging service, promoted, watched
//! and, where need be, rolled back. Pages and JSON routes are thin layers over [`console::Console`].

#[allow(dead_code, reason = "the list of routes is called by the service's startup, which follows")]
mod api;
pub mod archive;
pub mod console;
mod environment;
mod error;
mod pages;
pub mod rollout;
pub mod trial;

pub use environment::{ApiError, ApiToken, EnvironmentApi, EnvironmentParts};
pub use error::ConsoleError;
