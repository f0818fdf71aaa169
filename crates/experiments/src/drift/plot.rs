//! Drift as SVG: a measure over days, and two distributions side by side. Colours are the page's, by class.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::BinShare;

const WIDTH: f64 = 640.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 630.0;
/// Where the plot of days begins and where its axis lies.
const TOP: f64 = 12.0;
const FLOOR: f64 = 132.0;
/// A bin's height, and the room for the names of bins.
const ROW: f64 = 22.0;
const NAMES: f64 = 190.0;

/// A measure over days, as a line over 640 by 160; a day without one leaves a gap. `limit` is dashed. `described` is
/// what is told of it to those who do not see it. Empty without any day.
pub fn line(described: &str, days: &[(NaiveDate, Option<f64>)], limit: Option<f64>) -> String {
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else { return String::new() };
    let span = (*last - *first).num_days().max(1) as f64;
    let values = days.iter().filter_map(|(_, value)| *value).chain(limit);
    let most = values.fold(0.0_f64, f64::max).max(1e-6) * 1.08;
    let x = |day: NaiveDate| place(LEFT + (RIGHT - LEFT) * (day - *first).num_days() as f64 / span);
    let y = |value: f64| place(FLOOR - (FLOOR - TOP) * value / most);
    let mut svg = opened(described, 160.0);
    let _ = write!(svg, r#"<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{FLOOR}" y2="{FLOOR}"/>"#);
    let _ = write!(svg, r#"<text x="{}" y="{}" text-anchor="end">0</text>"#, LEFT - 6.0, FLOOR + 4.0);
    if let Some(limit) = limit {
        let at = y(limit);
        let _ = write!(svg, r#"<line class="cutoff" x1="{LEFT}" x2="{RIGHT}" y1="{at}" y2="{at}"/>"#);
        let text = place(at + 4.0);
        let _ = write!(svg, r#"<text x="{}" y="{text}" text-anchor="end">{limit}</text>"#, LEFT - 6.0);
    }
    let mut drawn = false;
    let mut path = String::new();
    for (day, value) in days {
        match value {
            Some(value) => {
                let _ = write!(path, "{}{} {} ", if drawn { "L" } else { "M" }, x(*day), y(*value));
                drawn = true;
            }
            None => drawn = false,
        }
    }
    let _ = write!(svg, r#"<path class="after" d="{}"/>"#, path.trim_end());
    for (day, value) in days.iter().filter_map(|(day, value)| value.map(|value| (day, value))) {
        let class = if limit.is_some_and(|limit| value > limit) { "point above" } else { "point" };
        let (cx, cy) = (x(*day), y(value));
        let _ = write!(
            svg,
            r#"<circle class="{class}" cx="{cx}" cy="{cy}" r="3.5"><title>{day}: {value:.3}</title></circle>"#
        );
    }
    let below = FLOOR + 18.0;
    let _ = write!(svg, r#"<text x="{LEFT}" y="{below}">{first}</text>"#);
    let _ = write!(svg, r#"<text x="{RIGHT}" y="{below}" text-anchor="end">{last}</text></svg>"#);
    svg
}

/// Training's shares as grounds and production's as outlines, a row a bin. Empty without bins.
pub fn bars(described: &str, bins: &[BinShare]) -> String {
    if bins.is_empty() {
        return String::new();
    }
    let most = bins.iter().map(|bin| bin.training.max(bin.production)).fold(0.0_f64, f64::max).max(1e-9);
    let length = |share: f64| place((WIDTH - NAMES - 60.0) * share / most);
    let mut svg = opened(described, bins.len() as f64 * ROW + 6.0);
    for (at, bin) in bins.iter().enumerate() {
        let top = place(at as f64 * ROW + 4.0);
        let text = place(top + 13.0);
        let label = escaped(&cut(&bin.label));
        let (before, after) = (length(bin.training), length(bin.production));
        let _ = write!(svg, r#"<text x="{}" y="{text}" text-anchor="end">{label}</text>"#, NAMES - 8.0);
        let _ = write!(svg, r#"<rect class="before" x="{NAMES}" y="{top}" width="{before}" height="16"/>"#);
        let _ =
            write!(svg, r#"<rect class="after" x="{NAMES}" y="{}" width="{after}" height="12"/>"#, top + 2.0);
        let _ = write!(
            svg,
            r#"<text x="{}" y="{text}">{:.1} %</text>"#,
            place(NAMES + before.max(after) + 6.0),
            bin.production * 100.0
        );
    }
    svg.push_str("</svg>");
    svg
}

fn opened(described: &str, height: f64) -> String {
    let described = escaped(described);
    format!(r#"<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{described}">"#)
}

fn place(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

fn cut(label: &str) -> String {
    if label.chars().count() <= 24 {
        return label.to_owned();
    }
    label.chars().take(23).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plot_is_called_and_its_labels_are_text() {
        let hostile = r#"</text><script>alert(1)</script>"onload=""#;
        let bin = BinShare { label: hostile.to_owned(), training: 0.5, production: 0.25 };
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap_or_default();
        for svg in [bars(hostile, &[bin]), line(hostile, &[(day, Some(0.1))], Some(0.2))] {
            assert!(!svg.contains("<script") && !svg.contains(r#""onload"#), "{svg}");
            assert!(svg.ends_with("</svg>"));
        }
    }

    #[test]
    fn a_day_without_a_measure_leaves_a_gap() {
        let day = |of| NaiveDate::from_ymd_opt(2026, 11, of).unwrap_or_default();
        let days = [(day(1), Some(0.1)), (day(2), None), (day(3), Some(0.3))];
        let svg = line("PSI", &days, Some(0.2));
        assert_eq!(svg.matches("point").count(), 2);
        assert!(svg.contains("point above"), "{svg}");
        let path = svg.split(r#"<path class="after" d=""#).nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(path.map(|path| path.matches('M').count()), Some(2), "{svg}");
        assert_eq!(line("PSI", &[], None), "");
    }
}
