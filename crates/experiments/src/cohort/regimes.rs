//! The settings of shares that an environment had since an experiment began: versions in a row by which everybody is
//! given the same are one.

use bellwether_core::config::ConfigDocument;

use crate::experiment::ExperimentSpec;

/// One setting of shares.
pub(crate) struct Regime {
    /// When its first version was made, in milliseconds since 1970.
    pub(crate) from: i64,
    /// The document of its first version.
    pub(crate) document: ConfigDocument,
    /// Whether it is the experiment's own, and not another salt's.
    pub(crate) own: bool,
}

/// All of them in order.
pub(crate) struct Regimes {
    pub(crate) all: Vec<Regime>,
    /// Version numbers, ascending, each with its regime.
    versions: Vec<(u64, u16)>,
}

impl Regimes {
    pub(crate) fn of(spec: &ExperimentSpec) -> Self {
        let mut all: Vec<Regime> = Vec::new();
        let mut versions = Vec::new();
        for version in spec.versions.iter().filter(|version| version.created_at <= spec.as_of) {
            let document = &version.document;
            if !all.last().is_some_and(|last| draws_alike(&last.document, document)) {
                all.push(Regime {
                    from: version.created_at.timestamp_millis(),
                    document: document.clone(),
                    own: document.experiment_salt == spec.salt,
                });
            }
            // More settings than fit are not told apart; nobody makes 65,536 versions.
            versions.push((version.version, u16::try_from(all.len() - 1).unwrap_or(u16::MAX)));
        }
        Self { all, versions }
    }

    /// The regime of a version; none of one that is not known.
    pub(crate) fn at(&self, version: u64) -> Option<(u16, &Regime)> {
        let at = self.versions.binary_search_by_key(&version, |(number, _)| *number).ok()?;
        let regime = self.versions[at].1;
        Some((regime, self.all.get(usize::from(regime))?))
    }

    /// Those after one that began before a moment.
    pub(crate) fn after(&self, regime: u16, before: i64) -> impl Iterator<Item = &Regime> {
        self.all.iter().skip(usize::from(regime) + 1).take_while(move |later| later.from < before)
    }
}

/// Whether two documents give everybody the same.
fn draws_alike(left: &ConfigDocument, right: &ConfigDocument) -> bool {
    let drawn = |of: &ConfigDocument| (of.holdout_percentage, of.heuristic_percentage);
    left.experiment_salt == right.experiment_salt && drawn(left) == drawn(right) && left.arms == right.arms
}
