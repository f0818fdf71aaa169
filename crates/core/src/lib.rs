//! What a prediction is: customers and their inputs, bundles and their features, scoring, the config
//! document and treatment. Everything here is pure: it touches no network, no database and no
//! environment variable; bundles are the only files it reads.

pub mod bundle;
pub mod change;
pub mod config;
pub mod customer;
pub mod explain;
pub mod features;
pub mod model;
pub mod outcome;
pub mod prediction;
pub mod treatment;
