//! The clients of an experiment: the log's records and the outcomes are folded into one compact entry a client.
//!
//! Memory: an entry of 24 bytes, a key of 20, and 4 for each model that the experiment's versions name and for the
//! heuristic. With the slack of growing tables that is at most 150 + 12 × (models + 1) bytes a client, however many
//! predictions there are; a report over a million clients and four models takes some 200 MB at its height.

mod client;
mod regimes;

use std::collections::HashMap;

use bellwether_core::config::ConfigVersion;
use bellwether_core::prediction::LogRecord;
use bellwether_core::treatment::{Treatment, assign};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

pub(crate) use client::{Client, Mark, Moment, Standing};
pub(crate) use regimes::Regimes;

use crate::experiment::{ExperimentSpec, Silence};

/// What the heuristic's scores are listed under.
pub(crate) const HEURISTIC: &str = "heuristic";

/// The first half of the SHA-256 of a client id: no two clients share one in practice, nor can somebody make them.
type Key = [u8; 16];

/// An experiment's clients.
pub struct Cohort {
    pub(crate) spec: ExperimentSpec,
    pub(crate) regimes: Regimes,
    /// Models whose scores are kept, those of the newest version first, the heuristic last.
    pub(crate) columns: Vec<String>,
    /// Every model that is an arm in one of the experiment's versions.
    pub(crate) arms: Vec<String>,
    pub(crate) clients: Vec<Client>,
    /// A row of `columns` for each client, NaN where a model did not score.
    pub(crate) scores: Vec<f32>,
    /// Counting predictions under the experiment's versions.
    pub(crate) predictions: u64,
    /// The time of the oldest record in the log.
    pub(crate) log_begins: Option<DateTime<Utc>>,
    places: HashMap<Key, u32>,
}

impl Cohort {
    /// A cohort that nobody has entered.
    pub fn new(spec: ExperimentSpec) -> Self {
        let mut columns: Vec<String> = Vec::new();
        let mut arms: Vec<String> = Vec::new();
        let add = |to: &mut Vec<String>, model: &str| {
            if !to.iter().any(|known| known == model) {
                to.push(model.to_owned());
            }
        };
        for ConfigVersion { document, .. } in spec.own_versions().rev() {
            document.models().for_each(|model| add(&mut columns, model));
            document.arms.iter().for_each(|arm| add(&mut arms, &arm.model));
        }
        columns.push(HEURISTIC.to_owned());
        let regimes = Regimes::of(&spec);
        let (clients, scores, places) = (Vec::new(), Vec::new(), HashMap::new());
        Self { spec, regimes, columns, arms, clients, scores, predictions: 0, log_begins: None, places }
    }

    /// Says from when on there are records, so that the report can tell where the log was pruned.
    pub fn log_begins(&mut self, at: Option<DateTime<Utc>>) {
        self.log_begins = at;
    }

    /// Takes a record of the log in. Records have to come in the order of their uids; those that do not count, and
    /// those of other times and environments, change nothing.
    pub fn saw(&mut self, record: &LogRecord) {
        let Some(client_id) = record.client_id.as_deref() else { return };
        let ours = record.environment == self.spec.environment && record.logging_timestamp <= self.spec.as_of;
        if !record.counts() || !ours {
            return;
        }
        let own = self.regimes.at(record.output.config_version).filter(|(_, regime)| regime.own);
        self.predictions += u64::from(own.is_some());
        let key = key(client_id);
        match (self.places.get(&key).copied(), own.map(|(regime, _)| regime)) {
            (Some(place), _) => self.again(place, record),
            (None, Some(regime)) => self.enter(key, client_id, regime, record),
            (None, None) => {}
        }
    }

    /// Takes a statement about a client in: that they had left at a time, or were still there; none was retracted.
    /// To be called after every record.
    pub fn outcome(&mut self, client_id: &str, churned: Option<bool>, occurred_at: DateTime<Utc>) {
        let Some(churned) = churned else { return };
        let window = self.spec.window().num_milliseconds();
        let place = self.places.get(&key(client_id)).and_then(|place| usize::try_from(*place).ok());
        let Some(client) = place.and_then(|place| self.clients.get_mut(place)) else { return };
        let after = occurred_at.timestamp_millis() - client.exposed_at;
        match churned {
            true if after <= 0 => client.mark(Mark::ChurnedBefore),
            true if after <= window => client.mark(Mark::Churned),
            // Who left after the window was there at its end.
            true => client.mark(Mark::Stayed),
            false if after >= window => client.mark(Mark::Stayed),
            false => {}
        }
    }

    /// What standing depends on.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            as_of: self.spec.as_of.timestamp_millis(),
            window: self.spec.window().num_milliseconds(),
            silence_is_stay: self.spec.silence == Silence::Stayed,
        }
    }

    /// The scores of a client by its position.
    pub(crate) fn scores_of(&self, client: usize) -> &[f32] {
        let columns = self.columns.len();
        self.scores.get(client * columns..(client + 1) * columns).unwrap_or_default()
    }

    /// The experiment's newest version by the moment of the report.
    pub(crate) fn newest(&self) -> Option<&ConfigVersion> {
        self.spec.own_versions().next_back()
    }

    fn enter(&mut self, key: Key, client_id: &str, regime: u16, record: &LogRecord) {
        let treatment = record.output.treatment;
        let arm = match treatment {
            Treatment::Model => self.arm(record),
            _ => Some(0),
        };
        let (Some(arm), Ok(place)) = (arm, u32::try_from(self.clients.len())) else { return };
        let exposed_at = record.logging_timestamp.timestamp_millis();
        let mut client = Client::new(exposed_at, record.output.ltv, regime, treatment, arm);
        if is_high_risk(record) {
            client.mark(Mark::HighRisk);
        }
        let until = exposed_at + self.spec.window().num_milliseconds();
        for later in self.regimes.after(regime, until) {
            let assigned = assign(&later.document, client_id);
            let answers = later.document.arms.get(assigned.arm).map(|arm| arm.model.as_str());
            if assigned.treatment != treatment {
                client.mark(Mark::Moved);
            } else if treatment == Treatment::Model
                && answers != self.arms.get(usize::from(arm)).map(String::as_str)
            {
                client.mark(Mark::MovedArm);
            }
        }
        self.places.insert(key, place);
        self.clients.push(client);
        self.keep_scores(record);
    }

    /// A further prediction of a client who has entered.
    fn again(&mut self, place: u32, record: &LogRecord) {
        let arm = self.arm(record);
        let window = self.spec.window().num_milliseconds();
        let Some(client) = usize::try_from(place).ok().and_then(|at| self.clients.get_mut(at)) else {
            return;
        };
        if record.logging_timestamp.timestamp_millis() > client.exposed_at + window {
            return;
        }
        if is_high_risk(record) {
            client.mark(Mark::HighRisk);
        }
        if record.output.treatment != client.treatment {
            client.mark(Mark::Moved);
            client.mark(Mark::SeenMoved);
        } else if client.treatment == Treatment::Model && arm != Some(client.arm) {
            client.mark(Mark::MovedArm);
            client.mark(Mark::SeenMovedArm);
        }
    }

    /// Position of the model that answered.
    fn arm(&self, record: &LogRecord) -> Option<u16> {
        let model = record.output.model.as_deref()?;
        self.arms.iter().position(|arm| arm == model).and_then(|at| u16::try_from(at).ok())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "models' scores are 32 bits wide where they are made"
    )]
    fn keep_scores(&mut self, record: &LogRecord) {
        let models = self.columns.len() - 1;
        for model in &self.columns[..models] {
            let score = record.scores.get(model).and_then(serde_json::Value::as_f64);
            self.scores.push(score.map_or(f32::NAN, |score| score as f32));
        }
        self.scores.push(record.heuristic as f32);
    }
}

fn is_high_risk(record: &LogRecord) -> bool {
    record.output.high_risk.as_deref() == Some("yes")
}

fn key(client_id: &str) -> Key {
    let digest = Sha256::digest(client_id.as_bytes());
    let mut key = Key::default();
    key.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    key
}
