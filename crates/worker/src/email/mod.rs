//! An email about a prediction: what it says (`content`), how it is written down (`message`), and what
//! carries it (`smtp`, `folder`). When and how often it is tried is the job's affair.

mod content;
mod folder;
mod mailer;
mod message;
mod outage;
mod smtp;
mod smtp_url;

pub use content::Content;
pub use folder::FolderMailer;
pub use mailer::{Letter, Mailer, MailerError, Outcome, SendError, mailer};
pub use message::{AddressBook, MessageError};
pub use outage::Outage;
pub use smtp::SmtpMailer;
