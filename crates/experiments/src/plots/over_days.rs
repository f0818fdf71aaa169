//! A difference in churn as it was seen day by day, with the band that holds at all looks together.

use std::fmt::Write as _;

use super::axes::{Frame, Scale, percent};
use super::colour;
use crate::report::{Difference, DifferenceDay};

/// The difference over days; empty where there was none to be told on two days.
pub fn difference_over_days(difference: &Difference) -> String {
    let days = &difference.days;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return String::new() };
    if days.len() < 2 {
        return String::new();
    }
    let frame = Frame { width: 640.0, height: 280.0, left: 70.0, right: 620.0, top: 34.0, floor: 230.0 };
    let span = (last.day - first.day).num_days().max(1) as f64;
    let x =
        |look: &DifferenceDay| frame.x(Scale::of(0.0, span, span), (look.day - first.day).num_days() as f64);
    let ends = days.iter().flat_map(|look| [look.sequential.low, look.sequential.high]);
    let scale = Scale::around(ends.chain([0.0]));
    let (of, to) = (difference.of.label(), difference.to.label());
    let described = format!(
        "From {} to {}; at the end {} with an interval from {} to {}, over {} clients.",
        first.day,
        last.day,
        percent(last.estimate),
        percent(last.sequential.low),
        percent(last.sequential.high),
        last.clients
    );
    let mut svg = frame.opened(&format!("Churn of {of} less that of {to}, day by day"), &described);
    frame.across(&mut svg, scale, percent);
    let zero = frame.y(scale, 0.0);
    let _ = write!(
        svg,
        r#"<line class="zero" x1="{}" x2="{}" y1="{zero}" y2="{zero}" stroke="currentColor"/>"#,
        frame.left, frame.right
    );
    let point = |look: &DifferenceDay, value: f64| format!("{} {}", x(look), frame.y(scale, value));
    let upper = days.iter().map(|look| point(look, look.sequential.high));
    let lower = days.iter().rev().map(|look| point(look, look.sequential.low));
    let band: Vec<String> = upper.chain(lower).collect();
    let line: Vec<String> = days.iter().map(|look| point(look, look.estimate)).collect();
    let _ = write!(
        svg,
        r#"<path class="band" d="M{}Z" fill="{}" fill-opacity="0.2"/><path class="estimate" d="M{}" fill="none" stroke="{}" stroke-width="2"/>"#,
        band.join(" L"),
        colour(0),
        line.join(" L"),
        colour(0)
    );
    let below = frame.floor + 16.0;
    let _ = write!(
        svg,
        r#"<text x="{}" y="{below}">{}</text><text x="{}" y="{below}" text-anchor="end">{}</text>"#,
        frame.left, first.day, frame.right, last.day
    );
    let axis = "day on which clients' windows ended; the band holds at all looks together";
    frame.named(&mut svg, axis, "difference in churn");
    svg.push_str("</svg>");
    svg
}
