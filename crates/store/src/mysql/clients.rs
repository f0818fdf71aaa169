//! Clients in MySQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value};
use sqlx::QueryBuilder;

use super::Mysql;
use super::lease::Lease;
use crate::sql::{features, features_text};
use crate::{ClientRow, Clients, StoreError};

/// Rows in one statement.
const ROWS_IN_STATEMENT: usize = 100;

#[async_trait]
impl Clients for Mysql {
    async fn ltv(&self, client_id: &str) -> Result<Option<f64>, StoreError> {
        let ltv = sqlx::query_scalar("SELECT ltv FROM client_ltv WHERE client_id = ?").bind(client_id);
        Ok(ltv.fetch_optional(self).await?)
    }

    async fn all_ltv(&self, limit: u32) -> Result<Vec<(String, f64)>, StoreError> {
        let ltv = sqlx::query_as("SELECT client_id, ltv FROM client_ltv ORDER BY client_id LIMIT ?");
        Ok(ltv.bind(limit).fetch_all(self).await?)
    }

    async fn features(&self, client_id: &str) -> Result<Option<Map<String, Value>>, StoreError> {
        let json: Option<String> =
            sqlx::query_scalar("SELECT CAST(features AS CHAR) FROM client_features WHERE client_id = ?")
                .bind(client_id)
                .fetch_optional(self)
                .await?;
        json.as_deref().map(features).transpose()
    }

    async fn upsert(&self, rows: &[ClientRow]) -> Result<u64, StoreError> {
        // Of a client that comes twice the last row counts. In order, so that two who write the same clients
        // wait for one another instead of colliding.
        let by_id: BTreeMap<&str, &ClientRow> =
            rows.iter().map(|row| (row.client_id.as_str(), row)).collect();
        let texts = by_id.values().map(|row| Ok((*row, features_text(row)?)));
        let texts = &texts.collect::<Result<Vec<_>, StoreError>>()?;
        self.retried(|| async move {
            let mut transaction = self.begin().await?;
            for rows in texts.chunks(ROWS_IN_STATEMENT) {
                upsert_features(&mut transaction, rows).await?;
                upsert_ltv(&mut transaction, rows).await?;
                forget_ltv(&mut transaction, rows).await?;
            }
            transaction.commit().await
        })
        .await?;
        Ok(rows.len() as u64)
    }

    async fn sample_ids(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let ids = sqlx::query_scalar("SELECT client_id FROM client_features ORDER BY client_id LIMIT ?");
        Ok(ids.bind(limit).fetch_all(self).await?)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM client_features").fetch_one(self).await?;
        Ok(count.cast_unsigned())
    }

    async fn erase_features(&self, client_id: &str) -> Result<bool, StoreError> {
        let erased = self.retried(|| async move {
            let mut transaction = self.begin().await?;
            let mut erased = 0;
            for statement in [
                "DELETE FROM client_features WHERE client_id = ?",
                "DELETE FROM client_ltv WHERE client_id = ?",
            ] {
                let erase = sqlx::query(statement).bind(client_id);
                erased += erase.execute(&mut transaction).await?.rows_affected();
            }
            transaction.commit().await?;
            Ok(erased)
        });
        Ok(erased.await? > 0)
    }
}

async fn upsert_features(transaction: &mut Lease, rows: &[(&ClientRow, String)]) -> Result<(), sqlx::Error> {
    let mut upsert = QueryBuilder::new("INSERT INTO client_features (client_id, features) ");
    upsert.push_values(rows, |mut row, (client, features)| {
        row.push_bind(&client.client_id).push_bind(features);
    });
    upsert.push(" ON DUPLICATE KEY UPDATE features = VALUES(features)");
    let full = rows.len() == ROWS_IN_STATEMENT;
    upsert.build().persistent(full).execute(transaction).await?;
    Ok(())
}

/// Writes the values that are known.
async fn upsert_ltv(transaction: &mut Lease, rows: &[(&ClientRow, String)]) -> Result<(), sqlx::Error> {
    let known: Vec<_> =
        rows.iter().filter_map(|(client, _)| Some((&client.client_id, client.ltv?))).collect();
    if known.is_empty() {
        return Ok(());
    }
    let mut upsert = QueryBuilder::new("INSERT INTO client_ltv (client_id, ltv) ");
    upsert.push_values(&known, |mut row, (client_id, ltv)| {
        row.push_bind(*client_id).push_bind(*ltv);
    });
    upsert.push(" ON DUPLICATE KEY UPDATE ltv = VALUES(ltv)");
    let full = known.len() == ROWS_IN_STATEMENT;
    upsert.build().persistent(full).execute(transaction).await?;
    Ok(())
}

/// Forgets the values that are not known any more.
async fn forget_ltv(transaction: &mut Lease, rows: &[(&ClientRow, String)]) -> Result<(), sqlx::Error> {
    let unknown: Vec<_> = rows.iter().filter(|(client, _)| client.ltv.is_none()).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let mut forget = QueryBuilder::new("DELETE FROM client_ltv WHERE client_id IN (");
    let mut ids = forget.separated(", ");
    for (client, _) in unknown {
        ids.push_bind(&client.client_id);
    }
    ids.push_unseparated(")");
    forget.build().persistent(false).execute(transaction).await?;
    Ok(())
}
