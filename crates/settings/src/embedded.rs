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
        load(self.soft(), self.fixed(), file, variables).await
    }

    /// The settings of the console that looks after both environments in `data`, whose apis listen on these ports
    /// of 127.0.0.1: where the system chose them, they are known once the apis are started. The console has prod's
    /// mail, archive and log, and calls the apis by `auth.token`, where there is one. Port 0 lets the system choose
    /// the console's.
    ///
    /// # Errors
    /// [`Problems`] in the variables or the file they name.
    pub async fn console(
        data: &Path,
        prod_port: u16,
        stage_port: u16,
        admin_port: u16,
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Settings, Problems> {
        let of = |environment, port| Self { data: data.to_owned(), environment, port };
        let (prod, stage) = (of(Environment::Prod, prod_port), of(Environment::Stage, stage_port));
        let variables: Vec<_> = variables.collect();
        let token = variables.iter().find(|(name, _)| *name == format!("{PREFIX}AUTH__TOKEN"));
        let mut soft = prod.soft();
        let mut fixed = prod.fixed();
        fixed.push(("CONSOLE__BIND".to_owned(), format!("127.0.0.1:{admin_port}")));
        for environment in [&prod, &stage] {
            let key = |name: &str| {
                format!("ENVIRONMENTS__{}__{name}", environment.environment.as_str().to_uppercase())
            };
            fixed.push((key("DATABASE__URL"), environment.database_url()));
            fixed.push((key("DATABASE__USER"), String::new()));
            fixed.push((key("DATABASE__PASSWORD"), String::new()));
            fixed.push((key("REDIS__URL"), String::new()));
            fixed.push((key("API__URL"), format!("http://127.0.0.1:{}", environment.port)));
            soft.extend(token.map(|(_, token)| (key("API__TOKEN"), token.clone())));
        }
        load(soft, fixed, file, variables.into_iter()).await
    }

    /// What an operator cannot set otherwise.
    fn fixed(&self) -> Vec<(String, String)> {
        let folder = self.folder();
        let fixed = [
            ("ENVIRONMENT", self.environment.as_str().to_owned()),
            ("SERVER__BIND", format!("127.0.0.1:{}", self.port)),
            ("WORKER__BIND", String::new()),
            ("REDIS__URL", String::new()),
            ("DATABASE__URL", self.database_url()),
            ("JOURNAL__PATH", folder.join("journal.sqlite").display().to_string()),
            ("QUEUE__PATH", folder.join("queue.sqlite").display().to_string()),
            ("ARCHIVE__URL", format!("file://{}", absolute(&folder.join("archive")).display())),
        ];
        fixed.map(|(key, value)| (key.to_owned(), value)).into()
    }

    /// What holds where an operator sets nothing else.
    fn soft(&self) -> Vec<(String, String)> {
        // Mail of the two environments must not mix.
        let outbox = match self.environment {
            Environment::Stage => "outbox-stage",
            Environment::Local | Environment::Prod => "outbox",
        };
        let soft = [
            ("AUTH__MODE", "off".to_owned()),
            // The same after a restart, even where the process before was killed.
            ("REPLICA", "up".to_owned()),
            ("SMTP__URL", format!("file://{}", absolute(&self.data.join(outbox)).display())),
            ("LOG__FORMAT", "text".to_owned()),
            ("LOG__LEVEL", "warn".to_owned()),
        ];
        soft.map(|(key, value)| (key.to_owned(), value)).into()
    }

    fn database_url(&self) -> String {
        format!("sqlite://{}", self.folder().join("bellwether.sqlite").display())
    }
}

/// The variables between what is soft and what is fixed; both are named without their prefix.
async fn load(
    soft: Vec<(String, String)>,
    fixed: Vec<(String, String)>,
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Settings, Problems> {
    let named = |list: Vec<(String, String)>| -> Vec<(String, String)> {
        list.into_iter().map(|(key, value)| (format!("{PREFIX}{key}"), value)).collect()
    };
    let (fixed, soft) = (named(fixed), named(soft));
    let given = variables.filter(|(name, _)| !fixed.iter().any(|(fixed, _)| fixed == name));
    // Later ones win.
    load_from(file, soft.into_iter().chain(given).chain(fixed.clone())).await
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
