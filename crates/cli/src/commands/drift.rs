//! `bellwether drift report`: a day of the log against training, measured anew from the log and the models folder.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use bellwether_core::bundle::manifest::Feature;
use bellwether_core::bundle::{Bundle, ModelFolder};
use bellwether_core::config::{ConfigDocument, DriftLimits};
use bellwether_experiments::drift::{
    Cursor, Exceeded, ModelDay, Reference, Shift, Watched, exceeded, read_day, start_of,
};
use bellwether_settings::{Embedded, Environment, Settings};
use chrono::{TimeDelta, Utc};
use serde::Serialize;

use crate::args::{self, DriftCommand, DriftReport, EnvironmentArg};
use crate::embedded::{block_on, embedded_settings, opened};
use crate::table::{Table, grouped};

/// One model's day as it is told.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    day: ModelDay,
    exceeded: Vec<Exceeded>,
}

/// Runs one command.
pub(crate) fn run(drift: &args::Drift) -> anyhow::Result<ExitCode> {
    let DriftCommand::Report(asked) = &drift.command;
    block_on(async {
        let settings = settings(asked).await?;
        let told = measured(&settings, asked).await?;
        if asked.json {
            println!("{}", serde_json::to_string_pretty(&told)?);
        } else {
            told.iter().for_each(print);
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The settings of a process of the environment asked for.
async fn settings(asked: &DriftReport) -> anyhow::Result<Settings> {
    let environment = asked.environment.map(|environment| match environment {
        EnvironmentArg::Stage => Environment::Stage,
        EnvironmentArg::Prod => Environment::Prod,
    });
    if let (Some(environment), Some(data)) = (environment, &asked.target.data_dir) {
        let embedded = Embedded { data: data.clone(), environment, port: 8000 };
        return embedded_settings(&embedded).await;
    }
    let settings = asked.target.settings().await?;
    Ok(match environment {
        Some(environment) if environment != settings.environment => settings.within(environment),
        _ => settings,
    })
}

async fn measured(settings: &Settings, asked: &DriftReport) -> anyhow::Result<Vec<Told>> {
    let now = Utc::now();
    let yesterday = now.date_naive().pred_opt().context("the clock stands at the first day there is")?;
    let day = asked.day.unwrap_or(yesterday);
    ensure!(day <= now.date_naive(), "--day: {day} has not begun");
    let database = opened(settings).await?;
    let (models, limits) = live(&*database, settings, asked).await?;
    let mut watched = references(settings, models).await?.into_iter().map(Watched::new).collect::<Vec<_>>();
    let mut cursor = Cursor::new(day);
    let end = start_of(day) + TimeDelta::days(1);
    read_day(&*database, &mut watched, &mut cursor, end.min(now)).await.context("the log cannot be read")?;
    database.close().await;
    let told = watched.iter().map(|model| model.measured(&cursor, end <= now));
    Ok(told.map(|day| Told { exceeded: exceeded(&day, &limits), day }).collect())
}

/// Which models are meant, and the limits of the config that is live.
async fn live(
    database: &dyn bellwether_store::Database,
    settings: &Settings,
    asked: &DriftReport,
) -> anyhow::Result<(Vec<String>, DriftLimits)> {
    let environment = settings.environment.as_str();
    let live = database.live(environment).await.context("the config cannot be read")?;
    let document: Option<ConfigDocument> = live.and_then(|live| live.document.ok());
    let limits = document.as_ref().map(ConfigDocument::drift_limits).unwrap_or_default();
    let models = match (&asked.model, &document) {
        (Some(model), _) => vec![model.clone()],
        (None, Some(document)) => document.models().map(str::to_owned).collect(),
        (None, None) => anyhow::bail!("`{environment}` has no config that can be used: name a --model"),
    };
    Ok((models, limits))
}

/// What training saw of these models, from their bundles.
async fn references(settings: &Settings, models: Vec<String>) -> anyhow::Result<Vec<Reference>> {
    let folder = ModelFolder::new(&settings.models.path);
    let shown = settings.models.path.display();
    let bundles = tokio::task::spawn_blocking(move || folder.scan()).await?;
    let bundles = bundles.with_context(|| format!("models.path: the folder `{shown}` cannot be read"))?;
    let of = |model: String| match bundles.get(&model) {
        Some(Ok(bundle)) => Ok(reference(bundle)),
        Some(Err(error)) => Err(anyhow::anyhow!("the bundle {model} is refused: {error}")),
        None => Err(anyhow::anyhow!("models.path: `{shown}` holds no bundle {model}")),
    };
    models.into_iter().map(of).collect()
}

fn reference(bundle: &Bundle) -> Reference {
    let manifest = bundle.manifest();
    let date = |feature: &Feature| match feature {
        Feature::Date(date) => Some(date.name.clone()),
        _ => None,
    };
    let dates: BTreeSet<String> = manifest.features.iter().filter_map(date).collect();
    Reference::of(bundle.uid(), bundle.sha256(), &manifest.statistics, &dates)
}

fn print(told: &Told) {
    let day = &told.day;
    let provisional = if day.complete { "" } else { " so far: the day is not over" };
    println!("{} on {}: {} predictions{provisional}", day.model, day.day, grouped(day.rows));
    if day.sampled {
        println!("the log holds more than were read: these are the first of each quarter of an hour");
    }
    let mut table =
        Table::new(&["input", "kind", "missing", "in training", "unseen", "psi", "distance", "p", ""]);
    for shift in day.shifts() {
        let above = told.exceeded.iter().any(|above| above.feature == shift.name);
        table.row(row(shift, above));
    }
    table.print();
    for above in &told.exceeded {
        println!("above its limit: {above}");
    }
    println!();
}

fn row(shift: &Shift, above: bool) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let test = shift.ks.map(|test| (test.distance, test.p_value));
    let test = test.or_else(|| shift.levels.map(|test| (test.cramers_v, test.p_value)));
    vec![
        shift.name.clone(),
        shift.kind.as_str().to_owned(),
        format!("{:.4}", shift.missing_share),
        format!("{:.4}", shift.missing_in_training),
        format!("{:.4}", shift.unseen_share),
        number(shift.psi),
        number(test.map(|(distance, _)| distance)),
        number(test.map(|(_, p_value)| p_value)),
        if above { "above" } else { "" }.to_owned(),
    ]
}
