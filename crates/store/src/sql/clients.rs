//! What `client_features` holds of a client.

use serde_json::{Map, Value};

use crate::{ClientRow, StoreError};

/// Features, from their column.
pub(crate) fn features(json: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(json)
        .map_err(|_| StoreError::corrupt("a row of client_features", "not a JSON object"))
}

/// Features as their column holds them.
pub(crate) fn features_text(client: &ClientRow) -> Result<String, StoreError> {
    serde_json::to_string(&client.features).map_err(|error| StoreError::Refused(Box::new(error)))
}
