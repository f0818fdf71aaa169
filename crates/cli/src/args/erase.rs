//! `bellwether erase`

use std::time::Duration;

use super::Target;
use crate::span;

/// `bellwether erase`
#[derive(Debug, clap::Args)]
pub(crate) struct Erase {
    /// Who is to be forgotten
    #[arg(long)]
    pub(crate) client_id: String,
    /// How long to wait for what replicas have answered and not yet written down: an archive takes up to
    /// archive.batch_seconds
    #[arg(long, value_parser = span::parse, default_value = "90s", value_name = "SPAN")]
    pub(crate) wait: Duration,
    /// Without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// As one JSON document, for machines
    #[arg(long)]
    pub(crate) json: bool,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}
