//! The trial of a proposal in staging.
