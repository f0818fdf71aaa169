//! Engines that live in the process's memory and forget everything when it ends.

mod sightings;

pub use sightings::MemorySightings;
