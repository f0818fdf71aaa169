//! From a manifest's list of features to a [`FeaturePipeline`], checking that together they fill every
//! column exactly once.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::encode::Encoder;
use super::number::{Clipped, NumberColumn, Scale, Source};
use super::{CategoryColumns, DateColumns, FeaturePipeline, Steps};
use crate::bundle::FieldFault;
use crate::bundle::manifest::{Categorical, DateParts, Feature, Level, Numeric, Ratio};
use crate::customer::InputKind;

pub(super) fn compile(features: &[Feature], columns: usize) -> Result<FeaturePipeline, FieldFault> {
    let mut compiler = Compiler::new(features, columns)?;
    for (at, feature) in features.iter().enumerate() {
        let field = format!("features[{at}]");
        match feature {
            Feature::Numeric(numeric) => compiler.numeric(&field, numeric)?,
            Feature::Ratio(ratio) => compiler.ratio(&field, ratio)?,
            Feature::Categorical(categorical) => compiler.categorical(&field, categorical)?,
            Feature::Date(date) => compiler.date(&field, date)?,
        }
    }
    compiler.finish(fingerprint(features, columns))
}

fn fingerprint(features: &[Feature], columns: usize) -> String {
    // Structs keep their order and floats their shortest form: equal specs give equal bytes.
    let canonical = serde_json::to_vec(&(columns, features)).unwrap_or_default();
    format!("{:x}", Sha256::digest(canonical))
}

struct Compiler<'m> {
    inputs: Vec<(String, InputKind)>,
    /// The numeric features, by name.
    numbers: HashMap<&'m str, Clipped>,
    /// Who fills each column.
    filled: Vec<Option<String>>,
    steps: Steps,
}

impl<'m> Compiler<'m> {
    /// Lists the raw inputs, so that a ratio may name a number that stands behind it.
    fn new(features: &'m [Feature], columns: usize) -> Result<Self, FieldFault> {
        let mut seen = HashMap::new();
        let (mut inputs, mut numbers) = (Vec::new(), HashMap::new());
        for (at, feature) in features.iter().enumerate() {
            let (name, kind) = name_and_kind(feature);
            let field = || format!("features[{at}].name");
            if name.is_empty() || name == "client_id" {
                let expected = "a name other than \"\" and \"client_id\"";
                return Err(FieldFault::new(field(), expected, format!("{name:?}")));
            }
            if let Some(before) = seen.insert(name, at) {
                let found = format!("{name:?}, which features[{before}] has too");
                return Err(FieldFault::new(field(), "a name of its own", found));
            }
            let Some(kind) = kind else { continue };
            if let Feature::Numeric(numeric) = feature {
                let clip_min = numeric.clip_min.unwrap_or(f64::NEG_INFINITY);
                numbers.insert(name, Clipped { input: inputs.len(), clip_min });
            }
            inputs.push((name.to_owned(), kind));
        }
        Ok(Self { inputs, numbers, filled: vec![None; columns], steps: Steps::default() })
    }

    fn numeric(&mut self, field: &str, numeric: &Numeric) -> Result<(), FieldFault> {
        let Numeric { name, column, log, fill, mean, std, .. } = numeric;
        let source = Source::Number(self.number(field, "name", name)?);
        self.number_column(field, source, *column, Scale { log: *log, fill: *fill, mean: *mean, std: *std })
    }

    fn ratio(&mut self, field: &str, ratio: &Ratio) -> Result<(), FieldFault> {
        let Ratio { numerator, denominator, column, log, fill, mean, std, .. } = ratio;
        let numerator = self.number(field, "numerator", numerator)?;
        let denominator = self.number(field, "denominator", denominator)?;
        let source = Source::Ratio { numerator, denominator };
        self.number_column(field, source, *column, Scale { log: *log, fill: *fill, mean: *mean, std: *std })
    }

    fn number(&self, field: &str, key: &str, name: &str) -> Result<Clipped, FieldFault> {
        self.numbers.get(name).copied().ok_or_else(|| {
            let expected = "the name of a numeric feature of this manifest";
            FieldFault::new(format!("{field}.{key}"), expected, format!("{name:?}"))
        })
    }

    fn number_column(
        &mut self,
        field: &str,
        source: Source,
        column: Option<usize>,
        scale: Scale,
    ) -> Result<(), FieldFault> {
        if scale.std.is_nan() || scale.std <= 0.0 {
            return Err(FieldFault::new(format!("{field}.std"), "a number above 0", scale.std.to_string()));
        }
        if let Some(column) = column {
            self.fill(&format!("{field}.column"), column)?;
            self.steps.numbers.push(NumberColumn { source, scale, column });
        }
        Ok(())
    }

    fn categorical(&mut self, field: &str, categorical: &Categorical) -> Result<(), FieldFault> {
        let encoder = self.encoder(field, &categorical.levels, &categorical.rare)?;
        let input = self.input(field, &categorical.name)?;
        self.steps.categories.push(CategoryColumns { input, encoder });
        Ok(())
    }

    fn date(&mut self, field: &str, date: &DateParts) -> Result<(), FieldFault> {
        let quarter = self.encoder(&format!("{field}.quarter"), &date.quarter.levels, &date.quarter.rare)?;
        let year = self.encoder(&format!("{field}.year"), &date.year.levels, &date.year.rare)?;
        let input = self.input(field, &date.name)?;
        self.steps.dates.push(DateColumns { input, quarter, year });
        Ok(())
    }

    fn encoder(&mut self, field: &str, levels: &[Level], rare: &[String]) -> Result<Encoder, FieldFault> {
        for (at, level) in levels.iter().enumerate() {
            if let Some(column) = level.column {
                self.fill(&format!("{field}.levels[{at}].column"), column)?;
            }
        }
        Encoder::compile(field, levels, rare)
    }

    fn input(&self, field: &str, name: &str) -> Result<usize, FieldFault> {
        let at = self.inputs.iter().position(|(input, _)| input == name);
        at.ok_or_else(|| FieldFault::new(format!("{field}.name"), "a raw input", format!("{name:?}")))
    }

    fn fill(&mut self, field: &str, column: usize) -> Result<(), FieldFault> {
        let columns = self.filled.len();
        let Some(slot) = self.filled.get_mut(column) else {
            let expected = format!("null or a column below {columns}");
            return Err(FieldFault::new(field, expected, column.to_string()));
        };
        if let Some(before) = slot {
            let found = format!("{column}, which {before} fills too");
            return Err(FieldFault::new(field, "a column of its own", found));
        }
        *slot = Some(field.to_owned());
        Ok(())
    }

    fn finish(self, fingerprint: String) -> Result<FeaturePipeline, FieldFault> {
        if let Some(column) = self.filled.iter().position(Option::is_none) {
            let expected = format!("every column from 0 to {} filled", self.filled.len().saturating_sub(1));
            return Err(FieldFault::new("features", expected, format!("nothing that fills column {column}")));
        }
        let Self { inputs, filled, steps, .. } = self;
        Ok(FeaturePipeline { columns: filled.len(), fingerprint, inputs, steps })
    }
}

/// A feature's name, and the kind of its raw input; a ratio has none.
fn name_and_kind(feature: &Feature) -> (&str, Option<InputKind>) {
    match feature {
        Feature::Numeric(numeric) => (&numeric.name, Some(InputKind::Number)),
        Feature::Ratio(ratio) => (&ratio.name, None),
        Feature::Categorical(categorical) => {
            (&categorical.name, Some(InputKind::Category { accept_numbers: categorical.accept_numbers }))
        }
        Feature::Date(date) => (&date.name, Some(InputKind::Date)),
    }
}
