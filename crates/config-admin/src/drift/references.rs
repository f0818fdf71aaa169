//! What training saw of each model, as the environment's api tells it; kept, since a bundle never changes under its
//! SHA-256, and asked for again now and then, since its uid may come to name another.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bellwether_experiments::drift::Reference;
use bellwether_settings::Environment;

use crate::environment::{ApiError, EnvironmentParts};

/// For so long what an api told is taken for true.
const GOOD_FOR: Duration = Duration::from_secs(600);

/// What was told.
#[derive(Default)]
pub(super) struct References(BTreeMap<(Environment, String), (Reference, Instant)>);

impl References {
    /// What training saw of a model. While the api is away, what it told before.
    ///
    /// # Errors
    /// [`ApiError`] where the api does not tell it and never did.
    pub(super) async fn of(&mut self, parts: &EnvironmentParts, model: &str) -> Result<Reference, ApiError> {
        let key = (parts.environment, model.to_owned());
        let known = self.0.get(&key);
        if let Some((reference, _)) = known.filter(|(_, at)| at.elapsed() < GOOD_FOR) {
            return Ok(reference.clone());
        }
        let told = match parts.api.statistics(model).await {
            Ok(told) => told,
            Err(error) => return known.map(|(reference, _)| reference.clone()).ok_or(error),
        };
        let dates: BTreeSet<String> = told
            .features
            .into_iter()
            .filter(|feature| feature.kind == "date")
            .map(|feature| feature.name)
            .collect();
        let reference = Reference::of(model, &told.sha256, &told.statistics, &dates);
        self.0.insert(key, (reference.clone(), Instant::now()));
        Ok(reference)
    }
}
