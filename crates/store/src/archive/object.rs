//! What an object is: where its records' hour puts it, and how its lines are compressed.

use std::collections::BTreeMap;

use bellwether_core::prediction::LogRecord;
use chrono::NaiveDate;
use tokio::task::spawn_blocking;

/// zstd's own default: records shrink to about a tenth at some 200 MB/s.
const COMPRESSION_LEVEL: i32 = 3;

/// What every object's name ends in.
pub(super) const ENDING: &str = ".ndjson.zst";

/// Records by the folder of their hour: `<environment>/dt=YYYY-MM-DD/hour=HH`.
pub(super) fn by_hour<'a, T>(
    records: impl IntoIterator<Item = &'a T>,
    record: impl Fn(&T) -> &LogRecord,
) -> BTreeMap<String, Vec<&'a T>> {
    let mut hours: BTreeMap<String, Vec<&'a T>> = BTreeMap::new();
    for item in records {
        let LogRecord { environment, logging_timestamp, .. } = record(item);
        let folder = format!("{environment}/{}", logging_timestamp.format("dt=%Y-%m-%d/hour=%H"));
        hours.entry(folder).or_default().push(item);
    }
    hours
}

/// The day an object belongs to; none for a key that is not of the archive's making.
pub(super) fn day_of(key: &str) -> Option<NaiveDate> {
    let day = key.split('/').find_map(|part| part.strip_prefix("dt="))?;
    day.parse().ok()
}

/// Compresses lines; an error says why in words.
pub(super) async fn compressed(lines: Vec<u8>) -> Result<Vec<u8>, String> {
    let work = spawn_blocking(move || zstd::encode_all(lines.as_slice(), COMPRESSION_LEVEL));
    let done = work.await.map_err(|error| error.to_string())?;
    done.map_err(|error| format!("cannot be compressed: {error}"))
}

/// The lines of an object's bytes; an error says why in words.
pub(super) async fn decompressed(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let work = spawn_blocking(move || zstd::decode_all(bytes.as_slice()));
    let done = work.await.map_err(|error| error.to_string())?;
    done.map_err(|error| format!("cannot be decompressed: {error}"))
}

/// The lines that are not empty, each without its end.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}
