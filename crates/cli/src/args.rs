//! What can be asked for on the command line.

mod audit;
mod config;
mod drift;
mod erase;
mod experiment;
mod features;
mod jobs;
mod journal;
mod jwt;
mod load_test;
mod outcomes;
mod user;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand};

pub(crate) use audit::{Audit, AuditCommand};
pub(crate) use config::{
    Config, ConfigCommand, ConsoleArgs, EnvironmentArg, Onward, Promote, Propose, Revert,
};
pub(crate) use drift::{Drift, DriftCommand, DriftReport};
pub(crate) use erase::Erase;
pub(crate) use experiment::{Experiment, ExperimentCommand, ReportArgs, SilenceArg};
pub(crate) use features::{Features, FeaturesCommand, Import, OnBad};
pub(crate) use jobs::{Jobs, JobsCommand, StateArg};
pub(crate) use journal::{Journal, JournalCommand, JournalPlace};
pub(crate) use jwt::Jwt;
pub(crate) use load_test::{LoadTest, PurposeArg};
pub(crate) use outcomes::{ImportOutcomes, Outcomes, OutcomesCommand};
pub(crate) use user::{Token, User, UserCommand};

/// Puts a tabular model into production.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Args {
    /// What to do; without it, `up`.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// One command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts all of it in one process on loopback, on embedded engines
    Up(Up),
    /// Brings the database up to date, and writes config version 1 where there is none
    Migrate(Migrate),
    /// Scores a file of customers: CSV or NDJSON in, CSV out
    Score(Score),
    /// Checks settings, bundles and connections, and says what is wrong
    Doctor(Target),
    /// Config over the console: get, history, diff, propose, try, approve, promote, revert, status, wait
    Config(Box<Config>),
    /// Production against training: report
    Drift(Drift),
    /// Email jobs: list, show, requeue, purge, refill
    Jobs(Jobs),
    /// What is known of clients: import
    Features(Features),
    /// What became of clients: import
    Outcomes(Outcomes),
    /// Experiments: list, report
    Experiment(Box<Experiment>),
    /// Forgets a client, wherever something is kept of them
    Erase(Erase),
    /// Asks an api for predictions as fast as it answers, or at a rate, and measures
    LoadTest(Box<LoadTest>),
    /// People who may log in to the config console: add, disable, enable, passwd, role, email, list, token
    User(User),
    /// The log of who did what in the config console: verify
    Audit(Audit),
    /// Makes a token with which a system may call an api that trusts `auth.jwt_secret`
    Jwt(Jwt),
    /// Drops old predictions from the log, after making sure that the archive has them
    Prune(Prune),
    /// The journal's file of one api: status, backup, restore
    Journal(Journal),
    /// Fills the log from the archive, after the database was lost or restored to an older state
    RestoreLog(RestoreLog),
}

/// `bellwether up`
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Port of the prod api
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Port of the stage api
    #[arg(long, default_value_t = 8010)]
    pub(crate) stage_port: u16,
    /// Port of the config console
    #[arg(long, default_value_t = 8001)]
    pub(crate) admin_port: u16,
    /// Where everything is kept
    #[arg(long, default_value = "bellwether-data")]
    pub(crate) data_dir: PathBuf,
}

impl Default for Up {
    fn default() -> Self {
        Self { port: 8000, stage_port: 8010, admin_port: 8001, data_dir: "bellwether-data".into() }
    }
}

/// Which system a command is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The embedded system of `bellwether up` in this folder, instead of the one the settings name
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
}

/// `bellwether migrate`
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    /// Writes sample clients where there are none, and a first user `admin` where nobody is there yet: with the password
    /// in the variable BELLWETHER_FIRST_PASSWORD, or one of chance, which is shown
    #[arg(long)]
    pub(crate) samples: bool,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}

/// `bellwether score`
#[derive(Debug, clap::Args)]
pub(crate) struct Score {
    /// Customers: CSV with a header, or one JSON object a line
    pub(crate) file: PathBuf,
    /// Where the CSV goes; without it, standard output
    #[arg(long, short)]
    pub(crate) out: Option<PathBuf>,
    /// The folder that holds the bundles
    #[arg(long, default_value = "models")]
    pub(crate) models: PathBuf,
    /// The bundle's uid; without it, the first of the folder
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// From this probability on a client is of high risk
    #[arg(long, default_value_t = 0.65)]
    pub(crate) cutoff: f64,
}

/// `bellwether prune`
#[derive(Debug, clap::Args)]
pub(crate) struct Prune {
    /// What is dropped: predictions of days (UTC) that ended this long ago, as 90d; at least 1d
    #[arg(long, value_parser = days)]
    pub(crate) older_than: u32,
    /// Drops them even where the settings name no archive
    #[arg(long)]
    pub(crate) without_archive: bool,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}

/// `bellwether restore-log`
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreLog {
    /// The first day (UTC) that is read from the archive, as 2026-11-30
    #[arg(long)]
    pub(crate) from: NaiveDate,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}

/// A number of days, as `90d`.
fn days(text: &str) -> Result<u32, String> {
    let days = text.strip_suffix('d').and_then(|number| number.parse().ok());
    days.filter(|days| *days > 0).ok_or_else(|| "expected a number of days, at least 1, as 90d".to_owned())
}
