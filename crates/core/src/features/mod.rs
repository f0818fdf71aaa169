//! From a customer's raw inputs to the columns of one model's input. A [`FeaturePipeline`] is compiled
//! once from a manifest; bound to the inputs a set of models shares, it transforms customers without
//! allocating. All arithmetic is f64, as in training; the finished column is cast to f32 once.

mod bound;
mod compile;
mod encode;
mod number;
#[cfg(test)]
mod tests;

pub use bound::{BoundPipeline, UnboundInput};

use crate::bundle::FieldFault;
use crate::bundle::manifest::Manifest;
use crate::customer::{InputKind, InputSchema, SchemaConflict};

use encode::Encoder;
use number::NumberColumn;

/// A manifest's features, compiled: which raw inputs they read and how each column comes out of them.
#[derive(Debug, Clone)]
pub struct FeaturePipeline {
    columns: usize,
    fingerprint: String,
    /// Raw inputs, in the manifest's order.
    inputs: Vec<(String, InputKind)>,
    steps: Steps,
}

/// What is done with the inputs; every `input` is a position in `FeaturePipeline::inputs`.
#[derive(Debug, Clone, Default)]
struct Steps {
    numbers: Vec<NumberColumn>,
    categories: Vec<CategoryColumns>,
    dates: Vec<DateColumns>,
}

#[derive(Debug, Clone)]
struct CategoryColumns {
    input: usize,
    encoder: Encoder,
}

#[derive(Debug, Clone)]
struct DateColumns {
    input: usize,
    quarter: Encoder,
    year: Encoder,
}

impl FeaturePipeline {
    /// Compiles a manifest's features.
    ///
    /// # Errors
    /// The first field at fault: a name given twice, a ratio of something that is no numeric feature, a
    /// `std` that is not above 0, a level given twice, a column that is not filled exactly once.
    pub(crate) fn compile(manifest: &Manifest) -> Result<Self, FieldFault> {
        compile::compile(&manifest.features, manifest.columns)
    }

    /// F, the width of the model's input.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// SHA-256 of the feature spec, 64 hex digits: models with equal ones share computed features.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Names of the raw inputs, in the manifest's order.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|(name, _)| name.as_str())
    }

    /// Adds the raw inputs to `schema`.
    ///
    /// # Errors
    /// [`SchemaConflict`] where another model knows one as another kind.
    pub fn declare(&self, schema: &mut InputSchema) -> Result<(), SchemaConflict> {
        for (name, kind) in &self.inputs {
            schema.add(name, *kind)?;
        }
        Ok(())
    }

    /// Resolves the raw inputs' positions in `schema`, for [`BoundPipeline::transform`].
    ///
    /// # Errors
    /// [`UnboundInput`] naming an input that `schema` does not know, or knows as another kind.
    pub fn bind(&self, schema: &InputSchema) -> Result<BoundPipeline, UnboundInput> {
        BoundPipeline::new(self, schema)
    }
}
