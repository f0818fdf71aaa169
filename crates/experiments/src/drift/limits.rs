//! Which of a day's measures are above config's limits.

use std::fmt;

use bellwether_core::config::DriftLimits;
use serde::{Deserialize, Serialize};

use super::{ModelDay, Shift};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The population stability index.
    Psi,
    /// Kolmogorov and Smirnov's distance.
    Ks,
    /// Cramér's V.
    CramersV,
    /// The change of the missing rows' share, up or down.
    MissingChange,
    /// The share of rows with a level that training never saw.
    UnseenShare,
}

impl fmt::Display for Measure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Psi => "PSI",
            Self::Ks => "KS distance",
            Self::CramersV => "Cramér's V",
            Self::MissingChange => "change of the missing share",
            Self::UnseenShare => "share of unseen levels",
        })
    }
}

/// A measure above its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Exceeded {
    /// The input's name; `score` for the score.
    pub feature: String,
    /// What is above its limit.
    pub measure: Measure,
    /// How much it is.
    pub value: f64,
    /// How much it may be.
    pub limit: f64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { feature, measure, value, limit } = self;
        write!(formatter, "{feature}: {measure} {value:.3}, limit {limit}")
    }
}

/// Every measure of a day that is above its limit, the score's first; none of a day with fewer rows than
/// `limits.minimum_rows`, on which chance alone reaches far.
pub fn exceeded(day: &ModelDay, limits: &DriftLimits) -> Vec<Exceeded> {
    if day.rows < limits.minimum_rows {
        return Vec::new();
    }
    day.shifts().flat_map(|shift| of_shift(shift, limits)).collect()
}

fn of_shift<'a>(shift: &'a Shift, limits: &DriftLimits) -> impl Iterator<Item = Exceeded> + 'a {
    let measured = [
        (Measure::Psi, shift.psi, limits.psi),
        (Measure::Ks, shift.ks.map(|test| test.distance), limits.ks),
        (Measure::CramersV, shift.levels.map(|test| test.cramers_v), limits.cramers_v),
        (Measure::MissingChange, Some(shift.missing_change().abs()), limits.missing_change),
        (Measure::UnseenShare, Some(shift.unseen_share), limits.unseen_share),
    ];
    measured.into_iter().filter_map(|(measure, value, limit)| {
        let value = value.filter(|value| *value > limit)?;
        Some(Exceeded { feature: shift.name.clone(), measure, value, limit })
    })
}
