//! The service that takes jobs and sends the prediction emails.
//!
//! Start reading at [`startup`], which lists every job. `email/` renders, `bellwether-mail` sends; a job has a file named
//! after it; `digest` says whom the daily list holds, and when it is due; `housekeeping` forgets old jobs and reports how many there are.

mod condition;
mod digest;
pub mod email;
mod housekeeping;
mod http;
mod retention;
mod send_prediction_email;
mod service;
pub mod startup;
mod verdict;

pub use condition::Condition;
pub use digest::{DigestSchedule, DigestSource};
pub use http::Endpoints;
pub use send_prediction_email::{SendPredictionEmailJob, Sending};
pub use service::email_options;
