//! `bellwether user`

use bellwether_store::Role;
use clap::{Subcommand, ValueEnum};

use super::Target;

/// `bellwether user`
#[derive(Debug, clap::Args)]
pub(crate) struct User {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: UserCommand,
}

/// One command about people.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Adds a person; the password is read from standard input
    Add {
        /// The name to log in with
        name: String,
        /// What they may do
        #[arg(long, value_enum, default_value_t = RoleArg::Viewer)]
        role: RoleArg,
        /// Where they are written to
        #[arg(long)]
        email: Option<String>,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Keeps a person from logging in, ends their sessions, and stops their tokens
    Disable {
        /// Whom
        name: String,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Lets a person log in again
    Enable {
        /// Whom
        name: String,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Gives a person another password, read from standard input, and ends their sessions
    Passwd {
        /// Whom
        name: String,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Gives a person another role, and ends their sessions
    Role {
        /// Whom
        name: String,
        /// What they may do
        #[arg(value_enum)]
        role: RoleArg,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Sets where a person is written to, as when a promotion was rolled back
    Email {
        /// Whose
        name: String,
        /// Where; or --none
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        address: Option<String>,
        /// Nowhere any more
        #[arg(long)]
        none: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// Everyone, with their sessions and tokens
    List {
        /// As one JSON document, for machines
        #[arg(long)]
        json: bool,
        /// Which system
        #[command(flatten)]
        target: Target,
    },
    /// A person's tokens, by which pipelines call the console: makes one, revokes one, or lists them
    Token(Token),
}

/// `bellwether user token`
#[derive(Debug, clap::Args)]
pub(crate) struct Token {
    /// Whose
    #[arg(value_name = "NAME")]
    pub(crate) owner: String,
    /// Makes a token of this name, and prints it once
    #[arg(long, value_name = "TOKEN")]
    pub(crate) name: Option<String>,
    /// What the new token may do at most, and never more than its owner; without it, look
    #[arg(long, value_enum, requires = "name")]
    pub(crate) role: Option<RoleArg>,
    /// After how many days the new token ends, 1 to 730; without it, 90
    #[arg(long, requires = "name", value_parser = clap::value_parser!(u16).range(1..=730))]
    pub(crate) days: Option<u16>,
    /// Ends the token of this id now
    #[arg(long, value_name = "ID", conflicts_with = "name")]
    pub(crate) revoke: Option<String>,
    /// Which system
    #[command(flatten)]
    pub(crate) target: Target,
}

/// A role on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    /// Looks
    Viewer,
    /// Proposes
    Editor,
    /// Approves
    Approver,
    /// Everything
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Editor => Self::Editor,
            RoleArg::Approver => Self::Approver,
            RoleArg::Admin => Self::Admin,
        }
    }
}
