//! What is live: one config version with the models it names, bound to one schema of inputs. A request
//! takes the snapshot once and sees nothing of a change that comes in its midst.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bundle::Bundle;
use crate::config::ConfigVersion;
use crate::customer::InputSchema;
use crate::features::BoundPipeline;

/// Why a config version cannot go live.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The document breaks its own rules.
    #[error("{0}")]
    Document(String),
    /// It names a model that is not loaded.
    #[error("model `{model}` is not loaded: {reason}")]
    Model {
        /// The bundle's uid.
        model: String,
        /// Why it is not.
        reason: String,
    },
    /// Two of its models cannot be asked the same question.
    #[error("model `{model}` cannot be served with the others: {reason}")]
    Schema {
        /// The bundle's uid.
        model: String,
        /// What disagrees.
        reason: String,
    },
}

/// A model that scores every request.
#[derive(Debug, Clone)]
pub struct LiveModel {
    /// The verified bundle.
    pub bundle: Arc<Bundle>,
    /// Which computed row it reads, into [`Snapshot::pipelines`].
    pub row: usize,
}

/// All that a request needs to be answered, fixed.
#[derive(Debug)]
pub struct Snapshot {
    /// The config version that is live.
    pub config: ConfigVersion,
    /// The union of the models' inputs.
    pub schema: InputSchema,
    /// One pipeline per distinct feature specification.
    pub pipelines: Vec<BoundPipeline>,
    /// The arms in the document's order, then the shadows.
    pub models: Vec<LiveModel>,
}

impl Snapshot {
    /// Binds a config version to the bundles it names.
    ///
    /// # Errors
    /// Every [`Refusal`]; nothing is live then that was not before.
    pub fn build(
        config: ConfigVersion,
        bundles: &BTreeMap<String, Result<Arc<Bundle>, String>>,
    ) -> Result<Self, Vec<Refusal>> {
        let faults = config.document.faults();
        let mut refusals: Vec<_> = faults
            .iter()
            .map(|fault| Refusal::Document(format!("{}: {}", fault.field, fault.message)))
            .collect();
        let named = named(&config, bundles, &mut refusals);
        let mut schema = InputSchema::default();
        for bundle in &named {
            if let Err(conflict) = bundle.pipeline().declare(&mut schema) {
                refusals
                    .push(Refusal::Schema { model: bundle.uid().to_owned(), reason: conflict.to_string() });
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut pipelines: Vec<BoundPipeline> = Vec::new();
        let mut models = Vec::new();
        for bundle in named {
            let known = pipelines.iter().position(|p| p.fingerprint() == bundle.pipeline().fingerprint());
            let row = if let Some(row) = known {
                row
            } else {
                let bound = bundle.pipeline().bind(&schema).map_err(|error| {
                    vec![Refusal::Schema { model: bundle.uid().to_owned(), reason: error.to_string() }]
                })?;
                pipelines.push(bound);
                pipelines.len() - 1
            };
            models.push(LiveModel { bundle, row });
        }
        Ok(Self { config, schema, pipelines, models })
    }

    /// The bundle uid of a model by its position in [`Self::models`].
    pub fn uid(&self, model: usize) -> &str {
        self.models.get(model).map_or("", |live| live.bundle.uid())
    }
}

fn named(
    config: &ConfigVersion,
    bundles: &BTreeMap<String, Result<Arc<Bundle>, String>>,
    refusals: &mut Vec<Refusal>,
) -> Vec<Arc<Bundle>> {
    let mut named = Vec::new();
    for model in config.document.models() {
        let reason = match bundles.get(model) {
            Some(Ok(bundle)) => {
                named.push(Arc::clone(bundle));
                continue;
            }
            Some(Err(reason)) => reason.clone(),
            None => "no such bundle in the models folder".to_owned(),
        };
        refusals.push(Refusal::Model { model: model.to_owned(), reason });
    }
    named
}
