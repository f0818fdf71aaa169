//! A report's plots as SVG: churn by group, a difference over days, calibration, and ROC curves.
//!
//! They stand in a page or by themselves: text and axes have the colour of the text around them, series have a colour
//! that shows on light and on dark, a dash of their own, and a class (`series-1` …) for a page to colour. There is no
//! style in them, so that a page's policy need not allow any.

mod axes;
mod groups;
mod models;
mod over_days;

pub use groups::churn_by_group;
pub use models::{calibration_plot, roc_plot};
pub use over_days::difference_over_days;

#[cfg(test)]
mod tests;

/// Colours that the colour-blind tell apart (Okabe and Ito) and that show on white and on black.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
/// How each series is dashed, so that it is told apart without its colour.
const DASHES: [&str; 5] = ["none", "8 4", "2 3", "10 3 2 3", "5 2"];

/// The attributes of a series.
fn series(at: usize) -> String {
    let (colour, dash) = (COLOURS[at % COLOURS.len()], DASHES[at % DASHES.len()]);
    format!(r#"class="series series-{}" stroke="{colour}" stroke-dasharray="{dash}""#, at % COLOURS.len() + 1)
}

/// The colour of a series.
fn colour(at: usize) -> &'static str {
    COLOURS[at % COLOURS.len()]
}

/// A text as it may stand in SVG.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no place for the others.
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// The same, cut to so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => escaped(&format!("{}…", &text[..end])),
        None => escaped(text),
    }
}
