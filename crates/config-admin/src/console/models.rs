//! The bundles that a document may name: those that every replica of staging has loaded.

use std::collections::{BTreeMap, BTreeSet};

use bellwether_store::ReplicaReport;

use super::{Console, ModelChoice};
use crate::environment::{Census, StageBundle};

impl Console {
    /// Every bundle that is known in an environment, by uid. Never fails: what cannot be asked makes bundles that
    /// cannot be chosen, with the reason.
    pub async fn models(&self) -> Vec<ModelChoice> {
        let (stage, prod, folder) =
            tokio::join!(self.census(self.stage()), self.census(self.prod()), self.stage().api.bundles());
        let folder = folder.map_err(|error| format!("staging's api: {error}"));
        let away =
            stage.as_ref().err().map(|error| format!("staging's replicas cannot be looked up: {error}"));
        let (stage, prod) = (heard(stage.ok().as_ref()), heard(prod.ok().as_ref()));
        let listed = folder.as_deref().unwrap_or_default();
        let uids = listed.iter().map(|bundle| bundle.uid.clone());
        let reported = stage.iter().chain(&prod).flat_map(|report| report.bundles.keys().cloned());
        let uids: BTreeSet<_> = uids.chain(reported).collect();
        let choices = uids.into_iter().map(|uid| {
            let listed = listed.iter().find(|bundle| bundle.uid == uid);
            let staged =
                if let Some(away) = &away { Err(away.clone()) } else { agreed(&stage, &uid, listed) };
            let sha256 = staged.as_ref().ok().cloned();
            let in_prod = !prod.is_empty()
                && prod.iter().all(|report| sha256.is_some() && report.bundles.get(&uid) == sha256.as_ref());
            ModelChoice {
                name: listed.and_then(|bundle| bundle.name.clone()).unwrap_or_else(|| uid.clone()),
                loadable: staged.is_ok(),
                reason: staged.err(),
                sha256,
                in_prod,
                uid,
            }
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
fn agreed(replicas: &[ReplicaReport], uid: &str, listed: Option<&StageBundle>) -> Result<String, String> {
    if replicas.is_empty() {
        return Err("no replica of staging has been heard of lately".to_owned());
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
        _ => Err("the replicas of staging have loaded different bundles of that name".to_owned()),
    }
}
