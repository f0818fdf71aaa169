//! A plot's frame: from values to places, grid lines with their labels, and the picture's name and description.

use std::fmt::Write as _;

use super::escaped;

/// The room of a plot within its picture, in units of the view box.
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) floor: f64,
}

/// Bounds of an axis, with the step of its lines.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    step: f64,
}

impl Scale {
    /// Round bounds around values; from 0 to 1 where there are none.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let bounds = finite.fold(None, |bounds: Option<(f64, f64)>, value| {
            Some(bounds.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let Some((low, high)) = bounds else { return Self::of(0.0, 1.0, 0.2) };
        let span = (high - low).max(1e-6);
        let power = 10_f64.powf((span / 5.0).log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| span / step <= 6.0);
        let step = step.unwrap_or(span);
        Self::of((low / step).floor() * step, (high / step).ceil() * step, step)
    }

    pub(super) fn of(low: f64, high: f64, step: f64) -> Self {
        Self { low, high: high.max(low + step), step }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    fn lines(&self) -> impl Iterator<Item = f64> {
        let (low, step, high) = (self.low, self.step, self.high);
        (0..40_u32)
            .map(move |at| low + f64::from(at) * step)
            .take_while(move |line| *line <= high + step / 100.0)
    }
}

impl Frame {
    pub(super) fn x(&self, scale: Scale, value: f64) -> f64 {
        round(self.left + (self.right - self.left) * scale.share(value))
    }

    pub(super) fn y(&self, scale: Scale, value: f64) -> f64 {
        round(self.floor - (self.floor - self.top) * scale.share(value))
    }

    /// The picture's beginning, with its name and what is told of it to those who do not see it.
    pub(super) fn opened(&self, title: &str, described: &str) -> String {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" class="plot" font-family="sans-serif" font-size="12" fill="currentColor"><title>{}</title><desc>{}</desc>"#,
            self.width,
            self.height,
            escaped(title),
            escaped(described)
        )
    }

    /// Lines across, each with its value to the left.
    pub(super) fn across(&self, svg: &mut String, scale: Scale, told: impl Fn(f64) -> String) {
        for line in scale.lines() {
            let y = self.y(scale, line);
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}" stroke="currentColor" stroke-opacity="0.2"/><text x="{}" y="{}" text-anchor="end">{}</text>"#,
                self.left,
                self.right,
                self.left - 6.0,
                y + 4.0,
                told(line)
            );
        }
    }

    /// Lines up and down, each with its value below.
    pub(super) fn along(&self, svg: &mut String, scale: Scale, told: impl Fn(f64) -> String) {
        for line in scale.lines() {
            let x = self.x(scale, line);
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{x}" x2="{x}" y1="{}" y2="{}" stroke="currentColor" stroke-opacity="0.2"/><text x="{x}" y="{}" text-anchor="middle">{}</text>"#,
                self.top,
                self.floor,
                self.floor + 16.0,
                told(line)
            );
        }
    }

    /// What the two axes are, below and above.
    pub(super) fn named(&self, svg: &mut String, across: &str, up: &str) {
        let middle = f64::midpoint(self.left, self.right);
        let _ = write!(
            svg,
            r#"<text x="{middle}" y="{}" text-anchor="middle">{}</text><text x="{}" y="{}">{}</text>"#,
            self.floor + 34.0,
            escaped(across),
            self.left,
            self.top - 8.0,
            escaped(up)
        );
    }
}

/// A share in percent, without digits that say nothing.
pub(super) fn percent(share: f64) -> String {
    let percent = (share * 1_000.0).round() / 10.0;
    // Not `-0`.
    format!("{} %", if percent == 0.0 { 0.0 } else { percent })
}

pub(super) fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
