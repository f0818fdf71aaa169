//! The service that takes jobs and sends the prediction emails.
