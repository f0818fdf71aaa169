//! The settings of `bellwether up`: everything in one folder, on loopback, and what an operator sets in
//! the environment (mail server, log level, token) on top.

use std::path::{Path, PathBuf};

use crate::load::{PREFIX, Problems, load_from};
use crate::{Environment, Settings};

/// One environment of an embedded system.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// The folder that holds everything.
    pub data: PathBuf,
    /// Which environment.
    pub environment: Environment,
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
}

impl Embedded {
    /// Where this environment keeps its files.
    pub fn folder(&self) -> PathBuf {
        self.data.join(self.environment.as_str())
    }

    /// The settings, with `variables` for what this does not set itself.
    ///
    /// # Errors
    /// [`Problems`] in the variables or the file they name.
    pub async fn settings(
        &self,
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Settings, Problems> {
        let folder = self.folder();
        let fixed = [
            ("ENVIRONMENT", self.environment.as_str().to_owned()),
            ("SERVER__BIND", format!("127.0.0.1:{}", self.port)),
            ("WORKER__BIND", String::new()),
            ("REDIS__URL", String::new()),
            ("DATABASE__URL", format!("sqlite://{}", folder.join("bellwether.sqlite").display())),
            ("JOURNAL__PATH", folder.join("journal.sqlite").display().to_string()),
            ("QUEUE__PATH", folder.join("queue.sqlite").display().to_string()),
            ("ARCHIVE__URL", format!("file://{}", absolute(&folder.join("archive")).display())),
        ];
        // Mail of the two environments must not mix.
        let outbox = match self.environment {
            Environment::Stage => "outbox-stage",
            Environment::Local | Environment::Prod => "outbox",
        };
        let soft = [
            ("AUTH__MODE", "off".to_owned()),
            ("SMTP__URL", format!("file://{}", absolute(&self.data.join(outbox)).display())),
            ("LOG__FORMAT", "text".to_owned()),
            ("LOG__LEVEL", "warn".to_owned()),
        ];
        let named = |list: &[(&str, String)]| -> Vec<(String, String)> {
            list.iter().map(|(key, value)| (format!("{PREFIX}{key}"), value.clone())).collect()
        };
        let (fixed, soft) = (named(&fixed), named(&soft));
        let given = variables.filter(|(name, _)| !fixed.iter().any(|(fixed, _)| fixed == name));
        // Later ones win.
        load_from(file, soft.into_iter().chain(given).chain(fixed.clone())).await
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
