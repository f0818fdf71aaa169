//! The bundles that a document may name: those that every replica of staging has loaded. Where staging cannot be asked,
//! those that every replica of production has: an outage of staging must not close the way past it. What goes the usual
//! way is tried first, which takes a staging.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bellwether_store::{ReplicaReport, StoreError};

use super::{Console, ModelChoice};
use crate::environment::{Census, StageBundle};

/// A database that says nothing is called away after this.
const PATIENCE: Duration = Duration::from_secs(3);

impl Console {
    /// Every bundle that is known in an environment, by uid. Never fails: what cannot be asked makes bundles that
    /// cannot be chosen, with the reason.
    pub async fn models(&self) -> Vec<ModelChoice> {
        let stage = async {
            let census = tokio::time::timeout(PATIENCE, self.census(self.stage())).await;
            census.unwrap_or_else(|_| Err(StoreError::Unavailable("the database does not answer".into())))
        };
        let (stage, prod, folder) = tokio::join!(stage, self.census(self.prod()), self.stage().api.bundles());
        let away = match &stage {
            Ok(_) => "no replica of staging has been heard of lately".to_owned(),
            Err(error) => format!("staging's replicas cannot be looked up: {error}"),
        };
        let (stage, prod) = (heard(stage.ok().as_ref()), heard(prod.ok().as_ref()));
        let listed = folder.as_deref().unwrap_or_default();
        let uids = listed.iter().map(|bundle| bundle.uid.clone());
        let reported = stage.iter().chain(&prod).flat_map(|report| report.bundles.keys().cloned());
        let uids: BTreeSet<_> = uids.chain(reported).collect();
        let choices = uids.into_iter().map(|uid| {
            let listed = listed.iter().find(|bundle| bundle.uid == uid);
            let name = listed.and_then(|bundle| bundle.name.clone()).unwrap_or_else(|| uid.clone());
            if stage.is_empty() {
                let in_prod = agreed("production", &prod, &uid, None).is_ok();
                let reason =
                    (!in_prod).then(|| format!("{away}, and not every replica of production has it"));
                return ModelChoice { uid, name, loadable: in_prod, reason, sha256: None, in_prod };
            }
            let staged = agreed("staging", &stage, &uid, listed);
            let sha256 = staged.as_ref().ok().cloned();
            let in_prod = !prod.is_empty()
                && prod.iter().all(|report| sha256.is_some() && report.bundles.get(&uid) == sha256.as_ref());
            ModelChoice { uid, name, loadable: staged.is_ok(), reason: staged.err(), sha256, in_prod }
        });
        choices.collect()
    }
}

/// The replicas that are not silent.
fn heard(census: Option<&Census>) -> Vec<ReplicaReport> {
    let reports = census
        .into_iter()
        .flat_map(|census| census.reports().iter().filter(|report| !census.is_silent(report)).cloned());
    reports.collect()
}

/// What every replica has loaded, or why it cannot be chosen.
fn agreed(
    whose: &str,
    replicas: &[ReplicaReport],
    uid: &str,
    listed: Option<&StageBundle>,
) -> Result<String, String> {
    if replicas.is_empty() {
        return Err(format!("no replica of {whose} has been heard of lately"));
    }
    let mut by_sha256: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut without = Vec::new();
    for report in replicas {
        match report.bundles.get(uid) {
            Some(sha256) => by_sha256.entry(sha256).or_default().push(&report.replica),
            None => without.push(report.replica.as_str()),
        }
    }
    if !without.is_empty() {
        let refused = listed.and_then(|bundle| bundle.reason.clone());
        let reason = refused.unwrap_or_else(|| format!("not loaded on {}", without.join(", ")));
        return Err(reason);
    }
    match by_sha256.keys().copied().collect::<Vec<_>>().as_slice() {
        [only] => Ok((*only).to_owned()),
        _ => Err(format!("the replicas of {whose} have loaded different bundles of that name")),
    }
}
