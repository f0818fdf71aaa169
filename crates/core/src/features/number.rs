//! Numbers and quotients of numbers: clip, divide, log, fill, scale, limit. The order is the
//! contract's, and so is what becomes of NaN and the infinities at each step.

/// A scaled number is kept within plus and minus this.
const LIMIT: f64 = 1e6;

/// One raw number, after its clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clipped {
    /// Position among the pipeline's inputs.
    pub(super) input: usize,
    /// What is below it is raised to it; −∞ where nothing is.
    pub(super) clip_min: f64,
}

impl Clipped {
    fn take(self, raw: f64) -> f64 {
        // Not `f64::max`: a missing value stays NaN.
        if raw < self.clip_min { self.clip_min } else { raw }
    }
}

/// Where a column's number comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source {
    Number(Clipped),
    Ratio { numerator: Clipped, denominator: Clipped },
}

/// What every finished number goes through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) log: bool,
    pub(super) fill: f64,
    pub(super) mean: f64,
    pub(super) std: f64,
}

/// A numeric column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NumberColumn {
    pub(super) source: Source,
    pub(super) scale: Scale,
    pub(super) column: usize,
}

impl Source {
    /// The number before its log; `raw` gives an input's value by position, NaN where it is missing.
    fn read(self, raw: impl Fn(usize) -> f64) -> f64 {
        match self {
            Self::Number(number) => number.take(raw(number.input)),
            Self::Ratio { numerator, denominator } => infinity_to_zero(
                numerator.take(raw(numerator.input)) / denominator.take(raw(denominator.input)),
            ),
        }
    }
}

impl Scale {
    #[allow(clippy::cast_possible_truncation)] // The one cast to f32, of a number within ±1e6.
    fn apply(self, number: f64) -> f32 {
        let number = if self.log { infinity_to_zero(number.ln()) } else { number };
        let filled = if number.is_nan() { self.fill } else { number };
        ((filled - self.mean) / self.std).clamp(-LIMIT, LIMIT) as f32
    }
}

impl NumberColumn {
    /// The finished column.
    pub(super) fn compute(&self, raw: impl Fn(usize) -> f64) -> f32 {
        self.scale.apply(self.source.read(raw))
    }
}

fn infinity_to_zero(number: f64) -> f64 {
    if number.is_infinite() { 0.0 } else { number }
}
