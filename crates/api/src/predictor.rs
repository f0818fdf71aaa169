//! From checked customers to answers that are written down: decide, look up, record, answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwether_core::config::EmailPolicy;
use bellwether_core::customer::Customer;
use bellwether_core::model::ScoreError;
use bellwether_core::prediction::{
    Answer, Decision, EmailOrder, LogRecord, Purpose, RECORD_SCHEMA, Snapshot, TrialAnswer,
};
use bellwether_core::treatment::Treatment;
use bellwether_settings::OnFull;
use bellwether_store::journal::{Journal, JournalError};
use bellwether_store::{Clock, LtvCache, LtvLookup, Sightings};
use bellwether_web::trace::Trace;
use bellwether_web::{Problem, logs};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::Map;
use uuid::Uuid;

use crate::scoring::Served;

/// Customers decided about together on a blocking thread: few enough that features stay in cache.
const CHUNK: usize = 256;
/// How long rows that are answered together wait for lifetime values: many are loaded at once, and a single
/// prediction's budget would leave most of them out.
const PATIENCE_OF_ROWS: Duration = Duration::from_millis(500);

/// A batch's rows are scored hundreds at a time, and nobody waits for one alone.
const BATCH_PATIENCE: u32 = 10;

/// How long a trial waits for models that do not answer, at least.
const TRIAL_PATIENCE: Duration = Duration::from_secs(3);

/// Makes predictions. Nothing in here waits for a database.
#[derive(Clone)]
pub(crate) struct Predictor {
    pub environment: String,
    pub replica: String,
    pub journal: Arc<Journal>,
    pub ltv: LtvCache,
    pub sightings: Arc<dyn Sightings>,
    pub clock: Arc<dyn Clock>,
    pub on_full: OnFull,
    /// How long an answer waits for models that do not answer it.
    pub patience: Duration,
}

/// A call's circumstances.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// When the request arrived.
    pub begun: Instant,
    /// Why it was made, where not for a client's sake.
    pub purpose: Option<Purpose>,
    /// Of the calls under one key at most one is emailed.
    pub email_key: Option<String>,
    /// The trace it belongs to.
    pub trace: Option<Trace>,
}

impl Call {
    /// The same for one row of a batch: each row may cause an email of its own.
    fn of_row(&self, row: usize) -> Self {
        Self { email_key: self.email_key.as_ref().map(|key| format!("{key}/{row}")), ..self.clone() }
    }
}

/// A prediction that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error(transparent)]
    Score(#[from] ScoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("scoring stopped before its end")]
    Stopped,
}

impl From<Unanswered> for Problem {
    fn from(error: Unanswered) -> Self {
        match error {
            Unanswered::Score(error) => error.into(),
            Unanswered::Journal(error) => error.into(),
            Unanswered::Stopped => Self::internal(&error),
        }
    }
}

impl Predictor {
    /// Answers one customer; the answer is in the journal before it is returned.
    pub(crate) async fn predict(
        &self,
        live: &Served,
        customer: Customer,
        call: Call,
    ) -> Result<Answer, Unanswered> {
        let uid = Uuid::now_v7();
        logs::name_uid(uid);
        let fallback = uid.to_string();
        let id = customer.client_id.as_deref().unwrap_or(&fallback);
        let under_way = live.score(&[&customer], &[id])?;
        let decided = live.decide(under_way, &[&customer], self.patience(&call)).await;
        let decision = decided.into_iter().next().ok_or(Unanswered::Stopped)?;
        let mut answer = self.answer(live, uid, &customer, &decision, &call, None).await?;
        // Only now, when the answer is written down: what a trial is told beside it stays out of the record.
        answer.trial = (call.purpose == Some(Purpose::Trial)).then(|| self.trial(live, &decision));
        Ok(answer)
    }

    /// How long other models are waited for: a trial looks at every score, and nobody waits for it.
    fn patience(&self, call: &Call) -> Duration {
        if call.purpose == Some(Purpose::Trial) { self.patience.max(TRIAL_PATIENCE) } else { self.patience }
    }

    fn trial(&self, live: &Snapshot, decision: &Decision) -> TrialAnswer {
        TrialAnswer {
            scores: scored(live, decision).map(|(model, score)| (model.to_owned(), score)).collect(),
            cut_off: cut_off(live, decision),
            heuristic: decision.heuristic,
            arm: live.uid(decision.assignment.arm).to_owned(),
            probability: decision.probability,
            proba_cutoff: live.config.document.proba_cutoff,
            replica: self.replica.clone(),
        }
    }

    /// Answers many customers, scored together off the threads that answer requests.
    pub(crate) async fn predict_batch(
        &self,
        live: &Arc<Served>,
        customers: Vec<Customer>,
        call: Call,
    ) -> Vec<Result<Answer, Unanswered>> {
        let mut answers = Vec::with_capacity(customers.len());
        let mut waiting = customers.into_iter();
        loop {
            let chunk: Vec<_> =
                waiting.by_ref().take(CHUNK).map(|customer| (Uuid::now_v7(), customer)).collect();
            if chunk.is_empty() {
                return answers;
            }
            let live = Arc::clone(live);
            let first = answers.len();
            let calls = (first..first + chunk.len()).map(|row| call.of_row(row)).collect();
            answers.extend(self.predict_chunk(live, chunk, calls).await);
        }
    }

    async fn predict_chunk(
        &self,
        live: Arc<Served>,
        chunk: Vec<(Uuid, Customer)>,
        calls: Vec<Call>,
    ) -> Vec<Result<Answer, Unanswered>> {
        let count = chunk.len();
        let score = {
            let live = Arc::clone(&live);
            move || {
                let uids: Vec<_> = chunk.iter().map(|(uid, _)| uid.to_string()).collect();
                let customers: Vec<_> = chunk.iter().map(|(_, customer)| customer).collect();
                let named = customers.iter().zip(&uids);
                let ids: Vec<_> = named.map(|(c, uid)| c.client_id.as_deref().unwrap_or(uid)).collect();
                let scored = live.score(&customers, &ids);
                (chunk, scored)
            }
        };
        let (chunk, under_way) = match tokio::task::spawn_blocking(score).await {
            Ok((chunk, Ok(under_way))) => (chunk, under_way),
            Ok((_, Err(error))) => return (0..count).map(|_| Err(error.clone().into())).collect(),
            Err(_) => return (0..count).map(|_| Err(Unanswered::Stopped)).collect(),
        };
        let customers: Vec<_> = chunk.iter().map(|(_, customer)| customer).collect();
        let decisions = live.decide(under_way, &customers, self.patience * BATCH_PATIENCE).await;
        let answers = chunk.iter().zip(&decisions).zip(&calls);
        let answers = answers.map(|(((uid, customer), decision), call)| {
            self.answer(&live, *uid, customer, decision, call, Some(PATIENCE_OF_ROWS))
        });
        join_all(answers).await
    }

    async fn answer(
        &self,
        live: &Snapshot,
        uid: Uuid,
        customer: &Customer,
        decision: &Decision,
        call: &Call,
        patience: Option<Duration>,
    ) -> Result<Answer, Unanswered> {
        let now = self.clock.now();
        let config = &live.config.document;
        let window = Duration::from_secs(config.recent_window_seconds.into());
        let (ltv, recent) = match &customer.client_id {
            Some(id) if call.purpose.is_none() => {
                let (ltv, recent) = tokio::join!(self.ltv(id, patience), self.sightings.see(id, window, now));
                (ltv.value, recent)
            }
            Some(id) => (self.ltv(id, patience).await.value, None),
            None => (0.0, None),
        };
        let arm = live.uid(decision.assignment.arm);
        let model = decision.assignment.treatment == Treatment::Model;
        let output = Answer {
            uid,
            prediction: decision.probability.map(|p| (p * 10_000.0).round() / 10_000.0),
            high_risk: decision.high_risk.map(|high| if high { "yes" } else { "no" }.into()),
            ltv,
            recent_times_id_seen: recent,
            response_time: call.begun.elapsed().as_secs_f64(),
            treatment: decision.assignment.treatment,
            model: model.then(|| arm.to_owned()),
            config_version: live.config.version,
            imputed: customer.imputed(&live.schema).map(str::to_owned).collect(),
            ignored: customer.ignored.clone(),
            trial: None,
        };
        observe(&output);
        let record = self.record(live, now, customer, decision, output, call);
        if let Err(error) = self.journal.append(&record).await {
            self.unlogged(error)?;
        }
        Ok(record.output)
    }

    async fn ltv(&self, client_id: &str, patience: Option<Duration>) -> LtvLookup {
        match patience {
            None => self.ltv.get(client_id).await,
            Some(patience) => self.ltv.get_in_turn(client_id, patience).await,
        }
    }

    /// What cannot be written down is not answered, unless the operator would rather have it answered.
    fn unlogged(&self, error: JournalError) -> Result<(), Unanswered> {
        let is_full = matches!(error, JournalError::Full(_) | JournalError::Io(_));
        if self.on_full == OnFull::Refuse || !is_full {
            return Err(error.into());
        }
        metrics::counter!("bellwether_predictions_unlogged_total").increment(1);
        Ok(())
    }

    fn record(
        &self,
        live: &Snapshot,
        now: DateTime<Utc>,
        customer: &Customer,
        decision: &Decision,
        output: Answer,
        call: &Call,
    ) -> LogRecord {
        let (config, purpose) = (&live.config.document, call.purpose);
        let wanted = match config.email {
            EmailPolicy::None => false,
            EmailPolicy::HighRisk => decision.high_risk == Some(true),
            EmailPolicy::All => decision.assignment.treatment != Treatment::Holdout,
        };
        let email = (wanted && purpose.is_none()).then(|| EmailOrder {
            recipients: config.email_recipients.clone().unwrap_or_default(),
            dedupe_key: call.email_key.clone(),
        });
        // What is tried in staging is what production was asked of its clients: none of that stays there.
        let is_trial = purpose == Some(Purpose::Trial);
        LogRecord {
            schema: RECORD_SCHEMA,
            environment: self.environment.clone(),
            replica: self.replica.clone(),
            logging_timestamp: now,
            client_id: customer.client_id.clone().filter(|_| !is_trial),
            purpose,
            input: if is_trial { Map::new() } else { customer.to_json(&live.schema) },
            output,
            scores: scored(live, decision).map(|(model, score)| (model.to_owned(), score.into())).collect(),
            cut_off: cut_off(live, decision),
            heuristic: decision.heuristic,
            arm: live.uid(decision.assignment.arm).to_owned(),
            email,
            trace: call.trace.and_then(|trace| trace.named()),
        }
    }
}

/// The models that scored, and what they said.
fn scored<'a>(live: &'a Snapshot, decision: &Decision) -> impl Iterator<Item = (&'a str, f64)> {
    let scores = decision.scores.iter().enumerate();
    scores.filter_map(|(model, score)| Some((live.uid(model), score.ok()?)))
}

/// The models that did not, and why.
fn cut_off(live: &Snapshot, decision: &Decision) -> BTreeMap<String, String> {
    let scores = decision.scores.iter().enumerate();
    let cut_off = scores.filter_map(|(model, score)| Some((live.uid(model), score.err()?)));
    cut_off.map(|(model, why)| (model.to_owned(), why.as_str().to_owned())).collect()
}

fn observe(output: &Answer) {
    let model = output.model.clone().unwrap_or_else(|| "none".to_owned());
    if let Some(prediction) = output.prediction {
        metrics::histogram!("bellwether_prediction_score", "model" => model.clone()).record(prediction);
    }
    metrics::counter!("bellwether_predictions_total", "treatment" => output.treatment.as_str(), "model" => model)
        .increment(1);
}
