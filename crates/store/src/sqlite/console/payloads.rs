//! Golden payloads in SQLite, read.

use async_trait::async_trait;

use crate::StoreError;
use crate::console::{GoldenPayload, GoldenPayloads};
use crate::sql::GoldenPayloadRow;
use crate::sqlite::Sqlite;

#[async_trait]
impl GoldenPayloads for Sqlite {
    async fn payloads(&self) -> Result<Vec<GoldenPayload>, StoreError> {
        let rows: Vec<GoldenPayloadRow> = sqlx::query_as(
            "SELECT name, payload, expected_high_risk, author, updated_at FROM golden_payloads ORDER BY name",
        )
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(GoldenPayload::try_from).collect()
    }
}
