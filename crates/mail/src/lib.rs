//! How an email is written down (`draft`, `addresses`) and handed over (`smtp`, `folder`). What it says, when it is
//! tried and how often belongs to those who send it.

mod addresses;
mod draft;
mod folder;
mod letter;
mod mailer;
mod post;
mod smtp;
mod smtp_url;

pub use addresses::AddressBook;
pub use draft::Draft;
pub use folder::FolderMailer;
pub use letter::{Letter, MessageError};
/// An email address, as letters name them.
pub use lettre::Address;
pub use mailer::{MailOptions, Mailer, MailerError, Outcome, SendError, mailer};
pub use post::{Post, PostError};
pub use smtp::SmtpMailer;
