//! What is known of clients beside their predictions: features and lifetime value.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::StoreError;

/// One client's row.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientRow {
    /// Who it is.
    pub client_id: String,
    /// Lifetime value, finite; `None` where unknown.
    pub ltv: Option<f64>,
    /// Raw inputs by name, as a request would give them.
    pub features: Map<String, Value>,
}

/// The tables `client_features` and `client_ltv`.
#[async_trait]
pub trait Clients: Send + Sync {
    /// A client's lifetime value, if known.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn ltv(&self, client_id: &str) -> Result<Option<f64>, StoreError>;

    /// Up to `limit` known lifetime values, by client id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn all_ltv(&self, limit: u32) -> Result<Vec<(String, f64)>, StoreError>;

    /// A client's raw features, if known.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the row cannot be read.
    async fn features(&self, client_id: &str) -> Result<Option<Map<String, Value>>, StoreError>;

    /// Replaces these clients' rows whole, in one transaction: an `ltv` of `None` forgets an earlier one.
    /// Answers how many clients were written.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where a row can never be stored; nothing is stored then.
    async fn upsert(&self, rows: &[ClientRow]) -> Result<u64, StoreError>;

    /// The first `limit` client ids with features, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn sample_ids(&self, limit: u32) -> Result<Vec<String>, StoreError>;

    /// How many clients have features.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn count(&self) -> Result<u64, StoreError>;

    /// Forgets a client's features and lifetime value; answers whether there were any.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn erase_features(&self, client_id: &str) -> Result<bool, StoreError>;
}
