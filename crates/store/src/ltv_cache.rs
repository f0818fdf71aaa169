//! Lifetime values on the way of a prediction.
