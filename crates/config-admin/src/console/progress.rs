//! How far the trials that run in this process have come.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bellwether_core::change::CheckName;

/// How far a running trial has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct TrialProgress {
    /// Which check runs.
    pub check: CheckName,
    /// How much of it is done.
    pub done: u64,
    /// Of how much; 0 where that is not known.
    pub of: u64,
}

/// The progress of each, by proposal.
#[derive(Debug, Default)]
pub(crate) struct Table(Mutex<BTreeMap<u64, TrialProgress>>);

impl Table {
    pub(super) fn of(&self, id: u64) -> Option<TrialProgress> {
        self.lock().get(&id).copied()
    }

    pub(crate) fn begin(&self, id: u64, check: CheckName, of: u64) {
        self.lock().insert(id, TrialProgress { check, done: 0, of });
    }

    pub(crate) fn advance(&self, id: u64) {
        if let Some(progress) = self.lock().get_mut(&id) {
            progress.done += 1;
        }
    }

    pub(crate) fn end(&self, id: u64) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, TrialProgress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
