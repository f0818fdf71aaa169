//! What the console is built on: what several services in one process share, and what a test replaces.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bellwether_engines::Absence;
use bellwether_mail::{AddressBook, MailOptions, Post, mailer};
use bellwether_settings::{Environment, Settings};
use bellwether_store::archive::ArchiveStore;
use bellwether_store::{Clock, ConfigChanges, LoginDetails, SharedDatabase, SystemClock};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::console::{Console, ConsoleParts};
use crate::environment::{ApiError, ApiToken, EnvironmentApi, EnvironmentParts};

/// What is open of an environment.
#[derive(Clone)]
pub struct Reached {
    /// Its database.
    pub database: SharedDatabase,
    /// Carries word of its config changes.
    pub changes: Arc<dyn ConfigChanges>,
}

/// What the console is built on.
#[derive(Clone)]
pub struct Parts {
    /// Staging.
    pub stage: Reached,
    /// Production. People, proposals and the audit log are in its database.
    pub prod: Reached,
    /// Where lines of the audit log are kept once more.
    pub archive: Option<Arc<dyn ArchiveStore>>,
    /// Where metrics are told from.
    pub metrics: PrometheusHandle,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Parts {
    /// Opens what the settings name. A server of staging's that cannot be reached is waited for: production has to be
    /// looked after all the same. A staging in SQLite cannot be waited for, since there is no server to come back.
    ///
    /// # Errors
    /// Naming the setting at fault.
    pub async fn open(settings: &Settings, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        settings.complete_for_console()?;
        let (stage, prod) = tokio::try_join!(
            Reached::open(settings, Environment::Stage, Absence::Waited),
            Reached::open(settings, Environment::Prod, Absence::Fatal)
        )?;
        let archive = bellwether_engines::archive(settings)?;
        Ok(Self { stage, prod, archive, metrics, clock: Arc::new(SystemClock) })
    }

    /// The console of these parts.
    pub(crate) fn console(&self, settings: &Settings) -> anyhow::Result<Console> {
        let environment = |environment: Environment, reached: &Reached| -> anyhow::Result<_> {
            let name = environment.as_str();
            Ok(EnvironmentParts {
                environment,
                database: reached.database.clone(),
                changes: reached.changes.clone(),
                api: api(settings, environment).with_context(|| format!("environments.{name}.api.url"))?,
            })
        };
        Ok(Console::new(ConsoleParts {
            stage: environment(Environment::Stage, &self.stage)?,
            prod: environment(Environment::Prod, &self.prod)?,
            settings: settings.console.clone(),
            heartbeat: Duration::from_secs(settings.replicas.heartbeat_seconds),
            archive: self.archive.clone(),
            post: Some(post(settings)?),
            clock: self.clock.clone(),
        }))
    }

    /// Closes what is open.
    pub(crate) async fn close(&self) {
        self.stage.database.close().await;
        self.prod.database.close().await;
    }
}

impl Reached {
    async fn open(settings: &Settings, environment: Environment, absence: Absence) -> anyhow::Result<Self> {
        let inside = settings.within(environment);
        let name = environment.as_str();
        let database = bellwether_engines::migrated_database(&inside, absence)
            .await
            .with_context(|| format!("environments.{name}"))?;
        let redis = bellwether_engines::redis(&inside, absence)
            .await
            .with_context(|| format!("environments.{name}"))?;
        Ok(Self { database, changes: bellwether_engines::config_changes(redis.as_ref()) })
    }
}

/// The api of an environment, with a token that may rotate.
fn api(settings: &Settings, environment: Environment) -> Result<EnvironmentApi, ApiError> {
    let Some(access) = settings.environments.get(environment) else { return Err(ApiError::NotSet) };
    let key = format!("environments.{}.api.token", environment.as_str());
    let token = ApiToken::new(settings.rotating.clone(), key, access.api.token.clone());
    EnvironmentApi::new(&access.api.url, token, Duration::from_secs(settings.console.call_timeout_seconds))
}

/// What carries notices: the mail server that prediction emails go by, too.
fn post(settings: &Settings) -> anyhow::Result<Post> {
    let smtp = &settings.smtp;
    let (url, user, password) = (smtp.url.clone(), smtp.user.clone(), smtp.password.clone());
    let options = MailOptions {
        renewal: bellwether_engines::login::smtp(settings),
        ca_file: (!smtp.ca_file.is_empty()).then(|| PathBuf::from(&smtp.ca_file)),
        ..MailOptions::new(LoginDetails { url, user, password })
    };
    let mailer = mailer(&options, 1).context("smtp.url")?;
    // Notices name their recipients themselves; where nobody has an address, the operator's are told.
    let addresses = AddressBook::new(&smtp.from, &smtp.recipients).context("smtp.from, smtp.recipients")?;
    Ok(Post::new(mailer, addresses, Duration::from_secs(smtp.timeout_seconds)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bellwether_mail::Draft;
    use bellwether_settings::Embedded;

    use super::*;

    #[tokio::test]
    async fn what_names_nobody_goes_to_the_operator_s_recipients() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Embedded::console(folder.path(), 1, 1, 0, None, std::iter::empty()).await.unwrap();
        settings.smtp.recipients = vec!["ops@example.org".to_owned()];
        let draft = Draft {
            uid: uuid::Uuid::nil(),
            environment: "prod".to_owned(),
            to: Vec::new(),
            subject: "a rollback".to_owned(),
            text: "it was rolled back".to_owned(),
            html: None,
        };
        let sent = post(&settings).unwrap().send(draft, SystemClock.now()).await.unwrap();
        assert_eq!(sent.delivered.iter().map(ToString::to_string).collect::<Vec<_>>(), ["ops@example.org"]);
    }
}
