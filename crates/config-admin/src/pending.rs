//! Stands in for types that other branches bring, by the signatures agreed on; goes when they are there.
#![allow(missing_docs, reason = "goes with the merge")]

use bellwether_core::config::ConfigDocument;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub field: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThreeWay {
    pub field: String,
    pub base: Option<Value>,
    pub live: Option<Value>,
    pub proposed: Option<Value>,
    pub clash: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reassignment {
    pub moved: f64,
    pub salt_changed: bool,
    pub shrunk: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredVersion {
    pub environment: String,
    pub version: u64,
    pub parent: Option<u64>,
    pub sha256: String,
    pub author: String,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub document: Result<ConfigDocument, UnreadableDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableDocument {
    pub text: String,
    pub reasons: Vec<String>,
}
