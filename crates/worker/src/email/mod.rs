//! An email about a prediction, or about those at high risk: what it says (`content`, `digest`), and how it is written down (`message`). What carries it is
//! in `bellwether-mail`; when and how often it is tried is the job's affair, and how an outage is waited out (`outage`).

mod content;
mod digest;
mod message;
mod outage;

pub use content::Content;
pub use digest::DigestContent;
pub use message::{digest_letter, letter};
pub use outage::Outage;
