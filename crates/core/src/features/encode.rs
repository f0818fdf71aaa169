//! One column a level: which column is 1 for a category's value.

use std::collections::HashMap;

use crate::bundle::FieldFault;
use crate::bundle::manifest::Level;

/// The level of a missing value.
const MISSING: &str = "missing";
/// The level of a value that was rare in training, or never seen.
const SPARSE_COMBINED: &str = "sparse_combined";

/// A category's levels, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encoder {
    /// Each level's column; `None` where feature selection dropped it.
    levels: HashMap<Box<str>, Option<usize>>,
    /// The column of what is in no level.
    other: Option<usize>,
    /// The column of a missing value.
    missing: Option<usize>,
}

impl Encoder {
    /// # Errors
    /// Where a level stands twice or is listed as rare as well.
    pub(super) fn compile(field: &str, levels: &[Level], rare: &[String]) -> Result<Self, FieldFault> {
        let mut columns = HashMap::with_capacity(levels.len());
        for level in levels {
            if columns.insert(level.value.as_str().into(), level.column).is_some() {
                let field = format!("{field}.levels");
                return Err(FieldFault::new(field, "each level once", format!("{:?} twice", level.value)));
            }
        }
        if let Some(value) = rare.iter().find(|value| columns.contains_key(value.as_str())) {
            let expected = "values that are no level";
            return Err(FieldFault::new(format!("{field}.rare"), expected, format!("{value:?}")));
        }
        let column = |level: &str| columns.get(level).copied();
        let other = column(SPARSE_COMBINED).flatten();
        let missing = column(MISSING).unwrap_or(other);
        Ok(Self { levels: columns, other, missing })
    }

    /// The column that is 1 for `value`; `None` where all stay 0.
    pub(super) fn column_of(&self, value: Option<&str>) -> Option<usize> {
        match value {
            None | Some("") => self.missing,
            Some(level) => self.levels.get(level).copied().unwrap_or(self.other),
        }
    }
}
