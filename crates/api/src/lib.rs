//! The service that answers predictions. `startup` lists every route; a route calls the predictor, the
//! live config or a store trait, and nothing further.

mod email_sink;
mod explaining;
mod flagged;
mod heartbeat;
mod idempotency;
mod live;
mod openapi;
mod pages;
mod predictor;
mod resources;
mod routes;
mod scoring;
pub mod startup;
mod state;
mod traffic;

pub use resources::Parts;
pub use startup::Application;
