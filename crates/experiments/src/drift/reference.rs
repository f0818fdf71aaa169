//! What training saw of a model's inputs and scores: the side that a day is compared with.

use std::collections::{BTreeMap, BTreeSet};

use bellwether_core::bundle::manifest::Statistics;

use super::ShiftKind;
use crate::statistics::Bins;

/// Into how many bins numbers and scores are cut, of about equal shares in training.
const BINS: usize = 10;

/// What a model's training saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The bundle's uid.
    pub model: String,
    /// The bundle's SHA-256, in hex: another one has another training.
    pub sha256: String,
    /// Every raw input, by name.
    pub inputs: Vec<InputReference>,
    /// The score, as an input of its own.
    pub score: InputReference,
}

/// What training saw of one raw input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputReference {
    /// Its name.
    pub name: String,
    /// What kind of values it has.
    pub kind: ShiftKind,
    /// Share of rows without a value, 0 to 1.
    pub missing_rate: f64,
    /// How its values were distributed.
    pub known: Known,
}

/// A distribution.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Of a number: its percentiles, ascending, and the bins that they make; none of too few percentiles.
    Number {
        /// The 0th to 100th percentile.
        quantiles: Vec<f64>,
        /// Ten bins, or fewer where many values are equal.
        bins: Option<Bins>,
    },
    /// Of a category, or a date by its year.
    Levels {
        /// Each level's name and its share of the rows that have a value.
        shares: Vec<(String, f64)>,
        /// Where a level stands in `shares`.
        at: BTreeMap<String, usize>,
    },
}

impl Known {
    fn number(quantiles: Vec<f64>) -> Self {
        let bins = Bins::of(&quantiles, BINS);
        Self::Number { quantiles, bins }
    }

    fn levels(shares: &BTreeMap<String, f64>) -> Self {
        let mut shares: Vec<(String, f64)> =
            shares.iter().map(|(level, share)| (level.clone(), *share)).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let at = shares.iter().enumerate().map(|(at, (level, _))| (level.clone(), at)).collect();
        Self::Levels { shares, at }
    }
}

impl Reference {
    /// From a manifest's statistics. `dates` are the names of those inputs that are dates, whose shares are years'.
    /// An input without quantiles and without shares cannot be compared, and is left out.
    pub fn of(model: &str, sha256: &str, statistics: &Statistics, dates: &BTreeSet<String>) -> Self {
        let input = |(name, seen): (&String, &bellwether_core::bundle::manifest::InputStatistics)| {
            let (kind, known) = match (&seen.quantiles, &seen.shares) {
                (Some(quantiles), _) => (ShiftKind::Number, Known::number(quantiles.clone())),
                (None, Some(years)) if dates.contains(name) => (ShiftKind::Date, Known::levels(years)),
                (None, Some(shares)) => (ShiftKind::Category, Known::levels(shares)),
                (None, None) => return None,
            };
            Some(InputReference { name: name.clone(), kind, missing_rate: seen.missing_rate, known })
        };
        Self {
            model: model.to_owned(),
            sha256: sha256.to_owned(),
            inputs: statistics.features.iter().filter_map(input).collect(),
            score: InputReference {
                name: "score".to_owned(),
                kind: ShiftKind::Score,
                missing_rate: 0.0,
                known: Known::number(statistics.score.quantiles.clone()),
            },
        }
    }
}
