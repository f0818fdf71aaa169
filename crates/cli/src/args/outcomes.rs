//! `bellwether outcomes`

use std::path::PathBuf;

use clap::Subcommand;

use super::Target;

/// `bellwether outcomes`
#[derive(Debug, clap::Args)]
pub(crate) struct Outcomes {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: OutcomesCommand,
}

/// One command about what became of clients.
#[derive(Debug, Subcommand)]
pub(crate) enum OutcomesCommand {
    /// Writes down what became of clients; the same file again changes nothing
    Import(ImportOutcomes),
}

/// `bellwether outcomes import`
#[derive(Debug, clap::Args)]
pub(crate) struct ImportOutcomes {
    /// Statements: CSV with a header (client_id, churned, occurred_at, id, corrected_at), or one JSON object a line
    pub(crate) file: PathBuf,
    /// Reads and checks the whole file, and writes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Statements written in one transaction
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) batch: u32,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}
