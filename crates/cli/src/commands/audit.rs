//! `bellwether audit`: whether the log of who did what is the one that was written.

use std::process::ExitCode;

use bellwether_store::console::{AuditError, verify_audit};

use crate::args::{self, AuditCommand};
use crate::embedded::{block_on, opened};
use crate::table::grouped;

/// Runs one command.
pub(crate) fn run(audit: &args::Audit) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify { target } = &audit.command;
    block_on(async {
        let database = opened(&target.console_settings().await?).await?;
        let verified = verify_audit(database.as_ref()).await;
        database.close().await;
        match verified {
            Ok(verified) => {
                println!(
                    "{} lines, each as it was written and where it was written",
                    grouped(verified.lines)
                );
                if let Some(head) = verified.head {
                    println!("the last: line {}, {}", head.seq, head.hash);
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(AuditError::Store(error)) => Err(error.into()),
            Err(error) => {
                eprintln!("The audit log is not the one that was written: {error}");
                Ok(ExitCode::FAILURE)
            }
        }
    })
}
