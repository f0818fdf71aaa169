//! Engines that live in the process's memory and forget everything when it ends.

mod config_changes;
mod sightings;

pub use config_changes::MemoryConfigChanges;
pub use sightings::MemorySightings;
