//! Payloads of `model_logs`.

use bellwether_core::prediction::LogRecord;

use crate::StoreError;

/// Records as the column `input_output_payloads` holds them.
pub(crate) fn payloads(records: &[LogRecord]) -> Result<Vec<String>, StoreError> {
    let payloads = records.iter().map(serde_json::to_string).collect::<Result<_, _>>();
    payloads.map_err(|error| StoreError::Refused(Box::new(error)))
}

/// A record, from its payload.
pub(crate) fn record(payload: &str) -> Result<LogRecord, StoreError> {
    serde_json::from_str(payload).map_err(|error| {
        // serde's message may quote a value, which is client data: its place has to do.
        let place = format!("line {} column {}", error.line(), error.column());
        StoreError::corrupt("a payload in model_logs", place)
    })
}
