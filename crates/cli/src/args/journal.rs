//! `bellwether journal`

use std::path::PathBuf;

use clap::Subcommand;

use super::Target;

/// `bellwether journal`
#[derive(Debug, clap::Args)]
pub(crate) struct Journal {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

/// One command about a journal.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Says what is in it, and how much of that the database, the archive and the emails have still to take
    Status(JournalPlace),
    /// Copies it to a new file, whole, while the api goes on writing it
    Backup {
        /// The copy; it must not be there yet
        file: PathBuf,
        /// Which journal
        #[command(flatten)]
        place: JournalPlace,
    },
    /// Makes a copy the journal of an api that is not running and has none
    Restore {
        /// The copy
        file: PathBuf,
        /// Which journal
        #[command(flatten)]
        place: JournalPlace,
    },
}

/// Where a journal is.
#[derive(Debug, clap::Args)]
pub(crate) struct JournalPlace {
    /// The journal's file; without it, journal.path of the settings
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) path: Option<PathBuf>,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}
