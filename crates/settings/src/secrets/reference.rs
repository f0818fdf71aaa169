//! How a setting says that its value is in a secret.

use std::fmt;

const SCHEME: &str = "secret:";

/// `secret:NAME#field`, or `secret:NAME` for the whole text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) field: Option<String>,
}

impl Reference {
    /// Whether a text is meant as a reference, well written or not.
    pub(crate) fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// What a text refers to; none where it is no reference, or has no name or an empty field.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, field) = match text.strip_prefix(SCHEME)?.split_once('#') {
            Some((name, field)) => (name, Some(field)),
            None => (text.strip_prefix(SCHEME)?, None),
        };
        let whole = !name.is_empty() && field != Some("");
        whole.then(|| Self { name: name.to_owned(), field: field.map(str::to_owned) })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(formatter, "the field `{field}` of the secret `{}`", self.name),
            None => write!(formatter, "the secret `{}`", self.name),
        }
    }
}
