//! A report in words and tables, for a terminal.

use bellwether_experiments::statistics::Interval;
use bellwether_experiments::{Estimate, ExperimentReport, NoteKind, OnClients, Population, Verdict};

use crate::table::{Table, grouped};

/// Where there are too few to say anything.
const TOO_FEW: &str = "too few";

/// Prints a report, its notes first.
pub(super) fn print(report: &ExperimentReport) {
    let versions: Vec<String> = report.versions.iter().map(u64::to_string).collect();
    println!("Experiment {} in {}, versions {}", report.salt, report.environment, versions.join(", "));
    println!(
        "from {} to {}, as of {}; window {} days; intervals of {} %",
        report.from.format("%Y-%m-%d"),
        report.to.map_or_else(|| "now".to_owned(), |to| to.format("%Y-%m-%d").to_string()),
        report.as_of.format("%Y-%m-%d %H:%M"),
        report.window_days,
        100.0 * (1.0 - report.alpha)
    );
    println!("{} predictions of {} clients", grouped(report.predictions), grouped(report.clients));
    for note in &report.notes {
        let mark = match note.kind {
            NoteKind::Warning => "WARNING: ",
            NoteKind::Information => "- ",
        };
        println!("{mark}{}", note.text);
    }
    section("Clients and churn", &groups(report));
    if let Some(ratio) = &report.sample_ratio {
        let said = if ratio.mismatch { "MISMATCH" } else { "as the shares lead to expect" };
        println!(
            "sample ratio: χ² {:.2} ({} df), p {:.4}: {said}",
            ratio.statistic, ratio.degrees, ratio.p_value
        );
    }
    section("Differences in churn", &differences(report));
    for on in &report.models {
        let whom = match on.population {
            Population::Everyone => "Models on everyone compared",
            Population::Holdout => "Models on the holdout",
        };
        section(
            &format!("{whom}: {} clients, {} churned", grouped(on.clients), grouped(on.churned)),
            &models(on),
        );
    }
    section("Agreement of models", &agreement(report));
    section("Value a client, less contacts", &values(report));
}

fn section(title: &str, table: &Table) {
    let table = table.to_string();
    if !table.is_empty() {
        println!("\n{title}\n{table}");
    }
}

fn groups(report: &ExperimentReport) -> Table {
    let header = [
        "group",
        "entered",
        "moved",
        "immature",
        "unknown",
        "compared",
        "churned",
        "rate",
        "one look",
        "all looks",
    ];
    let mut table = Table::new(&header);
    for group in &report.groups {
        let counts =
            [group.entered, group.moved, group.immature, group.unknown, group.compared, group.churned];
        let mut row = vec![group.name.label().to_owned()];
        row.extend(counts.map(grouped));
        row.push(group.rate.map_or_else(|| "-".to_owned(), percent));
        row.extend(
            [group.fixed, group.sequential]
                .map(|interval| if group.rate.is_some() { percents(interval) } else { "-".to_owned() }),
        );
        table.row(row);
    }
    table
}

fn differences(report: &ExperimentReport) -> Table {
    let mut table =
        Table::new(&["group", "less", "difference", "one look", "all looks", "p, always valid", "churn"]);
    for difference in &report.differences {
        let said = match difference.verdict {
            Verdict::Fewer => "fewer",
            Verdict::More => "more",
            Verdict::Open => "not told apart",
            Verdict::TooFew => TOO_FEW,
        };
        table.row(vec![
            difference.of.label().to_owned(),
            difference.to.label().to_owned(),
            difference.estimate.map_or_else(|| TOO_FEW.to_owned(), percent),
            percents(difference.fixed),
            percents(difference.sequential),
            difference.always_valid_p.map_or_else(|| TOO_FEW.to_owned(), |p| format!("{p:.4}")),
            said.to_owned(),
        ]);
    }
    table
}

fn models(on: &OnClients) -> Table {
    let header = ["model", "AUC", "DeLong", "log loss", "Brier", "mean score", "high risk", "value a client"];
    let mut table = Table::new(&header);
    for model in &on.models {
        table.row(vec![
            model.model.clone(),
            format!("{:.4}", model.auc.value),
            numbers(model.auc.interval),
            figure(model.log_loss),
            figure(model.brier),
            format!("{:.4}", model.mean_score),
            percent(model.high_risk),
            model.contact_value.map_or_else(|| "-".to_owned(), figure),
        ]);
    }
    table
}

fn agreement(report: &ExperimentReport) -> Table {
    let mut table = Table::new(&["model", "with", "same call", "kappa", "Spearman"]);
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    for pair in report.agreement.iter().flat_map(|agreement| &agreement.pairs) {
        let same = percent(pair.same);
        table.row(vec![pair.of.clone(), pair.to.clone(), same, number(pair.kappa), number(pair.spearman)]);
    }
    table
}

fn values(report: &ExperimentReport) -> Table {
    let mut table = Table::new(&["group", "less", "clients", "contacted", "value"]);
    let told = |value: Option<Estimate>| value.map_or_else(|| TOO_FEW.to_owned(), figure);
    for value in &report.values {
        let (clients, contacted) = (grouped(value.clients), grouped(value.contacted));
        table.row(vec![value.name.label().to_owned(), "-".to_owned(), clients, contacted, told(value.value)]);
    }
    for difference in &report.value_differences {
        let (of, to) = (difference.of.label().to_owned(), difference.to.label().to_owned());
        table.row(vec![of, to, "-".to_owned(), "-".to_owned(), told(difference.value)]);
    }
    table
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn percents(interval: Option<Interval>) -> String {
    let told = |interval: Interval| format!("{:.2} … {:.2} %", 100.0 * interval.low, 100.0 * interval.high);
    interval.map_or_else(|| TOO_FEW.to_owned(), told)
}

fn numbers(interval: Interval) -> String {
    format!("{:.4} … {:.4}", interval.low, interval.high)
}

fn figure(estimate: Estimate) -> String {
    format!("{:.4} ({})", estimate.value, numbers(estimate.interval))
}
