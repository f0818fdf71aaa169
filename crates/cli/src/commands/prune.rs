//! `bellwether prune --older-than 90d`: old days leave the log, after the archive has them.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bellwether_engines::{archive, database};
use bellwether_store::archive::prune;
use chrono::{Days, NaiveDate, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args;
use crate::embedded::block_on;

/// Prunes, and says what was dropped.
pub(crate) fn run(args: &args::Prune) -> anyhow::Result<ExitCode> {
    block_on(async {
        let settings = args.target.settings().await?;
        let archive = archive(&settings)?;
        ensure!(
            archive.is_some() || args.without_archive,
            "archive.url names no archive: what is dropped would be gone (--without-archive drops it all the same)"
        );
        let database = database(&settings).await?;
        let before = first_day_kept(args.older_than)?;
        let bar = bar()?;
        let progress = |day: NaiveDate, seen: u64| bar.set_message(format!("{day}  {seen} predictions"));
        let pruned = prune(database.as_ref(), archive.as_deref(), before, &progress).await;
        bar.finish_and_clear();
        let pruned = pruned.context("the log cannot be pruned; what was dropped by now is in the archive")?;
        println!(
            "{}: {} predictions before {before} dropped from the log, {} of them archived by this",
            settings.environment.as_str(),
            pruned.dropped,
            pruned.archived,
        );
        database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The day of so many days ago, which is not over for as long as that.
fn first_day_kept(days: u32) -> anyhow::Result<NaiveDate> {
    let today = Utc::now().date_naive();
    today.checked_sub_days(Days::new(days.into())).context("--older-than: there was no such day")
}

fn bar() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}")?;
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}
