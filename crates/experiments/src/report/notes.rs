//! What a reader of a report must know beside its figures, in words.

use serde::Serialize;

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The figures cannot be taken as they are.
    Warning,
    /// How they are to be read.
    Information,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Note {
    /// How much it matters.
    pub kind: NoteKind,
    /// What it is, a sentence or two.
    pub text: String,
}
