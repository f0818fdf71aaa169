//! `bellwether jobs`

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use uuid::Uuid;

use super::Target;
use crate::span;

/// `bellwether jobs`
#[derive(Debug, clap::Args)]
pub(crate) struct Jobs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: JobsCommand,
}

/// One command about email jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// How many jobs stand where, and the last changed of each state
    List {
        /// Only these states; may be given several times
        #[arg(long, value_enum)]
        state: Vec<StateArg>,
        /// The most jobs of one state
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// One job
    Show {
        /// The job's id: the uid of its prediction
        uid: Uuid,
        /// With what the email says, which is client data
        #[arg(long)]
        payload: bool,
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Queues parked jobs anew, their attempts and their time starting over
    Requeue {
        /// The jobs; or --all-parked
        #[arg(required_unless_present = "all_parked", conflicts_with = "all_parked")]
        uids: Vec<Uuid>,
        /// Every job that is parked now
        #[arg(long)]
        all_parked: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Forgets jobs: what is not sent by then never is
    Purge {
        /// These jobs, whatever their state, but one that is being sent; or --sent-before
        #[arg(required_unless_present = "sent_before", conflicts_with = "sent_before")]
        uids: Vec<Uuid>,
        /// Jobs that were sent so long ago, such as 7d
        #[arg(long, value_parser = span::parse, value_name = "SPAN")]
        sent_before: Option<Duration>,
        /// Without asking
        #[arg(long)]
        yes: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Orders today's digest of clients at high risk, unless it was ordered before
    Digest {
        /// Even if it was
        #[arg(long)]
        again: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Puts every job that is due into the queue, if it is not there
    Refill {
        /// Which system
        #[command(flatten)]
        target: Target,
    },
}

/// A job's state on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StateArg {
    /// Waits for its first try
    Queued,
    /// A worker is at it
    Sending,
    /// Waits to be tried again
    Retrying,
    /// The mail server took it
    Sent,
    /// Given up
    Parked,
}
