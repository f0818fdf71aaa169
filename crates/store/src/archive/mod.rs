//! The archive: every prediction once more, as compressed NDJSON objects by hour.
