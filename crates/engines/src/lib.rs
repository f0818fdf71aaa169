//! From settings to open engines: which database, queue, sightings and archive the settings name. The one
//! place that knows every engine; services and commands hold traits.

mod archive;
mod database;
mod queue;

pub use archive::archive;
pub use database::database;
pub use queue::queue;
