//! `bellwether journal`: what is in a journal, a copy of it, and the way back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_store::journal::{Contents, back_up, contents, restore};
use chrono::SecondsFormat;

use crate::args::{self, JournalCommand, JournalPlace};
use crate::embedded::block_on;

/// Does it, and tells what the journal or its copy holds.
pub(crate) fn run(args: &args::Journal) -> anyhow::Result<ExitCode> {
    block_on(async {
        match &args.command {
            JournalCommand::Status(place) => {
                let path = path(place).await?;
                tell(&contents(&path).await?);
            }
            JournalCommand::Backup { file, place } => {
                let path = path(place).await?;
                let copied = back_up(&path, file).await.context("the journal cannot be copied")?;
                println!("{} is a copy of {}", file.display(), path.display());
                tell(&copied);
            }
            JournalCommand::Restore { file, place } => {
                let path = path(place).await?;
                let restored = restore(file, &path).await.context("the journal cannot be restored")?;
                println!("{} is the journal {} now", file.display(), path.display());
                tell(&restored);
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn path(place: &JournalPlace) -> anyhow::Result<PathBuf> {
    match &place.path {
        Some(path) => Ok(path.clone()),
        None => Ok(place.target.settings().await?.journal.path),
    }
}

fn tell(contents: &Contents) {
    println!("entries: {}, the last is number {}", contents.entries, contents.last);
    for pending in &contents.sinks {
        println!("still to be taken by {}: {}", pending.sink, pending.entries);
    }
    if let Some(oldest) = contents.oldest {
        println!("the oldest of these is of {}", oldest.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    println!("set aside: {}", contents.parked);
}
