//! One day of one model, measured: what is kept of it and shown.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::tally::InputTally;
use super::{InputReference, Known, Reference, Tally};
use crate::statistics::{goodness_of_fit, kolmogorov_smirnov, stability_index};

/// So many levels are shown by name; the rest, the rarest in training, together.
const LEVELS_SHOWN: usize = 20;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShiftKind {
    /// A number.
    Number,
    /// A category.
    Category,
    /// A date, by its year.
    Date,
    /// The model's probability.
    Score,
}

impl ShiftKind {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Category => "category",
            Self::Date => "date",
            Self::Score => "score",
        }
    }
}

/// One model's inputs and scores of one day against its training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModelDay {
    /// The bundle's uid.
    pub model: String,
    /// The bundle's SHA-256, in hex.
    pub sha256: String,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// Rows that were compared.
    pub rows: u64,
    /// Whether the log held more rows than were read: then they are the first of each quarter of an hour.
    pub sampled: bool,
    /// Whether the day was over when this was computed. Else it is provisional.
    pub complete: bool,
    /// The score.
    pub score: Shift,
    /// Every raw input, by name.
    pub inputs: Vec<Shift>,
}

impl ModelDay {
    /// The score, then every input.
    pub fn shifts(&self) -> impl Iterator<Item = &Shift> {
        std::iter::once(&self.score).chain(&self.inputs)
    }

    /// The shift of an input, or of the score as `score`.
    pub fn shift(&self, name: &str) -> Option<&Shift> {
        self.shifts().find(|shift| shift.name == name)
    }
}

/// How far one input, or the score, is from training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shift {
    /// The input's name; `score` for the score.
    pub name: String,
    /// What its values are.
    pub kind: ShiftKind,
    /// Rows without a value.
    pub missing: u64,
    /// Their share of all rows, 0 to 1.
    pub missing_share: f64,
    /// Their share in training, 0 to 1.
    pub missing_in_training: f64,
    /// Rows with a level, or a year, that training never saw.
    pub unseen: u64,
    /// Their share of all rows, 0 to 1.
    pub unseen_share: f64,
    /// How many different such levels; 1,000 stands for more.
    pub unseen_levels: u64,
    /// The population stability index over ten bins, or over levels with all unseen ones as one more; none without
    /// values.
    pub psi: Option<f64>,
    /// Of a number or the score: Kolmogorov and Smirnov's test. None without values.
    pub ks: Option<NumberTest>,
    /// Of a category or a date: the chi-squared test over the levels that training saw. None without values.
    pub levels: Option<LevelTest>,
    /// The two distributions side by side.
    pub bins: Vec<BinShare>,
}

impl Shift {
    /// The missing rows' share less training's: -1 to 1.
    pub fn missing_change(&self) -> f64 {
        self.missing_share - self.missing_in_training
    }
}

/// A number's distance from training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NumberTest {
    /// The largest distance of the two distribution functions, 0 to 1.
    pub distance: f64,
    /// How probable as large a one is without any drift, 0 to 1.
    pub p_value: f64,
    /// How many values it was computed of: of more than 50,000 an even sample.
    pub values: u64,
}

/// A category's distance from training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LevelTest {
    /// Pearson's chi-squared.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: u32,
    /// How probable as large a one is without any drift, 0 to 1.
    pub p_value: f64,
    /// The effect's size by Cramér: 0 without any.
    pub cramers_v: f64,
    /// The effect's size by Cohen: 0.1 is small, 0.3 medium, 0.5 large.
    pub w: f64,
}

/// One bin, or one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BinShare {
    /// The level; of a number `≤ 3.2`, or `> 7` for the last bin.
    pub label: String,
    /// Its share in training, 0 to 1.
    pub training: f64,
    /// Its share of the day's rows that have a value, 0 to 1.
    pub production: f64,
}

impl Tally {
    /// Measures what was counted.
    pub fn day(&self, reference: &Reference, day: NaiveDate, sampled: bool, complete: bool) -> ModelDay {
        let inputs = reference.inputs.iter().zip(&self.inputs);
        ModelDay {
            model: reference.model.clone(),
            sha256: reference.sha256.clone(),
            day,
            rows: self.rows,
            sampled,
            complete,
            score: self.score.shift(&reference.score, self.rows),
            inputs: inputs.map(|(reference, tally)| tally.shift(reference, self.rows)).collect(),
        }
    }
}

impl InputTally {
    fn shift(&self, reference: &InputReference, rows: u64) -> Shift {
        let share = |count: u64| if rows == 0 { 0.0 } else { count as f64 / rows as f64 };
        let (expected, labels) = match &reference.known {
            Known::Number { bins, .. } => (
                bins.as_ref().map(|bins| bins.shares.clone()).unwrap_or_default(),
                bins.as_ref().map(|bins| labels(&bins.ends)).unwrap_or_default(),
            ),
            Known::Levels { shares, .. } => {
                shares.iter().map(|(level, share)| (*share, level.clone())).unzip()
            }
        };
        let mut observed = self.counts.clone();
        let (levels, ks) = match &reference.known {
            Known::Levels { .. } => (self.level_test(&expected), None),
            Known::Number { quantiles, .. } => (None, self.number_test(quantiles)),
        };
        let (mut expected, mut labels) = (expected, labels);
        if matches!(reference.known, Known::Levels { .. }) {
            observed.push(self.unseen);
            expected.push(0.0);
            labels.push("never seen in training".to_owned());
        }
        Shift {
            name: reference.name.clone(),
            kind: reference.kind,
            missing: self.missing,
            missing_share: share(self.missing),
            missing_in_training: reference.missing_rate,
            unseen: self.unseen,
            unseen_share: share(self.unseen),
            unseen_levels: self.unseen_levels.len() as u64,
            psi: stability_index(&observed, &expected).filter(|psi| psi.is_finite()),
            ks,
            levels,
            bins: shown(&labels, &expected, &observed),
        }
    }

    fn number_test(&self, quantiles: &[f64]) -> Option<NumberTest> {
        let test = kolmogorov_smirnov(&self.sample.sorted(), quantiles)?;
        let sound = test.distance.is_finite() && test.p_value.is_finite();
        sound.then_some(NumberTest { distance: test.distance, p_value: test.p_value, values: test.rows })
    }

    fn level_test(&self, shares: &[f64]) -> Option<LevelTest> {
        let test = goodness_of_fit(&self.counts, shares)?;
        let sound = test.statistic.is_finite() && test.p_value.is_finite();
        sound.then_some(LevelTest {
            statistic: test.statistic,
            degrees: test.degrees,
            p_value: test.p_value,
            cramers_v: test.cramers_v,
            w: test.w,
        })
    }
}

/// What the bins between these ends are called.
fn labels(ends: &[f64]) -> Vec<String> {
    let mut labels: Vec<_> = ends.iter().map(|end| format!("≤ {}", rounded(*end))).collect();
    labels.push(match ends.last() {
        Some(last) => format!("> {}", rounded(*last)),
        None => "all".to_owned(),
    });
    labels
}

/// To four significant digits, without zeros behind.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places lie in 0 to 7")]
fn rounded(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor();
    if !(-4.0..=6.0).contains(&magnitude) {
        return format!("{number:.3e}");
    }
    let unit = 10_f64.powf(magnitude - 3.0);
    let places = (3.0 - magnitude).max(0.0);
    let text = format!("{:.*}", places as usize, (number / unit).round() * unit);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The distributions side by side; of many levels the rarest are taken together.
fn shown(labels: &[String], expected: &[f64], observed: &[u64]) -> Vec<BinShare> {
    let counted: u64 = observed.iter().sum();
    let share = |count: u64| if counted == 0 { 0.0 } else { count as f64 / counted as f64 };
    let all = labels.iter().zip(expected).zip(observed);
    let mut bins: Vec<BinShare> = all
        .map(|((label, training), count)| BinShare {
            label: label.clone(),
            training: *training,
            production: share(*count),
        })
        .collect();
    if bins.len() > LEVELS_SHOWN + 1 {
        let unseen = bins.pop();
        let rest = bins.split_off(LEVELS_SHOWN);
        bins.push(BinShare {
            label: format!("{} others", rest.len()),
            training: rest.iter().map(|bin| bin.training).sum(),
            production: rest.iter().map(|bin| bin.production).sum(),
        });
        bins.extend(unseen);
    }
    bins
}
