//! What every HTTP face shares: problem+json errors, who may call, limits, bodies with bounds, headers,
//! logs, health, metrics and reports of errors. What a route does belongs to the service that has it.
//!
//! Start reading at [`face`]: it says what a request passes on its way to a route.

pub mod auth;
pub mod body;
pub mod command;
pub mod face;
pub mod headers;
pub mod health;
mod healthcheck;
mod https;
mod in_flight;
pub mod logs;
pub mod metrics;
mod origin;
mod panics;
pub mod problem;
mod rate_limit;
mod route;
pub mod sentry;
pub mod shutdown;
pub mod tls;
pub mod trace;

pub use face::Face;
pub use origin::Origin;
pub use problem::Problem;
