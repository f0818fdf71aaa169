//! Plots are well formed, name what they show, and take names for text.

use serde_json::json;

use super::*;
use crate::experiment::{ExperimentSpec, Silence};
use crate::world::{day, document, record, spec, versions};
use crate::{Cohort, ExperimentReport};

/// A report with something in every plot, by a model of a hostile name.
fn report(name: &str, clients: u32) -> ExperimentReport {
    let live = versions(vec![(0.0, document("s", 40, 0, &[name]))]);
    let mut cohort = Cohort::new(ExperimentSpec { silence: Silence::Stayed, ..spec(&live, 100.0) });
    for number in 0..clients {
        let (client, at) = (format!("client {number}"), f64::from(number % 10));
        let score = f64::from(number * 7_919 % 1_000) / 1_000.0;
        cohort.saw(&record(&live[0], &client, at, &json!({ name: score })));
        cohort.outcome(&client, (number % 3 == 0).then_some(true), day(at + 1.0));
    }
    cohort.report()
}

fn all(report: &ExperimentReport) -> Vec<String> {
    let difference = report.differences.first().map(difference_over_days);
    let models = report.models.iter().flat_map(|on| [calibration_plot(on), roc_plot(on)]);
    [churn_by_group(report)].into_iter().chain(difference).chain(models).collect()
}

/// Every tag that opens also closes, in order, and no text holds a bare mark.
fn is_well_formed(svg: &str) -> bool {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else { return false };
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        let bare = text
            .split('&')
            .skip(1)
            .any(|after| !["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|e| after.starts_with(e)));
        if bare || tag.contains("NaN") || tag.contains("inf") {
            return false;
        }
    }
    open.is_empty()
}

#[test]
fn every_plot_is_well_formed_and_says_what_it_shows() {
    let plots = all(&report("m", 600));
    assert_eq!(plots.len(), 6);
    for plot in plots {
        assert!(is_well_formed(&plot), "{plot}");
        let said = plot.contains("<title>") && plot.contains("<desc>") && plot.contains(r#"role="img""#);
        assert!(said && plot.contains("currentColor") && !plot.contains("style="), "{plot}");
    }
}

#[test]
fn a_models_name_is_text() {
    for plot in all(&report(r#"</title><script>alert("&'1")</script>"#, 600)) {
        assert!(is_well_formed(&plot) && !plot.contains("<script"), "{plot}");
    }
}

#[test]
fn of_too_few_there_is_no_plot() {
    let plots = all(&report("m", 8));
    assert!(plots.iter().skip(1).all(String::is_empty));
    assert!(all(&report("m", 0)).iter().all(String::is_empty));
}
