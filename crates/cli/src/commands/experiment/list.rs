//! `bellwether experiment list`

use std::process::ExitCode;

use bellwether_experiments::{ExperimentOutline, experiments};
use bellwether_store::ConfigStore;

use crate::table::Table;

/// Prints every experiment, that with the newest version first.
pub(super) async fn run(store: &dyn ConfigStore, environment: &str, json: bool) -> anyhow::Result<ExitCode> {
    let known = experiments(store, environment).await?;
    if json {
        println!("{}", serde_json::json!({ "environment": environment, "experiments": known }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["salt", "versions", "from", "to"]);
    for outline in &known {
        let to = outline.to.map_or_else(|| "live".to_owned(), |to| to.format("%Y-%m-%d %H:%M").to_string());
        let from = outline.from.format("%Y-%m-%d %H:%M").to_string();
        table.row(vec![outline.salt.clone(), numbers(outline), from, to]);
    }
    table.print();
    Ok(ExitCode::SUCCESS)
}

/// Version numbers, those in a row as a span: `1–3, 5`.
fn numbers(outline: &ExperimentOutline) -> String {
    let runs = outline.numbers.chunk_by(|left, right| left + 1 == *right);
    let told = runs.filter_map(|run| match run {
        [] => None,
        [one] => Some(one.to_string()),
        [first, .., last] => Some(format!("{first}–{last}")),
    });
    told.collect::<Vec<_>>().join(", ")
}
