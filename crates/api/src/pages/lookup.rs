//! Looking clients up: what is stored of them is scored, written down as a lookup, and told as a row.

use std::sync::Arc;
use std::time::Instant;

use bellwether_core::customer::{Customer, check_client_id};
use bellwether_core::prediction::{Answer, Purpose, Snapshot};
use bellwether_core::treatment::Treatment;
use bellwether_web::Problem;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use crate::predictor::Call;
use crate::routes::predict::live;
use crate::scoring::Served;
use crate::state::State;

/// Clients asked of the database at a time.
const AT_ONCE: usize = 16;

/// What became of one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// There is a score.
    Scored,
    /// The client is held out of the predictions, and gets none.
    HeldOut,
    /// Nothing is known of such a client.
    ClientIdNotFound,
    /// It is no id, or the models cannot take what is stored.
    CannotBeScored,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::HeldOut => "held_out",
            Self::ClientIdNotFound => "client_id_not_found",
            Self::CannotBeScored => "cannot_be_scored",
        }
    }
}

/// One client of the table. It goes to the browser and comes back as it is, to be sorted or saved: nobody but who sees
/// it could have changed it, and nothing is decided by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) client_id: String,
    pub(super) status: Status,
    pub(super) prediction: Option<f64>,
    pub(super) high_risk: Option<bool>,
    pub(super) ltv: Option<f64>,
    pub(super) treatment: Option<Treatment>,
    pub(super) model: Option<String>,
    /// Why it cannot be scored.
    pub(super) why: Option<String>,
}

impl Row {
    /// Lifetime value at risk.
    pub(super) fn at_risk(&self) -> Option<f64> {
        Some(self.prediction? * self.ltv?)
    }

    fn without(client_id: String, status: Status, why: Option<String>) -> Self {
        let (prediction, high_risk, ltv, treatment, model) = (None, None, None, None, None);
        Self { client_id, status, prediction, high_risk, ltv, treatment, model, why }
    }

    fn of(client_id: String, answer: Answer) -> Self {
        let held_out = answer.treatment == Treatment::Holdout;
        Self {
            client_id,
            status: if held_out { Status::HeldOut } else { Status::Scored },
            prediction: answer.prediction,
            high_risk: answer.high_risk.map(|high| high == "yes"),
            ltv: Some(answer.ltv),
            treatment: Some(answer.treatment),
            model: answer.model,
            why: None,
        }
    }
}

/// Somebody who was asked for.
enum Found {
    Known(String, Customer),
    Told(Row),
}

/// Looks these clients up; a row each, in their order.
///
/// # Errors
/// Where the database is away, or no model is live.
pub(super) async fn look_up(state: &State, ids: Vec<String>) -> Result<Vec<Row>, Problem> {
    let live = live(state)?;
    let found = stream::iter(ids).map(|id| find(state, &live, id)).buffered(AT_ONCE);
    let found: Vec<Found> = found.try_collect().await?;
    let known = found.iter().filter_map(|found| match found {
        Found::Known(_, customer) => Some(customer.clone()),
        Found::Told(_) => None,
    });
    let known: Vec<_> = known.collect();
    let mut answers = state.predictor.predict_batch(&live, known, call()).await.into_iter();
    let mut rows = Vec::with_capacity(found.len());
    for found in found {
        rows.push(match found {
            Found::Told(row) => row,
            Found::Known(id, _) => match answers.next() {
                Some(Ok(answer)) => Row::of(id, answer),
                Some(Err(error)) => return Err(error.into()),
                None => Row::without(id, Status::CannotBeScored, None),
            },
        });
    }
    Ok(rows)
}

/// Looks one client up who is known.
///
/// # Errors
/// Where the model fails, or the prediction cannot be written down.
pub(super) async fn predict(
    state: &State,
    live: &Arc<Served>,
    customer: Customer,
) -> Result<Option<Answer>, Problem> {
    let answers = state.predictor.predict_batch(live, vec![customer], call()).await;
    Ok(answers.into_iter().next().transpose()?)
}

async fn find(state: &State, live: &Snapshot, id: String) -> Result<Found, Problem> {
    if let Err(why) = check_client_id(&id) {
        return Ok(Found::Told(Row::without(id, Status::CannotBeScored, Some(why))));
    }
    match state.known_customer(live, &id).await {
        Ok(Some(customer)) => Ok(Found::Known(id, customer)),
        Ok(None) => Ok(Found::Told(Row::without(id, Status::ClientIdNotFound, None))),
        Err(problem) if problem.status() == 422 => {
            let why = format!("what is stored cannot be used: {}", problem.detail());
            Ok(Found::Told(Row::without(id, Status::CannotBeScored, Some(why))))
        }
        Err(problem) => Err(problem),
    }
}

fn call() -> Call {
    Call { begun: Instant::now(), purpose: Some(Purpose::Lookup), email_key: None, trace: None }
}
