//! A report as tables: rows of texts that the template lays out.

use bellwether_experiments::plots::{calibration_plot, churn_by_group, difference_over_days, roc_plot};
use bellwether_experiments::statistics::Interval;
use bellwether_experiments::{
    Agreement, Difference, Estimate, ExperimentReport, Group, GroupName, GroupValue, OnClients, Population,
    SampleRatio, ValueDifference, Verdict,
};

use crate::pages::shown::Badge;

/// A table: its caption, its head, and its rows, whose first cell is the row's head.
pub(super) struct Grid {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) badge: Option<Badge>,
    pub(super) hint: String,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// The same as SVG.
    pub(super) plots: Vec<String>,
}

/// Everything.
pub(super) struct Tables {
    pub(super) all: Vec<Grid>,
}

impl Tables {
    pub(super) fn of(report: &ExperimentReport) -> Self {
        let mut all = vec![Grid { plots: vec![churn_by_group(report)], ..groups(&report.groups) }];
        all.extend(report.sample_ratio.as_ref().map(sample_ratio));
        all.push(differences(&report.differences));
        for on in &report.models {
            all.push(models(on));
            all.push(pairs(on));
        }
        all.extend(report.agreement.as_ref().map(agreement));
        all.push(values(&report.values));
        all.push(value_differences(&report.value_differences));
        all.retain(|grid| !grid.rows.is_empty());
        for grid in &mut all {
            grid.plots.retain(|plot| !plot.is_empty());
        }
        Self { all }
    }
}

fn groups(groups: &[Group]) -> Grid {
    let row = |group: &Group| {
        vec![
            label(&group.name),
            group.entered.to_string(),
            group.moved.to_string(),
            group.immature.to_string(),
            group.unknown.to_string(),
            group.compared.to_string(),
            group.churned.to_string(),
            group.rate.map_or_else(none, percent),
            percents(group.fixed),
            percents(group.sequential),
        ]
    };
    Grid {
        id: "churn",
        title: "Churn by treatment".to_owned(),
        badge: None,
        hint: "Clients enter at their first prediction. Moved: drawn otherwise later. Immature: their window is not over. \
               Only those of whom the outcome is known are compared. The interval for one look is Wilson's; the other may \
               be looked at as often as one likes."
            .to_owned(),
        head: vec![
            "Treatment",
            "Entered",
            "Moved",
            "Immature",
            "Unknown",
            "Compared",
            "Churned",
            "Rate",
            "For one look",
            "For any look",
        ],
        rows: groups.iter().map(row).collect(),
        plots: Vec::new(),
    }
}

fn sample_ratio(ratio: &SampleRatio) -> Grid {
    let badge = if ratio.mismatch {
        Badge::new("bad", format!("mismatch, p {}", p(ratio.p_value)))
    } else {
        Badge::new("good", format!("as drawn, p {}", p(ratio.p_value)))
    };
    let cells = ratio.cells.iter();
    Grid {
        id: "sample-ratio",
        title: "Sample ratio".to_owned(),
        badge: Some(badge),
        hint: format!(
            "Whether as many clients were given each treatment as the shares lead to expect: χ² {:.2} with {} degrees of \
             freedom. Where they were not, no difference can be believed.",
            ratio.statistic, ratio.degrees
        ),
        head: vec!["Treatment", "Counted", "Expected"],
        rows: cells
            .map(|cell| vec![label(&cell.name), cell.counted.to_string(), format!("{:.1}", cell.expected)])
            .collect(),
        plots: Vec::new(),
    }
}

fn differences(differences: &[Difference]) -> Grid {
    let row = |difference: &Difference| {
        let verdict = match difference.verdict {
            Verdict::Fewer => "fewer churn",
            Verdict::More => "more churn",
            Verdict::Open => "open",
            Verdict::TooFew => "too few clients",
        };
        vec![
            format!("{} less {}", label(&difference.of), label(&difference.to)),
            format!("{} and {}", difference.of_clients, difference.to_clients),
            difference.estimate.map_or_else(none, points),
            difference.fixed.map_or_else(none, point_range),
            difference.sequential.map_or_else(none, point_range),
            difference.always_valid_p.map_or_else(none, p),
            verdict.to_owned(),
        ]
    };
    Grid {
        id: "differences",
        title: "Differences in churn".to_owned(),
        badge: None,
        hint: "In percentage points. The verdict is the sequential interval's, so that looking early does no harm."
            .to_owned(),
        head: vec!["Of", "Clients", "Difference", "For one look", "For any look", "Always-valid p", "Verdict"],
        rows: differences.iter().map(row).collect(),
        plots: differences.iter().map(difference_over_days).collect(),
    }
}

fn models(on: &OnClients) -> Grid {
    let row = |model: &bellwether_experiments::ModelScores| {
        vec![
            model.model.clone(),
            estimate(model.auc),
            estimate(model.log_loss),
            estimate(model.brier),
            format!("{:.4}", model.mean_score),
            percent(model.high_risk),
            model.contact_value.map_or_else(none, estimate),
        ]
    };
    let (id, title) = match on.population {
        Population::Everyone => ("models-everyone", "Models, on everyone compared"),
        Population::Holdout => ("models-holdout", "Models, on the holdout alone"),
    };
    Grid {
        id,
        title: title.to_owned(),
        badge: None,
        hint: format!(
            "The same {} clients for every model, of whom {} churned. The AUC's interval is DeLong's.",
            on.clients, on.churned
        ),
        head: vec!["Model", "ROC AUC", "Log loss", "Brier", "Mean score", "High risk", "Value of contacts"],
        rows: on.models.iter().map(row).collect(),
        plots: vec![roc_plot(on), calibration_plot(on)],
    }
}

fn pairs(on: &OnClients) -> Grid {
    let (id, title) = match on.population {
        Population::Everyone => ("pairs-everyone", "AUC of models against each other, on everyone compared"),
        Population::Holdout => ("pairs-holdout", "AUC of models against each other, on the holdout"),
    };
    let row = |pair: &bellwether_experiments::PairDifference| {
        vec![format!("{} less {}", pair.of, pair.to), estimate(pair.auc), pair.p_value.map_or_else(none, p)]
    };
    Grid {
        id,
        title: title.to_owned(),
        badge: None,
        hint: "DeLong's paired interval, for one look.".to_owned(),
        head: vec!["Of", "Difference", "p"],
        rows: on.pairs.iter().map(row).collect(),
        plots: Vec::new(),
    }
}

fn agreement(agreement: &Agreement) -> Grid {
    let number = |value: Option<f64>| value.map_or_else(none, |value| format!("{value:.3}"));
    let row = |pair: &bellwether_experiments::ModelPair| {
        vec![
            format!("{} and {}", pair.of, pair.to),
            percent(pair.same),
            number(pair.kappa),
            number(pair.spearman),
        ]
    };
    Grid {
        id: "agreement",
        title: "Agreement of models".to_owned(),
        badge: None,
        hint: format!("On {} clients, at the cutoff {}.", agreement.clients, agreement.cutoff),
        head: vec!["Models", "Same risk", "Cohen's kappa", "Spearman"],
        rows: agreement.pairs.iter().map(row).collect(),
        plots: Vec::new(),
    }
}

fn values(values: &[GroupValue]) -> Grid {
    let row = |value: &GroupValue| {
        vec![
            label(&value.name),
            value.clients.to_string(),
            value.contacted.to_string(),
            value.without_ltv.to_string(),
            value.value.map_or_else(none, amount),
        ]
    };
    Grid {
        id: "values",
        title: "Value a client".to_owned(),
        badge: None,
        hint: "The LTV at the first prediction of those who stayed, less the contact's cost of those of high risk.".to_owned(),
        head: vec!["Treatment", "Clients", "Contacted", "Without LTV", "Value"],
        rows: values.iter().map(row).collect(),
        plots: Vec::new(),
    }
}

fn value_differences(differences: &[ValueDifference]) -> Grid {
    let row = |difference: &ValueDifference| {
        vec![
            format!("{} less {}", label(&difference.of), label(&difference.to)),
            difference.value.map_or_else(none, amount),
        ]
    };
    Grid {
        id: "value-differences",
        title: "Differences in value".to_owned(),
        badge: None,
        hint: "A client, with a normal interval for one look.".to_owned(),
        head: vec!["Of", "Difference"],
        rows: differences.iter().map(row).collect(),
        plots: Vec::new(),
    }
}

fn label(name: &GroupName) -> String {
    name.label().to_owned()
}

fn none() -> String {
    "—".to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.2}\u{a0}%", share * 100.0)
}

fn percents(interval: Option<Interval>) -> String {
    interval.map_or_else(none, |interval| {
        format!("{:.2} to {:.2}\u{a0}%", interval.low * 100.0, interval.high * 100.0)
    })
}

fn points(difference: f64) -> String {
    format!("{:+.2}", difference * 100.0)
}

fn point_range(interval: Interval) -> String {
    format!("{} to {}", points(interval.low), points(interval.high))
}

fn estimate(estimate: Estimate) -> String {
    let Interval { low, high } = estimate.interval;
    format!("{:.4} ({low:.4} to {high:.4})", estimate.value)
}

fn amount(estimate: Estimate) -> String {
    let Interval { low, high } = estimate.interval;
    format!("{:.2} ({low:.2} to {high:.2})", estimate.value)
}

fn p(value: f64) -> String {
    if value < 0.001 { "< 0.001".to_owned() } else { format!("{value:.3}") }
}
