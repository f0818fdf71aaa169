//! An email about a prediction: what it says (`content`), and how it is written down (`message`). What carries it is
//! in `bellwether-mail`; when and how often it is tried is the job's affair, and how an outage is waited out (`outage`).

mod content;
mod message;
mod outage;

pub use content::Content;
pub use message::letter;
pub use outage::Outage;
