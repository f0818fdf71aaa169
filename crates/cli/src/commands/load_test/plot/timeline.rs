//! How each level went, second by second.

use plotters::prelude::*;
use plotters::style::RGBColor;

use super::super::report::{Level, Report};
use super::{
    Area, CAPTION_SIZE, COLOURS, FONT, GRID, LABEL_SIZE, LINE_WIDTH, MARKED_SECONDS, decades, mark, strokes,
    tick,
};

/// How much wider the axis is than the time, so that the legend covers no line.
const WITH_LEGEND: f64 = 1.2;

/// p99 of each second's requests, a line a level.
pub(super) fn draw(area: &Area<'_>, report: &Report) -> anyhow::Result<()> {
    let values = report.levels.iter().flat_map(points).map(|(_, value)| value);
    let longest = report.levels.iter().map(|level| level.timeline.len()).max().unwrap_or(0).max(1);
    let mut chart = ChartBuilder::on(area)
        .caption("p99 second by second, a line for each number of connections", (FONT, CAPTION_SIZE))
        .margin(8)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..longest as f64 * WITH_LEGEND, decades(values).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .label_style((FONT, LABEL_SIZE))
        .x_desc("seconds since the level was first measured")
        .y_desc("milliseconds, logarithmic")
        .x_label_formatter(&|second| if *second > longest as f64 { String::new() } else { tick(*second) })
        .y_label_formatter(&|value| tick(*value))
        .draw()?;
    for (series, level) in report.levels.iter().enumerate() {
        let colour: RGBColor = COLOURS[series % COLOURS.len()];
        let style = colour.stroke_width(LINE_WIDTH);
        let [left, right] = strokes(false);
        chart.draw_series(LineSeries::new(points(level), style))?.label(level.name()).legend(move |at| {
            EmptyElement::at(at)
                + PathElement::new(left, style)
                + PathElement::new(right, style)
                + mark(series, (13, 0), colour)
        });
        if level.timeline.len() > MARKED_SECONDS {
            continue;
        }
        chart.draw_series(points(level).map(|at| EmptyElement::at(at) + mark(series, (0, 0), colour)))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, LABEL_SIZE))
        .legend_area_size(32)
        .draw()?;
    Ok(())
}

/// The middle of each second, and its p99 in milliseconds; a second without an answer is a gap.
fn points(level: &Level) -> impl Iterator<Item = (f64, f64)> {
    let seconds = level.timeline.iter().filter_map(|second| Some((second.at as f64 + 0.5, second.p99_ms?)));
    seconds.filter(|(_, value)| *value > 0.0)
}
