//! What became of clients: statements that they left or stayed, late and corrected ones included.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bellwether_core::outcome::Outcome;
use chrono::SubsecRound as _;

use crate::StoreError;

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeEffect {
    /// It is the first of its id.
    Recorded,
    /// It replaced an older one that said something else.
    Corrected,
    /// It says what was said already.
    Unchanged,
    /// A newer one says something else, and stays.
    Superseded,
}

/// The table `outcomes`.
#[async_trait]
pub trait Outcomes: Send + Sync {
    /// Records statements, all in one transaction, and answers what each did, in their order. The same again changes
    /// nothing; an older one never replaces a newer one, in whatever order they come. Times are kept to the microsecond.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where a statement can never be stored; nothing is stored then.
    async fn record_outcomes(&self, outcomes: &[Outcome]) -> Result<Vec<OutcomeEffect>, StoreError>;

    /// A client's statements by when they occurred, then by id, retracted ones included.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn outcomes_of(&self, client_id: &str) -> Result<Vec<Outcome>, StoreError>;

    /// Up to `limit` statements by client id, then by id, retracted ones included: those behind `after`, which is such
    /// a pair. Ids are ordered by their bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn outcomes_after(
        &self,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<Outcome>, StoreError>;

    /// Forgets a client's statements; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn erase_outcomes(&self, client_id: &str) -> Result<u64, StoreError>;
}

/// What names a statement: client and id.
pub(crate) type OutcomeKey = (String, String);

pub(crate) fn key(outcome: &Outcome) -> OutcomeKey {
    (outcome.client_id.clone(), outcome.id.clone())
}

/// To what every engine keeps.
fn to_the_microsecond(outcome: &Outcome) -> Outcome {
    Outcome {
        occurred_at: outcome.occurred_at.trunc_subsecs(6),
        corrected_at: outcome.corrected_at.trunc_subsecs(6),
        ..outcome.clone()
    }
}

/// What recording comes to: what each statement did, and what is to be written, in order of its key.
pub(crate) struct Merged {
    pub(crate) effects: Vec<OutcomeEffect>,
    /// Those whose key is not there yet.
    pub(crate) new: Vec<Outcome>,
    /// Those that replace what is there.
    pub(crate) changed: Vec<Outcome>,
}

/// Merges statements into what is `there` under their keys.
pub(crate) fn merge(there: &BTreeMap<OutcomeKey, Outcome>, outcomes: &[Outcome]) -> Merged {
    let mut now: BTreeMap<OutcomeKey, Outcome> = BTreeMap::new();
    let mut effects = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let outcome = to_the_microsecond(outcome);
        let key = key(&outcome);
        let (effect, stands) = succeed(now.get(&key).or_else(|| there.get(&key)), outcome);
        effects.push(effect);
        now.insert(key, stands);
    }
    now.retain(|key, outcome| there.get(key) != Some(outcome));
    let (changed, new) = now.into_iter().partition::<Vec<_>, _>(|(key, _)| there.contains_key(key));
    let outcomes =
        |pairs: Vec<(OutcomeKey, Outcome)>| pairs.into_iter().map(|(_, outcome)| outcome).collect();
    Merged { effects, new: outcomes(new), changed: outcomes(changed) }
}

/// What a statement does to the one that stands, and what stands then.
fn succeed(stands: Option<&Outcome>, outcome: Outcome) -> (OutcomeEffect, Outcome) {
    let Some(stands) = stands else { return (OutcomeEffect::Recorded, outcome) };
    let newer = outcome.corrected_at >= stands.corrected_at;
    let same = (stands.churned, stands.occurred_at) == (outcome.churned, outcome.occurred_at);
    if same {
        // Said again later: one that was said in between is older than that.
        let corrected_at = stands.corrected_at.max(outcome.corrected_at);
        (OutcomeEffect::Unchanged, Outcome { corrected_at, ..outcome })
    } else if newer {
        (OutcomeEffect::Corrected, outcome)
    } else {
        (OutcomeEffect::Superseded, stands.clone())
    }
}
