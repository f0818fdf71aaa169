//! The inputs that a set of models knows by name, and of which kind each is.

use std::collections::HashMap;

/// What a caller may send for an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A finite JSON number.
    Number,
    /// A JSON string; a number too where the manifest says so.
    Category {
        /// Whether a JSON number is taken as its decimal text.
        accept_numbers: bool,
    },
    /// A JSON string `YYYY-MM-DD`.
    Date,
}

/// The raw inputs of one or more models, in the order first seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputSchema {
    names: Vec<String>,
    kinds: Vec<InputKind>,
    index: HashMap<String, usize>,
}

/// Two models disagree about the kind of an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("input `{name}` is {have:?} in one model and {want:?} in another")]
pub struct SchemaConflict {
    /// The input both name.
    pub name: String,
    /// The kind known so far.
    pub have: InputKind,
    /// The kind that disagrees with it.
    pub want: InputKind,
}

impl InputSchema {
    /// Adds an input, or finds it; answers its position.
    ///
    /// # Errors
    /// [`SchemaConflict`] where it is known as another kind.
    pub fn add(&mut self, name: &str, kind: InputKind) -> Result<usize, SchemaConflict> {
        if let Some(&at) = self.index.get(name) {
            let have = self.kinds[at];
            if have == kind {
                return Ok(at);
            }
            return Err(SchemaConflict { name: name.to_owned(), have, want: kind });
        }
        let at = self.names.len();
        self.names.push(name.to_owned());
        self.kinds.push(kind);
        self.index.insert(name.to_owned(), at);
        Ok(at)
    }

    /// Position and kind of an input.
    pub fn get(&self, name: &str) -> Option<(usize, InputKind)> {
        self.index.get(name).map(|&at| (at, self.kinds[at]))
    }

    /// The inputs' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The inputs' kinds, in the order of [`Self::names`].
    pub fn kinds(&self) -> &[InputKind] {
        &self.kinds
    }

    /// How many inputs there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no input at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
