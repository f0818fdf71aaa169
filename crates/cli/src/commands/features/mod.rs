//! `bellwether features import FILE`: what is known of clients, from a file into the database. A row replaces what it
//! names: where it says nothing of features, or nothing of lifetime value, what was known stays. So importing a file
//! again changes nothing.

mod client;
mod findings;
mod write;

use std::fs::File;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use bellwether_core::customer::InputSchema;
use bellwether_core::prediction::Snapshot;
use bellwether_settings::Settings;
use bellwether_store::Database;
use chrono::Utc;
use indicatif::ProgressBar;

use crate::args::{self, FeaturesCommand, Import, OnBad};
use crate::embedded::{block_on, opened};
use crate::progress;
use crate::rows::{Rows, is_number};
use crate::table::grouped;
use client::{CLIENT_ID, ClientReader, LTV};
use findings::Findings;
use write::Writer;

/// Imports a file.
pub(crate) fn run(features: &args::Features) -> anyhow::Result<ExitCode> {
    let FeaturesCommand::Import(import) = &features.command;
    block_on(async {
        let settings = import.target.settings().await?;
        let database = opened(&settings).await?;
        let outcome = run_on(database.as_ref(), &settings, import).await;
        database.close().await;
        outcome
    })
}

async fn run_on(database: &dyn Database, settings: &Settings, import: &Import) -> anyhow::Result<ExitCode> {
    let reader =
        ClientReader { schema: live_schema(database, settings).await?, today: Utc::now().date_naive() };
    if import.on_bad == OnBad::Refuse {
        let findings = check(import, &reader)?;
        if findings.bad() > 0 {
            findings.tell();
            eprintln!(
                "{} of {} rows cannot be taken: nothing was written (--on-bad skip writes the others)",
                grouped(findings.bad()),
                grouped(findings.rows())
            );
            return Ok(ExitCode::FAILURE);
        }
    }
    let (written, findings) = write(import, &reader, database).await?;
    findings.tell();
    println!("clients written: {}, rows left out: {}", grouped(written), grouped(findings.bad()));
    Ok(ExitCode::SUCCESS)
}

/// The inputs of the models that are live: arms and shadows.
async fn live_schema(database: &dyn Database, settings: &Settings) -> anyhow::Result<InputSchema> {
    let environment = settings.environment.as_str();
    let live = database.live(environment).await?;
    let live =
        live.with_context(|| format!("no config is live in `{environment}`; run `bellwether migrate`"))?;
    let live = live.readable()?;
    let models = bellwether_engines::fetched_models(settings).await?;
    let bundles = tokio::task::spawn_blocking(move || models.scan()).await?;
    let folder = settings.models.path.display();
    let bundles = bundles.with_context(|| format!("models.path: the folder `{folder}` cannot be read"))?;
    match Snapshot::build(live, &bundles) {
        Ok(snapshot) => Ok(snapshot.schema),
        Err(refusals) => {
            let reasons: Vec<_> = refusals.iter().map(ToString::to_string).collect();
            bail!("the models that are live are not to be had here: {}", reasons.join("; "))
        }
    }
}

/// Reads the whole file, and writes nothing.
fn check(import: &Import, reader: &ClientReader) -> anyhow::Result<Findings> {
    let (rows, bar) = open(import, reader, "checking")?;
    let mut findings = Findings::default();
    for row in rows {
        let row = row?;
        findings.add(row.line, &row.body.and_then(|body| reader.read(&body)));
    }
    bar.finish_and_clear();
    Ok(findings)
}

/// Writes every row that can be taken; answers how many were.
async fn write(
    import: &Import,
    reader: &ClientReader,
    database: &dyn Database,
) -> anyhow::Result<(u64, Findings)> {
    let (rows, bar) = open(import, reader, "writing")?;
    let mut findings = Findings::default();
    let mut writer = Writer::new(database, import.batch as usize);
    for row in rows {
        let row = row?;
        let client = row.body.and_then(|body| reader.read(&body));
        findings.add(row.line, &client);
        if let Ok(client) = client {
            writer.add(row.line, client).await?;
        }
    }
    let written = writer.finish().await?;
    bar.finish_and_clear();
    Ok((written, findings))
}

fn open(import: &Import, reader: &ClientReader, doing: &'static str) -> anyhow::Result<(Rows, ProgressBar)> {
    let path = import.file.display();
    let file = File::open(&import.file).with_context(|| format!("{path} cannot be opened"))?;
    let bar = progress::through(&file, doing)?;
    let number = |name: &str| name == LTV || is_number(&reader.schema, name);
    let rows = Rows::open(&import.file, bar.wrap_read(file), number)?;
    if let Some(header) = rows.header() {
        ensure!(header.iter().any(|name| name == CLIENT_ID), "the CSV's header names no `{CLIENT_ID}`");
        let known = |name: &String| name == LTV || reader.schema.get(name).is_some();
        ensure!(
            header.iter().any(known),
            "the CSV's header names neither `{LTV}` nor an input of the live models"
        );
    }
    Ok((rows, bar))
}
