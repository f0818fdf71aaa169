//! `bellwether audit`

use clap::Subcommand;

use super::Target;

/// `bellwether audit`
#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

/// One command about the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Follows the log from its first line to its end, and says whether a line was changed or taken away
    Verify {
        /// Which system
        #[command(flatten)]
        target: Target,
    },
}
