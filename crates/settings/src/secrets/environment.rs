//! Secrets in environment variables, as Kubernetes and docker compose hand them to a process.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;

use super::{SecretError, SecretSource};

const PREFIX: &str = "BELLWETHER_SECRET_";

/// The secret `mail/prod` is the variable `BELLWETHER_SECRET_MAIL_PROD`: a text, or a JSON object of fields.
pub struct EnvironmentSecrets {
    texts: BTreeMap<String, SecretString>,
}

impl EnvironmentSecrets {
    /// The secrets among these variables. They are what they are for as long as the process lives.
    pub fn new(variables: impl Iterator<Item = (String, String)>) -> Self {
        let secrets = variables.filter(|(variable, _)| variable.starts_with(PREFIX));
        Self { texts: secrets.map(|(variable, text)| (variable, text.into())).collect() }
    }
}

impl fmt::Debug for EnvironmentSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.texts.keys()).finish()
    }
}

#[async_trait]
impl SecretSource for EnvironmentSecrets {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        let variable = variable(name);
        let missing = || SecretError::Missing(format!("the variable {variable} is not set"));
        self.texts.get(&variable).cloned().ok_or_else(missing)
    }
}

fn variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    PREFIX.chars().chain(name.chars().map(plain)).collect()
}
