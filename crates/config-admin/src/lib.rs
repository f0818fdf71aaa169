//! The config console: a change of config is proposed, tried against the live staging service, promoted, watched
//! and, where need be, rolled back. Pages and JSON routes are thin layers over [`console::Console`].
//!
//! Start reading at [`startup`], which lists every route and what goes on beside them.

mod access;
mod api;
pub mod archive;
pub mod console;
pub mod drift;
mod environment;
mod error;
mod experiments;
pub mod forgetting;
mod pages;
mod parts;
mod probes;
pub mod rollout;
pub mod startup;
pub mod trial;

pub use environment::{ApiError, ApiToken, EnvironmentApi, EnvironmentParts};
pub use error::ConsoleError;
pub use parts::{Parts, Reached};
pub use startup::ConsoleService;
