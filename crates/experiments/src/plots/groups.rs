//! Churn by group: each rate with its two intervals.

use std::fmt::Write as _;

use super::axes::{Frame, Scale, percent, round};
use super::{colour, cut};
use crate::report::{ExperimentReport, Group};
use crate::statistics::Interval;

const ROW: f64 = 44.0;

/// Every group's churn rate with the interval of one look (thick) and that of all looks (thin, with ends); empty where
/// nobody is compared.
pub fn churn_by_group(report: &ExperimentReport) -> String {
    let groups: Vec<(&Group, f64)> =
        report.groups.iter().filter_map(|group| Some((group, group.rate?))).collect();
    if groups.is_empty() {
        return String::new();
    }
    let floor = 30.0 + ROW * groups.len() as f64;
    let frame = Frame { width: 640.0, height: floor + 44.0, left: 210.0, right: 610.0, top: 30.0, floor };
    let reach = groups.iter().flat_map(|(group, rate)| {
        let ends = [group.fixed, group.sequential].into_iter().flatten().flat_map(|i| [i.low, i.high]);
        ends.chain([*rate, 0.0])
    });
    let scale = Scale::around(reach);
    let told: Vec<String> = groups
        .iter()
        .map(|(group, rate)| {
            format!(
                "{}: {} of {} clients, {}",
                group.name.label(),
                group.churned,
                group.compared,
                percent(*rate)
            )
        })
        .collect();
    let title = format!("Churn within {} days, by group", report.window_days);
    let mut svg = frame.opened(&title, &told.join("; "));
    frame.along(&mut svg, scale, percent);
    frame.named(
        &mut svg,
        "share of clients who churned; thick: one look, thin: as many looks as one likes",
        "",
    );
    for (at, (group, rate)) in groups.iter().enumerate() {
        let y = round(frame.top + ROW * (at as f64 + 0.5));
        let _ = write!(
            svg,
            r#"<text x="{}" y="{}" text-anchor="end">{}</text><text x="{}" y="{}" text-anchor="end" font-size="10" fill-opacity="0.8">{} of {}</text>"#,
            frame.left - 10.0,
            y,
            cut(group.name.label(), 28),
            frame.left - 10.0,
            y + 13.0,
            group.churned,
            group.compared
        );
        let (paint, line) = (colour(0), |interval: Interval, width: f64| {
            let (from, to) = (frame.x(scale, interval.low), frame.x(scale, interval.high));
            format!(
                r#"x1="{from}" x2="{to}" y1="{y}" y2="{y}" stroke="{}" stroke-width="{width}""#,
                colour(0)
            )
        });
        if let Some(sequential) = group.sequential {
            let _ = write!(svg, r#"<line class="sequential" {}/>"#, line(sequential, 1.5));
            for end in [sequential.low, sequential.high] {
                let x = frame.x(scale, end);
                let (from, to) = (y - 6.0, y + 6.0);
                let _ = write!(
                    svg,
                    r#"<line class="sequential" x1="{x}" x2="{x}" y1="{from}" y2="{to}" stroke="{paint}"/>"#
                );
            }
        }
        if let Some(fixed) = group.fixed {
            let _ = write!(svg, r#"<line class="fixed" {} stroke-opacity="0.7"/>"#, line(fixed, 6.0));
        }
        let x = frame.x(scale, *rate);
        let _ = write!(
            svg,
            r#"<circle class="rate" cx="{x}" cy="{y}" r="5" stroke="currentColor" fill="{paint}"/>"#
        );
    }
    svg.push_str("</svg>");
    svg
}
