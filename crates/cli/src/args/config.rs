//! `bellwether config`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use url::Url;

use crate::commands::config::Change;
use crate::span;

/// `bellwether config`
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// Which console is asked. Its token is read from BELLWETHER_CONSOLE_TOKEN, and from nowhere else.
#[derive(Debug, clap::Args)]
pub(crate) struct ConsoleArgs {
    /// Where the console is; over http only on this machine. The token is read from BELLWETHER_CONSOLE_TOKEN
    #[arg(long, env = "BELLWETHER_CONSOLE_URL", default_value = "http://127.0.0.1:8001")]
    pub(crate) url: Url,
}

/// One command about config.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// The config that is live, or another version
    Get {
        /// Of which environment
        #[arg(value_enum, default_value_t = EnvironmentArg::Prod)]
        environment: EnvironmentArg,
        /// This version instead of the live one
        #[arg(long)]
        version: Option<u64>,
        /// The document alone, as JSON: what `propose --file` takes
        #[arg(long)]
        json: bool,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Versions, newest first
    History {
        /// Of which environment
        #[arg(value_enum, default_value_t = EnvironmentArg::Prod)]
        environment: EnvironmentArg,
        /// The most versions
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        /// Only versions before this one
        #[arg(long)]
        before: Option<u64>,
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// What a version has otherwise than another, field by field
    Diff {
        /// The version; without it, the live one
        version: Option<u64>,
        /// The one it is compared with; without it, the one it was made from
        #[arg(long)]
        to: Option<u64>,
        /// Of which environment
        #[arg(long, value_enum, default_value_t = EnvironmentArg::Prod)]
        environment: EnvironmentArg,
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Proposes a change of what is live in production; exits 2 where its trial does not pass, 3 where production does
    /// not come to have it
    Propose(Propose),
    /// Tries a proposal in staging; exits 2 where it does not pass
    Try {
        /// Which proposal
        id: u64,
        /// Until its report is there
        #[arg(long)]
        wait: bool,
        /// How long that may take
        #[arg(long, value_parser = span::parse, default_value = "15m", value_name = "SPAN")]
        timeout: Duration,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Approves a proposal of somebody else
    Approve {
        /// Which proposal
        id: u64,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Gives a proposal up
    Withdraw {
        /// Which proposal
        id: u64,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Sends a proposal that has passed to production, and waits until every replica has it; exits 3 where they do not
    Promote(Promote),
    /// Proposes the document of an earlier version of production once more
    Revert(Revert),
    /// Both environments, or one proposal, as they stand
    Status {
        /// A proposal
        id: Option<u64>,
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Expects a replica no longer that ended without saying so, until it reports again
    ForgetReplica {
        /// Its name, as `status` shows it
        name: String,
        /// Of which environment
        #[arg(long, value_enum, default_value_t = EnvironmentArg::Prod)]
        environment: EnvironmentArg,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
    /// Waits for what goes on about a proposal: its trial, or its rollout with its bake; exits as `propose` does
    Wait {
        /// Which proposal
        id: u64,
        /// How long it may take
        #[arg(long, value_parser = span::parse, default_value = "15m", value_name = "SPAN")]
        timeout: Duration,
        /// Which console
        #[command(flatten)]
        console: ConsoleArgs,
    },
}

/// `bellwether config propose`
#[derive(Debug, clap::Args)]
pub(crate) struct Propose {
    /// What is changed of the live document, as `proba_cutoff=0.7`, `arms.MODEL=80`, `drift.psi=0.3` or
    /// `shadow=MODEL,MODEL`; may be given several times
    #[arg(long, value_name = "FIELD=VALUE", required_unless_present = "file")]
    pub(crate) set: Vec<Change>,
    /// A document, as `get --json` tells one, instead of the live one
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
    /// Clients of a running experiment may be given another treatment or model
    #[arg(long)]
    pub(crate) confirm: bool,
    /// What is done with it then
    #[command(flatten)]
    pub(crate) onward: Onward,
    /// Which console
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// What is done with a proposal that was just made.
#[derive(Debug, clap::Args)]
pub(crate) struct Onward {
    /// Tries it in staging
    #[arg(long = "try")]
    pub(crate) try_it: bool,
    /// Until its report is there; with --promote until its bake is over, too
    #[arg(long)]
    pub(crate) wait: bool,
    /// Sends it to production once it has passed, and waits until every replica has it
    #[arg(long)]
    pub(crate) promote: bool,
    /// How long it is watched in production, in minutes; 0 means not at all. Without it, as the console is set up to
    #[arg(long, value_name = "N", requires = "promote", value_parser = clap::value_parser!(u64).range(0..=1440))]
    pub(crate) bake_minutes: Option<u64>,
    /// How long its trial may take, and then production to have it everywhere
    #[arg(long, value_parser = span::parse, default_value = "15m", value_name = "SPAN")]
    pub(crate) timeout: Duration,
}

/// `bellwether config promote`
#[derive(Debug, clap::Args)]
pub(crate) struct Promote {
    /// Which proposal
    pub(crate) id: u64,
    /// How long it is watched, in minutes; 0 means not at all. Without it, as the console is set up to
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1440))]
    pub(crate) bake_minutes: Option<u64>,
    /// Without a trial, and marked so for ever; takes the role admin, and --why
    #[arg(long, requires = "why")]
    pub(crate) past_staging: bool,
    /// Why it cannot be tried first
    #[arg(long, requires = "past_staging")]
    pub(crate) why: Option<String>,
    /// Until its bake is over, too
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long production may take to have it everywhere
    #[arg(long, value_parser = span::parse, default_value = "15m", value_name = "SPAN")]
    pub(crate) timeout: Duration,
    /// Which console
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// `bellwether config revert`
#[derive(Debug, clap::Args)]
pub(crate) struct Revert {
    /// The version of production whose document is wanted back
    pub(crate) version: u64,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
    /// Clients of a running experiment may be given another treatment or model
    #[arg(long)]
    pub(crate) confirm: bool,
    /// What is done with it then; --try is passed over where that very document has passed before
    #[command(flatten)]
    pub(crate) onward: Onward,
    /// Which console
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// An environment on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EnvironmentArg {
    /// Staging
    Stage,
    /// Production
    Prod,
}

impl EnvironmentArg {
    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Prod => "prod",
        }
    }
}
