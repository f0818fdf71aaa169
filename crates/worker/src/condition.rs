//! How the worker is, as its housekeeping finds it: what `/ready` tells.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared between the worker and whoever asks. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Condition(Arc<Mutex<Option<String>>>);

impl Condition {
    /// Why emails wait at the moment; nothing where they do not.
    pub fn hindrances(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn is_well(&self) {
        self.set(None);
    }

    pub(crate) fn is_hindered(&self, why: &impl Display) {
        self.set(Some(format!("emails wait: {why}")));
    }

    fn set(&self, hindrance: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hindrance;
    }
}
