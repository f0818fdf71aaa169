//! `bellwether experiment report`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_experiments::{
    ExperimentReport, ExperimentSpec, Population, Progress, Silence, Stage, experiments, plots, report,
};
use bellwether_store::Database;
use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};

use super::told;
use crate::args::{ReportArgs, SilenceArg};

/// Steps of the bar: thousandths of the log's time.
const STEPS: u64 = 1_000;

/// Makes a report, prints it, and draws it where that is asked.
pub(super) async fn run(
    database: &dyn Database,
    environment: &str,
    asked: &ReportArgs,
) -> anyhow::Result<ExitCode> {
    let spec = spec(database, environment, asked).await?;
    let style = ProgressStyle::with_template("{msg} {bar:40} {percent:>3}%")?;
    let bar = ProgressBar::new(STEPS).with_style(style);
    let found = report(database, &spec, &|progress| follow(&bar, progress)).await;
    bar.finish_and_clear();
    let found = found?;
    if let Some(folder) = &asked.svg {
        draw(&found, folder)?;
    }
    if asked.json {
        println!("{}", serde_json::to_string(&found)?);
    } else {
        told::print(&found);
    }
    Ok(ExitCode::SUCCESS)
}

async fn spec(
    database: &dyn Database,
    environment: &str,
    asked: &ReportArgs,
) -> anyhow::Result<ExperimentSpec> {
    let known = experiments(database, environment).await?;
    let outline = match &asked.salt {
        Some(salt) => known.iter().find(|outline| outline.salt == *salt),
        None => known.first(),
    };
    let outline = outline.with_context(|| match &asked.salt {
        Some(salt) => format!("--salt: {environment} had no version with the salt `{salt}`"),
        None => format!("{environment} has no config version yet"),
    })?;
    let mut spec = ExperimentSpec::of(outline, asked.as_of.unwrap_or_else(Utc::now));
    spec.window_days = asked.window_days.unwrap_or(spec.window_days);
    spec.contact_cost = asked.contact_cost.unwrap_or(spec.contact_cost);
    spec.kept_share = asked.kept_share.unwrap_or(spec.kept_share);
    spec.alpha = asked.alpha;
    spec.silence = match asked.silence {
        SilenceArg::Unknown => Silence::Unknown,
        SilenceArg::Stayed => Silence::Stayed,
    };
    Ok(spec)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a thousand")]
fn follow(bar: &ProgressBar, progress: Progress) {
    bar.set_message(match progress.stage {
        Stage::Log => "reading the log",
        Stage::Outcomes => "reading outcomes",
        Stage::Computing => "computing",
    });
    if let Some(share) = progress.share {
        bar.set_position((share * STEPS as f64) as u64);
    }
}

/// Writes every plot that there is something for, and says where on standard error.
fn draw(report: &ExperimentReport, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("--svg: `{}` cannot be made", folder.display()))?;
    let mut drawn = vec![("churn.svg".to_owned(), plots::churn_by_group(report))];
    for difference in &report.differences {
        // Treatments' names only: a model's is no file name.
        if difference.of.model.is_none() && difference.to.model.is_none() {
            let name = format!("{}-less-{}.svg", difference.of.label(), difference.to.label());
            drawn.push((name, plots::difference_over_days(difference)));
        }
    }
    for on in &report.models {
        let whom = match on.population {
            Population::Everyone => "everyone",
            Population::Holdout => "holdout",
        };
        drawn.push((format!("calibration-{whom}.svg"), plots::calibration_plot(on)));
        drawn.push((format!("roc-{whom}.svg"), plots::roc_plot(on)));
    }
    for (name, svg) in drawn.into_iter().filter(|(_, svg)| !svg.is_empty()) {
        let file = folder.join(name);
        std::fs::write(&file, svg)
            .with_context(|| format!("--svg: `{}` cannot be written", file.display()))?;
        eprintln!("{}", file.display());
    }
    Ok(())
}
