//! Latency and throughput by the number of connections.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::series::DashedLineSeries;
use plotters::style::RGBColor;

use super::super::report::{Latency, Level, Report};
use super::{
    Area, BLUE, CAPTION_SIZE, DASH, FONT, GREEN, GRID, LABEL_SIZE, LINE_WIDTH, ORANGE, VERMILION, decades,
    mark, strokes, tick,
};

type Percentile = (&'static str, RGBColor, fn(&Latency) -> f64);

const PERCENTILES: [Percentile; 4] = [
    ("p50", BLUE, |latency| latency.p50),
    ("p90", GREEN, |latency| latency.p90),
    ("p99", ORANGE, |latency| latency.p99),
    ("p99.9", VERMILION, |latency| latency.p99_9),
];

/// Between two levels on the axis: the axis is of whole numbers, and begins and ends a third beside.
const STEP: i32 = 12;

/// One line.
struct Line {
    label: String,
    colour: RGBColor,
    /// Which mark it bears.
    mark: usize,
    points: Vec<(i32, f64)>,
    /// Of the earlier report.
    dashed: bool,
}

/// Latency percentiles by connections.
pub(super) fn latency(area: &Area<'_>, report: &Report, before: Option<&Report>) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for (mark, (name, colour, of)) in PERCENTILES.into_iter().enumerate() {
        let value = |level: &Level| level.latency_ms.as_ref().map(of);
        let points = |of: &Report| points(report, of, value);
        lines.push(Line { label: name.to_owned(), colour, mark, points: points(report), dashed: false });
        // All eight would be a thicket: of the earlier report the middle and the tail.
        if let Some(before) = before.filter(|_| name == "p50" || name == "p99") {
            let label = format!("{name}, earlier");
            lines.push(Line { label, colour, mark, points: points(before), dashed: true });
        }
    }
    let values = lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let y = decades(values).log_scale();
    let text = Texts { caption: "Latency by connections", unit: "milliseconds, logarithmic" };
    panel(area, &text, SeriesLabelPosition::UpperLeft, y, report, &lines)
}

/// Answers a second by connections.
pub(super) fn rate(area: &Area<'_>, report: &Report, before: Option<&Report>) -> anyhow::Result<()> {
    let line = |label: &str, of, dashed| Line {
        label: label.to_owned(),
        colour: BLUE,
        mark: 0,
        points: points(report, of, |level| Some(level.rate)),
        dashed,
    };
    let mut lines = vec![line("answers", report, false)];
    lines.extend(before.map(|before| line("answers, earlier", before, true)));
    let values = lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let y = 0.0..values.fold(1.0, f64::max) * 1.1;
    let text = Texts { caption: "Throughput by connections", unit: "answers a second" };
    panel(area, &text, SeriesLabelPosition::LowerRight, y, report, &lines)
}

/// What is written at a panel.
struct Texts {
    caption: &'static str,
    unit: &'static str,
}

/// Where a level stands on the axis: evenly, whatever its number of connections.
fn place(level: usize) -> i32 {
    i32::try_from(level).unwrap_or(0) * STEP
}

/// The values of those levels of `of` that `axis` has too, at their places there.
fn points(axis: &Report, of: &Report, value: impl Fn(&Level) -> Option<f64>) -> Vec<(i32, f64)> {
    let places = axis.levels.iter().enumerate();
    let points = places.filter_map(|(at, level)| {
        let value = of.level(level.connections).and_then(&value).filter(|value| *value > 0.0)?;
        Some((place(at), value))
    });
    points.collect()
}

fn panel<Y>(
    area: &Area<'_>,
    text: &Texts,
    legend: SeriesLabelPosition,
    y: Y,
    report: &Report,
    lines: &[Line],
) -> anyhow::Result<()>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let places: Vec<i32> = (0..report.levels.len()).map(place).collect();
    let x = (-STEP / 3..place(places.len()) - 2 * STEP / 3).with_key_points(places);
    let mut chart = ChartBuilder::on(area)
        .caption(text.caption, (FONT, CAPTION_SIZE))
        .margin(8)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(x, y)?;
    let connections = |place: &i32| {
        let level = usize::try_from(place / STEP).ok().and_then(|at| report.levels.get(at));
        level.map_or_else(String::new, |level| level.connections.to_string())
    };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .label_style((FONT, LABEL_SIZE))
        .x_desc("connections")
        .y_desc(text.unit)
        .x_label_formatter(&connections)
        .y_label_formatter(&|value| tick(*value))
        .draw()?;
    for line in lines {
        let (colour, series) = (line.colour, line.mark);
        let style = colour.stroke_width(LINE_WIDTH);
        let points = line.points.iter().copied();
        let drawn = if line.dashed {
            chart.draw_series(DashedLineSeries::new(points.clone(), DASH.0, DASH.1, style))?
        } else {
            chart.draw_series(LineSeries::new(points.clone(), style))?
        };
        let [left, right] = strokes(line.dashed);
        drawn.label(&line.label).legend(move |at| {
            EmptyElement::at(at)
                + PathElement::new(left, style)
                + PathElement::new(right, style)
                + mark(series, (13, 0), colour)
        });
        chart.draw_series(points.map(|at| EmptyElement::at(at) + mark(series, (0, 0), colour)))?;
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, LABEL_SIZE))
        .legend_area_size(32)
        .draw()?;
    Ok(())
}
