//! What every HTTP face shares: problem+json errors, who may call, bodies with bounds, headers, logs,
//! health and metrics. What a route does belongs to the service that has it.

pub mod auth;
pub mod body;
pub mod headers;
pub mod health;
pub mod logs;
pub mod metrics;
pub mod problem;
pub mod shutdown;

pub use problem::Problem;
