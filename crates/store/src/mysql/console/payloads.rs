//! Golden payloads in MySQL, read.

use async_trait::async_trait;

use crate::StoreError;
use crate::console::{GoldenPayload, GoldenPayloads};
use crate::mysql::Mysql;
use crate::sql::GoldenPayloadRow;

#[async_trait]
impl GoldenPayloads for Mysql {
    async fn payloads(&self) -> Result<Vec<GoldenPayload>, StoreError> {
        let rows: Vec<GoldenPayloadRow> = sqlx::query_as(
            "SELECT name, payload, expected_high_risk, author, updated_at FROM golden_payloads ORDER BY name",
        )
        .fetch_all(self)
        .await?;
        rows.into_iter().map(GoldenPayload::try_from).collect()
    }
}
