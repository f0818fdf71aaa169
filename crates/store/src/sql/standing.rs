//! Rows of `client_standing`. How a uid is stored is the engine's affair: text in one, bytes in another.

use bellwether_core::treatment::Treatment;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Standing, StoreError};

#[derive(FromRow)]
pub(crate) struct StandingRow<U> {
    client_id: String,
    uid: U,
    at: DateTime<Utc>,
    treatment: String,
    model: Option<String>,
    prediction: Option<f64>,
    high_risk: bool,
    ltv: f64,
    config_version: u64,
}

impl<U: Into<Uuid>> TryFrom<StandingRow<U>> for Standing {
    type Error = StoreError;

    fn try_from(row: StandingRow<U>) -> Result<Self, StoreError> {
        let treatment = [Treatment::Model, Treatment::Heuristic, Treatment::Holdout]
            .into_iter()
            .find(|treatment| treatment.as_str() == row.treatment)
            .ok_or_else(|| StoreError::corrupt("a row of client_standing", "no such treatment"))?;
        Ok(Self {
            client_id: row.client_id,
            uid: row.uid.into(),
            at: row.at,
            treatment,
            model: row.model,
            prediction: row.prediction,
            high_risk: row.high_risk,
            ltv: row.ltv,
            config_version: row.config_version,
        })
    }
}
