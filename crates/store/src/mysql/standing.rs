//! Where clients stand, in MySQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Mysql;
use super::lease::Lease;
use crate::sql::StandingRow;
use crate::{Standing, Standings, StoreError};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

/// What a row is replaced by where the one to be written is newer. Assignments are made in order, so what is compared
/// comes last. UUIDv7 orders by time: what is relayed late never replaces what is newer.
const REPLACED_IF_NEWER: &str = " ON DUPLICATE KEY UPDATE \
    at = IF(VALUES(uid) > uid, VALUES(at), at), \
    treatment = IF(VALUES(uid) > uid, VALUES(treatment), treatment), \
    model = IF(VALUES(uid) > uid, VALUES(model), model), \
    prediction = IF(VALUES(uid) > uid, VALUES(prediction), prediction), \
    high_risk = IF(VALUES(uid) > uid, VALUES(high_risk), high_risk), \
    ltv = IF(VALUES(uid) > uid, VALUES(ltv), ltv), \
    at_risk = IF(VALUES(uid) > uid, VALUES(at_risk), at_risk), \
    config_version = IF(VALUES(uid) > uid, VALUES(config_version), config_version), \
    uid = IF(VALUES(uid) > uid, VALUES(uid), uid)";

type Row = StandingRow<Uuid>;

#[async_trait]
impl Standings for Mysql {
    async fn flagged(
        &self,
        since: DateTime<Utc>,
        after: Option<(f64, &str)>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let rows: Vec<Row> = match after {
            None => {
                let first = sqlx::query_as(
                    "SELECT client_id, uid, at, treatment, model, prediction, high_risk, ltv, config_version
                     FROM client_standing WHERE at_risk IS NOT NULL AND at >= ?
                     ORDER BY at_risk DESC, client_id DESC LIMIT ?",
                );
                first.bind(since).bind(limit).fetch_all(self).await?
            }
            Some((at_risk, client_id)) => {
                let next = sqlx::query_as(
                    "SELECT client_id, uid, at, treatment, model, prediction, high_risk, ltv, config_version
                     FROM client_standing WHERE at_risk <= ? AND (at_risk < ? OR client_id < ?) AND at >= ?
                     ORDER BY at_risk DESC, client_id DESC LIMIT ?",
                );
                let next = next.bind(at_risk).bind(at_risk).bind(client_id).bind(since).bind(limit);
                next.fetch_all(self).await?
            }
        };
        rows.into_iter().map(Standing::try_from).collect()
    }

    async fn standing_of(&self, client_id: &str) -> Result<Option<Standing>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT client_id, uid, at, treatment, model, prediction, high_risk, ltv, config_version
             FROM client_standing WHERE client_id = ?",
        )
        .bind(client_id)
        .fetch_optional(self)
        .await?;
        row.map(Standing::try_from).transpose()
    }
}

/// Writes standings, each where it is newer than what is there.
pub(super) async fn keep_newer(transaction: &mut Lease, standings: &[Standing]) -> Result<(), sqlx::Error> {
    for standings in standings.chunks(ROWS_IN_STATEMENT) {
        let mut upsert = QueryBuilder::new(
            "INSERT INTO client_standing (client_id, uid, at, treatment, model, prediction, high_risk, ltv, \
             at_risk, config_version) ",
        );
        upsert.push_values(standings, |mut row, standing| {
            row.push_bind(&standing.client_id)
                .push_bind(standing.uid)
                .push_bind(standing.at)
                .push_bind(standing.treatment.as_str())
                .push_bind(standing.model.as_deref())
                .push_bind(standing.prediction)
                .push_bind(standing.high_risk)
                .push_bind(standing.ltv)
                .push_bind(standing.order())
                .push_bind(standing.config_version);
        });
        upsert.push(REPLACED_IF_NEWER);
        let full = standings.len() == ROWS_IN_STATEMENT;
        upsert.build().persistent(full).execute(&mut *transaction).await?;
    }
    Ok(())
}
