//! What the api is told of its page for people.
#![expect(missing_docs, reason = "every key is documented in default.toml")]

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPage {
    pub enabled: bool,
    pub public_url: String,
    pub session_idle_minutes: u32,
    pub session_hours: u32,
}
