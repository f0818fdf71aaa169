//! `bellwether outcomes import FILE`: what became of clients, from a file into the database. A file with a statement
//! that cannot be taken is refused whole. One that was begun and not ended, or that is imported again, does no harm:
//! each statement has its name, and of two with one name the newer holds.

use std::fs::File;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use bellwether_core::outcome::{InvalidOutcome, Outcome};
use bellwether_store::{Database, OutcomeEffect};
use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use serde_json::{Map, Value};

use crate::args::{self, ImportOutcomes, OutcomesCommand};
use crate::embedded::{block_on, opened};
use crate::progress;
use crate::rows::Rows;
use crate::table::grouped;

/// The columns that a CSV has to have.
const NEEDED: [&str; 3] = ["client_id", "churned", "occurred_at"];
/// The most bad rows that are told one by one.
const TOLD_ROWS: u64 = 100;

/// Imports a file.
pub(crate) fn run(outcomes: &args::Outcomes) -> anyhow::Result<ExitCode> {
    let OutcomesCommand::Import(import) = &outcomes.command;
    block_on(async {
        let settings = import.target.settings().await?;
        let database = opened(&settings).await?;
        let outcome = run_on(database.as_ref(), import).await;
        database.close().await;
        outcome
    })
}

async fn run_on(database: &dyn Database, import: &ImportOutcomes) -> anyhow::Result<ExitCode> {
    let read_at = Utc::now();
    let (rows, bad) = check(import, read_at)?;
    if bad > 0 {
        let (bad, rows) = (grouped(bad), grouped(rows));
        eprintln!("{bad} of {rows} statements cannot be taken: nothing was written");
        return Ok(ExitCode::FAILURE);
    }
    if import.dry_run {
        println!("{} statements can be taken; nothing was written (--dry-run)", grouped(rows));
        return Ok(ExitCode::SUCCESS);
    }
    write(database, import, read_at).await?.tell();
    Ok(ExitCode::SUCCESS)
}

/// Reads the whole file, tells what cannot be taken, and writes nothing; answers how many rows there are, and how
/// many of them are bad.
fn check(import: &ImportOutcomes, read_at: DateTime<Utc>) -> anyhow::Result<(u64, u64)> {
    let (rows, bar) = open(import, "checking")?;
    let (mut all, mut bad) = (0, 0);
    for row in rows {
        let row = row?;
        all += 1;
        if let Err(reason) = row.body.and_then(|body| read(&body, read_at)) {
            bad += 1;
            if bad <= TOLD_ROWS {
                bar.suspend(|| eprintln!("line {}: {reason}", row.line));
            }
        }
    }
    bar.finish_and_clear();
    if bad > TOLD_ROWS {
        eprintln!("… and {} more", grouped(bad - TOLD_ROWS));
    }
    Ok((all, bad))
}

async fn write(
    database: &dyn Database,
    import: &ImportOutcomes,
    read_at: DateTime<Utc>,
) -> anyhow::Result<Tally> {
    let (rows, bar) = open(import, "writing")?;
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(import.batch as usize);
    let mut first_line = 0;
    for row in rows {
        let row = row?;
        let outcome = row.body.and_then(|body| read(&body, read_at));
        let outcome = outcome.map_err(|reason| anyhow::anyhow!("line {}: {reason}", row.line));
        if batch.is_empty() {
            first_line = row.line;
        }
        batch.push(outcome.context("the file was changed while it was read")?);
        if batch.len() == import.batch as usize {
            tally.add(flush(database, &mut batch, first_line).await?);
        }
    }
    tally.add(flush(database, &mut batch, first_line).await?);
    bar.finish_and_clear();
    Ok(tally)
}

async fn flush(
    database: &dyn Database,
    batch: &mut Vec<Outcome>,
    first_line: u64,
) -> anyhow::Result<Vec<OutcomeEffect>> {
    let effects = database.record_outcomes(batch).await.with_context(|| {
        format!(
            "the statements from line {first_line} on cannot be written; those before are, and the file can be imported again"
        )
    })?;
    batch.clear();
    Ok(effects)
}

fn open(import: &ImportOutcomes, doing: &'static str) -> anyhow::Result<(Rows, ProgressBar)> {
    let path = import.file.display();
    let file = File::open(&import.file).with_context(|| format!("{path} cannot be opened"))?;
    let bar = progress::through(&file, doing)?;
    let rows = Rows::open(&import.file, bar.wrap_read(file), |_| false)?;
    if let Some(header) = rows.header() {
        let missing: Vec<_> = NEEDED.into_iter().filter(|name| !header.iter().any(|is| is == name)).collect();
        ensure!(missing.is_empty(), "the CSV's header does not name {}", missing.join(", "));
    }
    Ok((rows, bar))
}

/// One row's statement; or every field at fault, in one line without the values.
fn read(body: &[u8], read_at: DateTime<Utc>) -> Result<Outcome, String> {
    Outcome::parse(&spelt(body), read_at).map_err(|error| match error {
        InvalidOutcome::NotJson(_) => error.to_string(),
        InvalidOutcome::Fields(faults) => {
            faults.iter().map(|f| format!("{}: {}", f.field, f.message)).collect::<Vec<_>>().join("; ")
        }
    })
}

/// The row with its truth values as JSON writes them: files know texts and numbers for them.
fn spelt(body: &[u8]) -> Vec<u8> {
    let Ok(mut row) = serde_json::from_slice::<Map<String, Value>>(body) else { return body.to_owned() };
    let Some(Value::String(text)) = row.get("churned") else { return body.to_owned() };
    let spelt = match text.to_ascii_lowercase().as_str() {
        "true" | "1" => true,
        "false" | "0" => false,
        _ => return body.to_owned(),
    };
    row.insert("churned".to_owned(), spelt.into());
    Value::Object(row).to_string().into_bytes()
}

/// How many statements did what.
#[derive(Default)]
struct Tally {
    recorded: u64,
    corrected: u64,
    unchanged: u64,
    superseded: u64,
}

impl Tally {
    fn add(&mut self, effects: Vec<OutcomeEffect>) {
        for effect in effects {
            match effect {
                OutcomeEffect::Recorded => self.recorded += 1,
                OutcomeEffect::Corrected => self.corrected += 1,
                OutcomeEffect::Unchanged => self.unchanged += 1,
                OutcomeEffect::Superseded => self.superseded += 1,
            }
        }
    }

    fn tell(&self) {
        println!(
            "recorded: {}, corrected: {}, unchanged: {}, superseded by newer ones: {}",
            grouped(self.recorded),
            grouped(self.corrected),
            grouped(self.unchanged),
            grouped(self.superseded)
        );
    }
}
