//! Values that are kept elsewhere: a setting written as `secret:NAME#field` is read from the secret NAME when
//! the settings are loaded, and again when it rotates. Nothing here prints a value.

mod aws;
mod environment;
mod reference;
mod resolve;
mod rotating;
mod source;
mod text;

pub use aws::AwsSecrets;
pub use environment::EnvironmentSecrets;
pub(crate) use reference::Reference;
pub(crate) use resolve::{Resolved, resolve};
pub use rotating::Rotating;
pub use source::{SecretError, SecretSource};
