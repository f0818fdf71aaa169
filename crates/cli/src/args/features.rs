//! `bellwether features`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::Target;

/// `bellwether features`
#[derive(Debug, clap::Args)]
pub(crate) struct Features {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: FeaturesCommand,
}

/// One command about what is known of clients.
#[derive(Debug, Subcommand)]
pub(crate) enum FeaturesCommand {
    /// Writes clients' features and lifetime values down, over what was known of them
    Import(Import),
}

/// `bellwether features import`
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// Clients: CSV with a header (client_id, ltv, features), or one JSON object a line, its features flat or under
    /// `features`
    pub(crate) file: PathBuf,
    /// What a row that cannot be taken means for the others
    #[arg(long, value_enum, default_value_t = OnBad::Refuse)]
    pub(crate) on_bad: OnBad,
    /// Clients written in one transaction
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) batch: u32,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}

/// What a bad row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnBad {
    /// It is reported and left out
    Skip,
    /// It is reported, and nothing of the file is written
    Refuse,
}
