//! A trial's report as it is shown: every check with its findings, and what production's recent inputs say, drawn.

use std::fmt::Write as _;

use bellwether_core::change::{CheckName, Histogram, Replay, TrialReport};

use super::shown::{Fact, percent, short, time};

/// A report, laid out.
pub(super) struct ReportView {
    pub(super) passed: bool,
    pub(super) at: String,
    pub(super) seconds: i64,
    pub(super) stage_version: Option<u64>,
    pub(super) sha256: String,
    pub(super) checks: Vec<CheckRow>,
    pub(super) bundles: Vec<(String, String)>,
    pub(super) replay: Option<ReplayView>,
}

pub(super) struct CheckRow {
    pub(super) title: &'static str,
    pub(super) passed: bool,
    pub(super) summary: String,
    pub(super) findings: Vec<String>,
}

/// The replay: figures, and two distributions in one plot.
pub(super) struct ReplayView {
    pub(super) facts: Vec<Fact>,
    pub(super) plot: Plot,
    pub(super) current_version: u64,
}

/// Two distributions over 0 to 1, in a plot of 640 by 240.
pub(super) struct Plot {
    pub(super) described: String,
    pub(super) bars: Vec<Bar>,
    /// The outline of the second, as a path.
    pub(super) outline: String,
    pub(super) cutoff_x: f64,
    pub(super) cutoff: String,
    /// Both again, as a table for those who do not see the plot.
    pub(super) rows: Vec<(String, u64, u64)>,
}

pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What a check is called.
pub(super) fn title(check: CheckName) -> &'static str {
    match check {
        CheckName::Replicas => "Every replica of staging takes it",
        CheckName::Golden => "Golden payloads",
        CheckName::Cutoff => "High risk agrees with the cutoff",
        CheckName::Shares => "Shares over 1,000,000 ids",
        CheckName::Treatments => "A live request for every treatment and arm",
        CheckName::Replay => "Recent inputs of production",
    }
}

impl ReportView {
    pub(super) fn new(report: &TrialReport, cutoff: f64) -> Self {
        let row = |check: &bellwether_core::change::Check| CheckRow {
            title: title(check.name),
            passed: check.passed,
            summary: check.summary.clone(),
            findings: check.findings.clone(),
        };
        Self {
            passed: report.passed,
            at: time(report.ended_at),
            seconds: (report.ended_at - report.begun_at).num_seconds(),
            stage_version: report.stage_version,
            sha256: short(&report.sha256),
            checks: report.checks.iter().map(row).collect(),
            bundles: report.bundles.iter().map(|(uid, hash)| (uid.clone(), short(hash))).collect(),
            replay: report.replay.as_ref().map(|replay| ReplayView::new(replay, cutoff)),
        }
    }
}

impl ReplayView {
    fn new(replay: &Replay, cutoff: f64) -> Self {
        let fact = |name, value: String| Fact { name, value };
        let flips = format!(
            "{} of {} clients ({}): {} to high risk, {} from it",
            replay.flipped_to_yes + replay.flipped_to_no,
            replay.clients,
            percent(replay.flipped()),
            replay.flipped_to_yes,
            replay.flipped_to_no
        );
        let shift = format!(
            "mean {:.4} → {:.4}, high risk {} → {}",
            replay.before.mean,
            replay.after.mean,
            percent(replay.high_risk_before),
            percent(replay.high_risk_after)
        );
        let latency = format!("p50 {:.1} ms, p99 {:.1} ms", replay.latency_p50_ms, replay.latency_p99_ms);
        Self {
            facts: vec![
                fact("Inputs", format!("{} of {} clients", replay.inputs, replay.clients)),
                fact("Flipped", flips),
                fact("Shift", shift),
                fact("Staging answered in", latency),
                fact("Errors", replay.errors.to_string()),
            ],
            plot: Plot::new(&replay.before, &replay.after, cutoff),
            current_version: replay.current_version,
        }
    }
}

impl Plot {
    const LEFT: f64 = 10.0;
    const WIDTH: f64 = 620.0;
    const FLOOR: f64 = 205.0;
    const HEIGHT: f64 = 190.0;

    fn new(before: &Histogram, after: &Histogram, cutoff: f64) -> Self {
        let bins = Histogram::BINS;
        let (width, most) = (Self::WIDTH / bins as f64, most(before, after));
        let height = |count: u64| Self::HEIGHT * count as f64 / most as f64;
        let at = |histogram: &Histogram, bin: usize| histogram.counts.get(bin).copied().unwrap_or(0);
        let bar = |bin: usize| Bar {
            x: round(Self::LEFT + width * bin as f64 + 1.0),
            y: round(Self::FLOOR - height(at(before, bin))),
            width: round(width - 2.0),
            height: round(height(at(before, bin))),
        };
        let mut outline = format!("M{} {}", Self::LEFT, Self::FLOOR);
        for bin in 0..bins {
            let y = round(Self::FLOOR - height(at(after, bin)));
            let (from, to) = (Self::LEFT + width * bin as f64, Self::LEFT + width * (bin + 1) as f64);
            let _ = write!(outline, " L{} {y} L{} {y}", round(from), round(to));
        }
        let _ = write!(outline, " L{} {}", Self::LEFT + Self::WIDTH, Self::FLOOR);
        let row = |bin: usize| {
            let step = 1.0 / bins as f64;
            let range = format!("{:.2} to {:.2}", step * bin as f64, step * (bin + 1) as f64);
            (range, at(before, bin), at(after, bin))
        };
        Self {
            described: format!(
                "Predictions from 0 to 1: mean {:.3} under the current version, {:.3} under the proposal.",
                before.mean, after.mean
            ),
            bars: (0..bins).map(bar).collect(),
            outline,
            cutoff_x: round(Self::LEFT + Self::WIDTH * cutoff),
            cutoff: cutoff.to_string(),
            rows: (0..bins).map(row).collect(),
        }
    }
}

fn most(before: &Histogram, after: &Histogram) -> u64 {
    before.counts.iter().chain(&after.counts).copied().max().unwrap_or(0).max(1)
}

fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
