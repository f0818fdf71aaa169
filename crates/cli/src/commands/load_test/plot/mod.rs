//! What was measured, as a picture: latency and throughput by connections, and how each level went second by second.
//! Colours are Okabe and Ito's, which the colour-blind tell apart; marks and dashes say the same again.

mod levels;
mod timeline;

use plotters::prelude::*;
use plotters::style::RGBColor;

use super::report::Report;
use super::told::heading;

/// In pixels.
const SIZE: (u32, u32) = (1_100, 960);
const FONT: &str = "sans-serif";
const LABEL_SIZE: u32 = 14;
const CAPTION_SIZE: u32 = 17;
const LINE_WIDTH: u32 = 2;
const MARK_SIZE: i32 = 5;
/// As thin as dashes can be and still be seen.
const DASH: (u32, u32) = (6, 4);
/// The longest timeline, in seconds, whose every point bears a mark.
const MARKED_SECONDS: usize = 60;
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
const VERMILION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const COLOURS: [RGBColor; 6] = [BLUE, GREEN, ORANGE, VERMILION, PURPLE, SKY];

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Draws a report, with an earlier one's figures dashed beside it.
///
/// # Errors
/// Where there is nothing to draw.
pub(super) fn svg(report: &Report, before: Option<&Report>) -> anyhow::Result<String> {
    let mut svg = String::new();
    let title = format!("Load test of {}", report.at.format("%Y-%m-%d %H:%M UTC"));
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let root = root.margin(8, 8, 12, 12);
        root.draw(&Text::new(title.clone(), (4, 4), (FONT, 22).into_font().color(&BLACK)))?;
        root.draw(&Text::new(
            heading(report),
            (4, 34),
            (FONT, LABEL_SIZE).into_font().color(&BLACK.mix(0.7)),
        ))?;
        let (_, panels) = root.split_vertically(62);
        let (upper, lower) = panels.split_vertically(460);
        let (left, right) = upper.split_horizontally(640);
        levels::latency(&left, report, before)?;
        levels::rate(&right, report, before)?;
        timeline::draw(&lower, report)?;
        root.present()?;
    }
    Ok(named(&svg, &title))
}

/// Gives the picture a name for those who do not see it.
fn named(svg: &str, title: &str) -> String {
    let role = "<svg role=\"img\" ";
    let svg = svg.replacen("<svg ", role, 1);
    match svg.find('>') {
        Some(end) => format!("{}<title>{title}</title>{}", &svg[..=end], &svg[end + 1..]),
        None => svg,
    }
}

/// A mark of its own for every series, so that it is told apart without its colour.
fn mark<'a>(
    series: usize,
    at: (i32, i32),
    colour: RGBColor,
) -> DynElement<'static, SVGBackend<'a>, (i32, i32)> {
    match series % 4 {
        0 => Circle::new(at, MARK_SIZE, colour.filled()).into_dyn(),
        1 => TriangleMarker::new(at, MARK_SIZE + 2, colour.filled()).into_dyn(),
        2 => Rectangle::new([(at.0 - 4, at.1 - 4), (at.0 + 4, at.1 + 4)], colour.filled()).into_dyn(),
        _ => Cross::new(at, MARK_SIZE, colour.stroke_width(LINE_WIDTH)).into_dyn(),
    }
}

/// A line in a legend: two strokes that meet in its mark, at 13, or do not where the line is dashed.
fn strokes(dashed: bool) -> [[(i32, i32); 2]; 2] {
    let stroke = if dashed { 5 } else { 13 };
    [[(0, 0), (stroke, 0)], [(26 - stroke, 0), (26, 0)]]
}

/// Bounds of a logarithmic axis: whole powers of 10 around the values, or a default where there is none.
fn decades(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values
        .filter(|value| *value > 0.0)
        .fold((f64::MAX, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    if high == 0.0 {
        return 0.1..100.0;
    }
    let (low, high) = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
    if low < high { low..high } else { low..low * 10.0 }
}

/// A value on an axis, without digits that say nothing.
fn tick(value: f64) -> String {
    if value >= 1.0 { format!("{value:.0}") } else { format!("{value}") }
}
