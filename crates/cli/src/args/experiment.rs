//! `bellwether experiment`

use std::path::PathBuf;

use bellwether_settings::Environment;
use chrono::{DateTime, Utc};
use clap::{Subcommand, ValueEnum};

use super::{EnvironmentArg, Target};
use crate::embedded::embedded_settings;

/// `bellwether experiment`
#[derive(Debug, clap::Args)]
pub(crate) struct Experiment {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: ExperimentCommand,
}

/// One command about experiments.
#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// Every experiment of an environment, newest first
    List {
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Where
        #[command(flatten)]
        place: Place,
    },
    /// What an experiment shows: who was given what, what became of them, how sure that is, and how good the models are
    Report(ReportArgs),
}

/// Which environment of which system.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The environment; without it, the one that the settings are of (with --data-dir, prod)
    #[arg(long, value_enum)]
    pub(crate) environment: Option<EnvironmentArg>,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}

/// `bellwether experiment report`
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// The experiment's salt; without it, that which is live
    #[arg(long)]
    pub(crate) salt: Option<String>,
    /// How long after the first prediction a client is watched, in days; without it, what the config says
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) window_days: Option<u16>,
    /// What it means if nothing was said of a client whose window is over
    #[arg(long, value_enum, default_value_t = SilenceArg::Unknown)]
    pub(crate) silence: SilenceArg,
    /// How often an interval may miss
    #[arg(long, default_value_t = 0.05)]
    pub(crate) alpha: f64,
    /// What one contact costs, in the unit of lifetime values; without it, what the config says
    #[arg(long)]
    pub(crate) contact_cost: Option<f64>,
    /// Which share (0 to 1) of the lifetime value a contact keeps of a client who would have left; without it, what the
    /// config says
    #[arg(long)]
    pub(crate) kept_share: Option<f64>,
    /// The moment that the report is about, as 2026-11-30T00:00:00Z; without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<DateTime<Utc>>,
    /// As one JSON document, for machines
    #[arg(long)]
    pub(crate) json: bool,
    /// A folder for the plots
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
    /// Where
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What silence means, on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SilenceArg {
    /// Nothing: such clients are not compared
    Unknown,
    /// That they stayed: right only where everyone who leaves is reported
    Stayed,
}

impl Place {
    /// The settings of the environment meant.
    ///
    /// # Errors
    /// Every problem in them; an environment that they do not reach.
    pub(crate) async fn settings(&self) -> anyhow::Result<bellwether_settings::Settings> {
        let Some(wanted) = self.environment else { return self.target.settings().await };
        let wanted = match wanted {
            EnvironmentArg::Stage => Environment::Stage,
            EnvironmentArg::Prod => Environment::Prod,
        };
        if let Some(data) = &self.target.data_dir {
            let embedded =
                bellwether_settings::Embedded { data: data.clone(), environment: wanted, port: 8000 };
            return embedded_settings(&embedded).await;
        }
        let settings = self.target.settings().await?;
        if settings.environment == wanted {
            return Ok(settings);
        }
        let console = &settings.environments;
        let reached = if wanted == Environment::Stage { &console.stage } else { &console.prod };
        let reached = reached.is_given();
        let name = wanted.as_str();
        anyhow::ensure!(
            reached,
            "--environment: the settings are of {}, and name no {name}",
            settings.environment.as_str()
        );
        Ok(settings.within(wanted))
    }
}
