//! Which system a command is about: the one that the settings name, or an embedded one in a folder.

use anyhow::{Context as _, ensure};
use bellwether_core::config::{ConfigDocument, Origin, Provenance};
use bellwether_settings::{Embedded, Environment, Settings};
use bellwether_store::{Database, NewConfigVersion, SharedDatabase, StoredVersion};
use chrono::Utc;

use crate::args::Target;

impl Target {
    /// The settings of the system meant; of an embedded one, those of prod.
    ///
    /// # Errors
    /// Every problem in them.
    pub(crate) async fn settings(&self) -> anyhow::Result<Settings> {
        let Some(data) = &self.data_dir else { return Ok(bellwether_settings::load().await?) };
        let embedded = Embedded { data: data.clone(), environment: Environment::Prod, port: 8000 };
        embedded_settings(&embedded).await
    }

    /// The settings of the system whose database holds the console's people and its audit log: prod's, where
    /// the settings name environments.
    ///
    /// # Errors
    /// Every problem in them.
    pub(crate) async fn console_settings(&self) -> anyhow::Result<Settings> {
        let settings = self.settings().await?;
        let looks_in = self.data_dir.is_none() && settings.environments.prod.is_given();
        Ok(if looks_in { settings.within(Environment::Prod) } else { settings })
    }
}

/// The settings of one embedded environment, with the process's variables on top.
pub(crate) async fn embedded_settings(embedded: &Embedded) -> anyhow::Result<Settings> {
    let file = std::env::var_os("BELLWETHER_SETTINGS");
    Ok(embedded.settings(file.as_deref().map(std::path::Path::new), std::env::vars()).await?)
}

/// Opens the database of a system that is there: one that was never migrated, or not by this build, is refused.
pub(crate) async fn opened(settings: &Settings) -> anyhow::Result<SharedDatabase> {
    let database = bellwether_engines::database(settings).await?;
    let name = settings.name_of("database");
    let migrated = database.is_migrated().await.with_context(|| format!("{name}.url cannot be asked"))?;
    ensure!(migrated, "{name}.url: the database is not migrated; run `bellwether migrate`");
    Ok(database)
}

/// Brings a database up to date, and writes config version 1 where there is none: the first bundle of
/// the folder answers everyone. Answers the newest version, which may be unreadable: that is for those to
/// refuse who would use it, and no reason not to start.
pub(crate) async fn migrate(database: &dyn Database, settings: &Settings) -> anyhow::Result<StoredVersion> {
    database.migrate().await.context("the database cannot be migrated")?;
    database.prepare_days(Utc::now()).await.context("the log's days cannot be prepared")?;
    let environment = settings.environment.as_str();
    if let Some(live) = database.live(environment).await? {
        return Ok(live);
    }
    let models = bellwether_engines::fetched_models(settings).await?;
    let bundles = tokio::task::spawn_blocking(move || models.scan()).await?;
    let folder = settings.models.path.display();
    let bundles = bundles.with_context(|| format!("models.path: the folder `{folder}` cannot be read"))?;
    let first = bundles.iter().find(|(_, bundle)| bundle.is_ok()).map(|(uid, _)| uid);
    let first =
        first.with_context(|| format!("models.path: `{folder}` holds no bundle that can be served"))?;
    let new = NewConfigVersion {
        environment: environment.to_owned(),
        parent: None,
        document: ConfigDocument::initial(first),
        author: "bellwether migrate".to_owned(),
        reason: "the first version: one model answers everyone".to_owned(),
        created_at: Utc::now(),
        provenance: Some(Provenance::of(Origin::Initial)),
        stage_report: None,
    };
    Ok(database.append(new).await?.into())
}

/// Runs a command's async part.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new().context("the runtime cannot start")?.block_on(work)
}
