//! `bellwether drift`

use chrono::NaiveDate;
use clap::Subcommand;

use super::{EnvironmentArg, Target};

/// `bellwether drift`
#[derive(Debug, clap::Args)]
pub(crate) struct Drift {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: DriftCommand,
}

/// One command about drift.
#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// Measures a day of the log against what the training of each live model saw
    Report(DriftReport),
}

/// `bellwether drift report`
#[derive(Debug, clap::Args)]
pub(crate) struct DriftReport {
    /// Which day (UTC), as 2026-11-30; without it, yesterday
    #[arg(long)]
    pub(crate) day: Option<NaiveDate>,
    /// One model by its uid; without it, every arm and shadow of the config that is live
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Whose log; without it, that of the environment the settings name, and prod's of an embedded system
    #[arg(long)]
    pub(crate) environment: Option<EnvironmentArg>,
    /// Tells everything as JSON: a list with an entry a model
    #[arg(long)]
    pub(crate) json: bool,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}
