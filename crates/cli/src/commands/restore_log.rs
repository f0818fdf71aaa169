//! `bellwether restore-log --from DAY`: the log gets back what only the archive has.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bellwether_engines::archive;
use bellwether_store::archive::{Restored, restore_log};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args;
use crate::embedded::{block_on, opened};

/// Restores, and says how much was lacking. Fails, after all else was restored, where objects cannot be read.
pub(crate) fn run(args: &args::RestoreLog) -> anyhow::Result<ExitCode> {
    block_on(async {
        let settings = args.target.settings().await?;
        let archive = archive(&settings)?.context("archive.url names no archive to read from")?;
        let database = opened(&settings).await?;
        let environment = settings.environment.as_str();
        let bar = bar()?;
        let progress = |day: NaiveDate, so_far: &Restored| {
            bar.set_message(format!("{day}  {} read, {} new", so_far.read, so_far.inserted));
        };
        let restored =
            restore_log(database.as_ref(), archive.as_ref(), environment, args.from, &progress).await;
        bar.finish_and_clear();
        let restored = restored.context("the log cannot be restored; what was by now stays, so try again")?;
        println!(
            "{environment}: {} predictions since {} read from the archive, {} of them were not in the log",
            restored.read, args.from, restored.inserted
        );
        database.close().await;
        Ok(said_of_unreadable(&restored.unreadable))
    })
}

/// Names what was passed over, so that nobody takes the log for whole.
fn said_of_unreadable(keys: &[String]) -> ExitCode {
    if keys.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "NOT complete. Objects of the archive that cannot be read, and of which nothing was restored: {}",
        keys.len()
    );
    for key in keys {
        eprintln!("  {key}");
    }
    eprintln!("All others were. Put these right, as from an older version of theirs, and repeat this.");
    ExitCode::FAILURE
}

fn bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}")?;
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}
