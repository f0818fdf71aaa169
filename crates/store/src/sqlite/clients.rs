//! Clients in SQLite.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::Sqlite;
use crate::sql::{features, features_text};
use crate::{ClientRow, Clients, StoreError};

#[async_trait]
impl Clients for Sqlite {
    async fn ltv(&self, client_id: &str) -> Result<Option<f64>, StoreError> {
        Ok(sqlx::query_scalar("SELECT ltv FROM client_ltv WHERE client_id = ?")
            .bind(client_id)
            .fetch_optional(self.readers())
            .await?)
    }

    async fn all_ltv(&self, limit: u32) -> Result<Vec<(String, f64)>, StoreError> {
        Ok(sqlx::query_as("SELECT client_id, ltv FROM client_ltv ORDER BY client_id LIMIT ?")
            .bind(limit)
            .fetch_all(self.readers())
            .await?)
    }

    async fn features(&self, client_id: &str) -> Result<Option<Map<String, Value>>, StoreError> {
        let json: Option<String> =
            sqlx::query_scalar("SELECT features FROM client_features WHERE client_id = ?")
                .bind(client_id)
                .fetch_optional(self.readers())
                .await?;
        json.as_deref().map(features).transpose()
    }

    async fn upsert(&self, rows: &[ClientRow]) -> Result<u64, StoreError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        for row in rows {
            sqlx::query(
                "INSERT INTO client_features (client_id, features) VALUES (?, ?)
                 ON CONFLICT (client_id) DO UPDATE SET features = excluded.features",
            )
            .bind(&row.client_id)
            .bind(features_text(row)?)
            .execute(&mut *transaction)
            .await?;
            let ltv = match row.ltv {
                Some(ltv) => sqlx::query(
                    "INSERT INTO client_ltv (client_id, ltv) VALUES (?, ?)
                     ON CONFLICT (client_id) DO UPDATE SET ltv = excluded.ltv",
                )
                .bind(&row.client_id)
                .bind(ltv),
                None => sqlx::query("DELETE FROM client_ltv WHERE client_id = ?").bind(&row.client_id),
            };
            ltv.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }

    async fn sample_ids(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT client_id FROM client_features ORDER BY client_id LIMIT ?")
            .bind(limit)
            .fetch_all(self.readers())
            .await?)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM client_features").fetch_one(self.readers()).await?)
    }

    async fn erase_features(&self, client_id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        let mut erased = 0;
        for statement in
            ["DELETE FROM client_features WHERE client_id = ?", "DELETE FROM client_ltv WHERE client_id = ?"]
        {
            erased +=
                sqlx::query(statement).bind(client_id).execute(&mut *transaction).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(erased > 0)
    }
}
