//! The service that answers predictions.
