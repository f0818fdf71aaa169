//! Models on one population: how scores keep what they say, and how well they tell cases apart.

use std::fmt::Write as _;

use super::axes::{Frame, Scale, percent};
use super::{colour, cut, series};
use crate::report::{OnClients, Population};

const FRAME: Frame = Frame { width: 640.0, height: 420.0, left: 64.0, right: 400.0, top: 34.0, floor: 370.0 };

/// Mean score against the share that churned, a line a model with Wilson's intervals; empty where there are too few
/// clients to judge models.
pub fn calibration_plot(on: &OnClients) -> String {
    if on.models.is_empty() {
        return String::new();
    }
    let title = format!("Calibration on {}", population(on.population));
    let bins = || on.models.iter().flat_map(|model| &model.calibration);
    let scale =
        Scale::around(bins().flat_map(|bin| [bin.mean_score, bin.interval.high, bin.rate]).chain([0.0]));
    let told = on.models.iter().map(|model| {
        format!(
            "{}: mean score {}, Brier score {:.4}",
            model.model,
            percent(model.mean_score),
            model.brier.value
        )
    });
    let mut svg = FRAME.opened(&title, &told.collect::<Vec<_>>().join("; "));
    FRAME.along(&mut svg, scale, percent);
    FRAME.across(&mut svg, scale, percent);
    diagonal(&mut svg, scale);
    for (at, model) in on.models.iter().enumerate() {
        let mut line = Vec::with_capacity(model.calibration.len());
        for bin in &model.calibration {
            let (x, y) = (FRAME.x(scale, bin.mean_score), FRAME.y(scale, bin.rate));
            let (low, high) = (FRAME.y(scale, bin.interval.low), FRAME.y(scale, bin.interval.high));
            let paint = colour(at);
            let _ = write!(
                svg,
                r#"<line class="interval" x1="{x}" x2="{x}" y1="{low}" y2="{high}" stroke="{paint}" stroke-opacity="0.5"/><circle cx="{x}" cy="{y}" r="3" fill="{paint}"><title>{} of {}</title></circle>"#,
                bin.churned, bin.clients
            );
            line.push(format!("{x} {y}"));
        }
        let _ =
            write!(svg, r#"<path {} d="M{}" fill="none" stroke-width="2"/>"#, series(at), line.join(" L"));
    }
    legend(&mut svg, on, |at| format!("Brier {:.4}", on.models[at].brier.value));
    FRAME.named(&mut svg, "mean score of about as many clients each", "share of them who churned");
    svg.push_str("</svg>");
    svg
}

/// ROC curves, a line a model; empty where there are too few clients to judge models.
pub fn roc_plot(on: &OnClients) -> String {
    if on.models.is_empty() {
        return String::new();
    }
    let title = format!("ROC curves on {}", population(on.population));
    let scale = Scale::of(0.0, 1.0, 0.2);
    let told = on.models.iter().map(|model| format!("{}: area {:.3}", model.model, model.auc.value));
    let mut svg = FRAME.opened(&title, &told.collect::<Vec<_>>().join("; "));
    FRAME.along(&mut svg, scale, percent);
    FRAME.across(&mut svg, scale, percent);
    diagonal(&mut svg, scale);
    for (at, model) in on.models.iter().enumerate() {
        let corner = |[x, y]: &[f64; 2]| format!("{} {}", FRAME.x(scale, *x), FRAME.y(scale, *y));
        let corners: Vec<String> = model.roc.iter().map(corner).collect();
        let _ =
            write!(svg, r#"<path {} d="M{}" fill="none" stroke-width="2"/>"#, series(at), corners.join(" L"));
    }
    legend(&mut svg, on, |at| {
        let auc = on.models[at].auc;
        format!("area {:.3} ({:.3} to {:.3})", auc.value, auc.interval.low, auc.interval.high)
    });
    FRAME.named(
        &mut svg,
        "false positive rate: of those who stayed",
        "true positive rate: of those who churned",
    );
    svg.push_str("</svg>");
    svg
}

fn population(population: Population) -> &'static str {
    match population {
        Population::Everyone => "everyone compared",
        Population::Holdout => "the holdout",
    }
}

fn diagonal(svg: &mut String, scale: Scale) {
    let _ = write!(
        svg,
        r#"<line class="diagonal" x1="{}" y1="{}" x2="{}" y2="{}" stroke="currentColor" stroke-opacity="0.6" stroke-dasharray="3 3"/>"#,
        FRAME.left,
        FRAME.floor,
        FRAME.right,
        FRAME.y(scale, scale.high)
    );
}

/// Every model by name, with a figure below it, to the right of the plot.
fn legend(svg: &mut String, on: &OnClients, figure: impl Fn(usize) -> String) {
    let left = FRAME.right + 24.0;
    for (at, model) in on.models.iter().enumerate() {
        let y = FRAME.top + 8.0 + 34.0 * at as f64;
        let _ = write!(
            svg,
            r#"<line {} x1="{left}" x2="{}" y1="{y}" y2="{y}" stroke-width="2"/><text x="{}" y="{}">{}</text><text x="{}" y="{}" font-size="10">{}</text>"#,
            series(at),
            left + 26.0,
            left + 32.0,
            y + 4.0,
            cut(&model.model, 24),
            left + 32.0,
            y + 17.0,
            figure(at)
        );
    }
}
