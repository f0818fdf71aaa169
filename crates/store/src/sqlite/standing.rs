//! Where clients stand, in SQLite.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, SqliteConnection};
use uuid::fmt::Hyphenated;

use super::Sqlite;
use crate::sql::StandingRow;
use crate::{Standing, Standings, StoreError};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

type Row = StandingRow<Hyphenated>;

#[async_trait]
impl Standings for Sqlite {
    async fn flagged(
        &self,
        since: DateTime<Utc>,
        after: Option<(f64, &str)>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let (at_risk, client_id) = after.unwrap_or((f64::INFINITY, ""));
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT client_id, uid, at, treatment, model, prediction, high_risk, ltv, config_version
             FROM client_standing
             WHERE at_risk IS NOT NULL AND (at_risk, client_id) < (?, ?) AND at >= ?
             ORDER BY at_risk DESC, client_id DESC LIMIT ?",
        )
        .bind(at_risk)
        .bind(client_id)
        .bind(since)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(Standing::try_from).collect()
    }

    async fn standing_of(&self, client_id: &str) -> Result<Option<Standing>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT client_id, uid, at, treatment, model, prediction, high_risk, ltv, config_version
             FROM client_standing WHERE client_id = ?",
        )
        .bind(client_id)
        .fetch_optional(self.readers())
        .await?;
        row.map(Standing::try_from).transpose()
    }
}

/// Writes standings, each where it is newer than what is there.
pub(super) async fn keep_newer(
    transaction: &mut SqliteConnection,
    standings: &[Standing],
) -> Result<(), sqlx::Error> {
    for standings in standings.chunks(ROWS_IN_STATEMENT) {
        let mut upsert = QueryBuilder::new(
            "INSERT INTO client_standing (client_id, uid, at, treatment, model, prediction, high_risk, ltv, \
             at_risk, config_version) ",
        );
        upsert.push_values(standings, |mut row, standing| {
            row.push_bind(&standing.client_id)
                .push_bind(standing.uid.hyphenated())
                .push_bind(standing.at)
                .push_bind(standing.treatment.as_str())
                .push_bind(standing.model.as_deref())
                .push_bind(standing.prediction)
                .push_bind(standing.high_risk)
                .push_bind(standing.ltv)
                .push_bind(standing.order())
                .push_bind(standing.config_version.cast_signed());
        });
        // UUIDv7 orders by time: what is relayed late never replaces what is newer.
        upsert.push(
            " ON CONFLICT (client_id) DO UPDATE SET uid = excluded.uid, at = excluded.at, \
             treatment = excluded.treatment, model = excluded.model, prediction = excluded.prediction, \
             high_risk = excluded.high_risk, ltv = excluded.ltv, at_risk = excluded.at_risk, \
             config_version = excluded.config_version WHERE excluded.uid > client_standing.uid",
        );
        let full = standings.len() == ROWS_IN_STATEMENT;
        upsert.build().persistent(full).execute(&mut *transaction).await?;
    }
    Ok(())
}
