//! `bellwether doctor`: checks what a start would meet, all of it, and says what is wrong.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use bellwether_engines::{archive, database};
use bellwether_settings::Settings;

use crate::args::Target;
use crate::embedded::block_on;

/// Prints a line a check, and answers failure if one fails.
pub(crate) fn run(target: &Target) -> anyhow::Result<ExitCode> {
    block_on(async {
        let mut report = Report::default();
        match target.settings().await {
            Ok(settings) => check(&settings, &mut report).await,
            Err(error) => report.add("settings", Err(error)),
        }
        Ok(report.code())
    })
}

async fn check(settings: &Settings, report: &mut Report) {
    report.add("settings", Ok(format!("environment {}", settings.environment.as_str())));
    bundles(settings, report).await;
    report.add("server.bind", port(settings));
    for (key, path) in [("journal.path", &settings.journal.path), ("queue.path", &settings.queue.path)] {
        report.add(key, writable(path.parent().unwrap_or(Path::new("."))));
    }
    report.add("archive.url", archive_works(settings).await);
    report.add("database.url", database_works(settings).await);
    report.add("smtp.url", mail_works(settings).await);
}

#[derive(Default)]
struct Report {
    failed: u32,
}

impl Report {
    fn add(&mut self, what: &str, outcome: anyhow::Result<String>) {
        match outcome {
            Ok(found) => println!("ok    {what}: {found}"),
            Err(error) => {
                self.failed += 1;
                println!("WRONG {what}: {error:#}");
            }
        }
    }

    fn code(&self) -> ExitCode {
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

async fn bundles(settings: &Settings, report: &mut Report) {
    let folder = &settings.models.path;
    let bundles = match bellwether_engines::fetched_models(settings).await {
        Ok(models) => models.scan().with_context(|| format!("`{}` cannot be read", folder.display())),
        Err(error) => Err(error),
    };
    match bundles {
        Err(error) => report.add("models.path", Err(error)),
        Ok(bundles) if bundles.is_empty() => {
            report.add("models.path", Err(anyhow::anyhow!("`{}` holds no bundle", folder.display())));
        }
        Ok(bundles) => {
            for (uid, bundle) in bundles {
                let outcome = bundle.map(|bundle| {
                    let rows = bundle.manifest().parity.len();
                    format!("verified, {rows} parity rows reproduced")
                });
                report.add(&format!("bundle {uid}"), outcome.map_err(anyhow::Error::msg));
            }
        }
    }
}

fn port(settings: &Settings) -> anyhow::Result<String> {
    let bind = settings.server.bind;
    std::net::TcpListener::bind(bind).with_context(|| format!("{bind} cannot be bound"))?;
    Ok(format!("{bind} is free"))
}

/// Whether files can be made in a folder; makes the folder if need be, as a start would.
fn writable(folder: &Path) -> anyhow::Result<String> {
    let cannot = || format!("`{}` cannot be written", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    let probe = folder.join(".bellwether-doctor");
    std::fs::write(&probe, b"").with_context(cannot)?;
    std::fs::remove_file(&probe).with_context(cannot)?;
    Ok(format!("`{}` can be written", folder.display()))
}

/// Whether the archive can be used, as far as can be told without leaving something in it.
async fn archive_works(settings: &Settings) -> anyhow::Result<String> {
    if let Some(folder) = settings.archive.url.strip_prefix("file://") {
        return writable(Path::new(folder));
    }
    let Some(archive) = archive(settings)? else { return Ok("there is none".to_owned()) };
    let listed = archive.list(settings.environment.as_str(), None).await;
    listed.map_err(|error| anyhow::anyhow!(error.reason()))?;
    Ok(format!("`{}` can be listed", settings.archive.url))
}

async fn database_works(settings: &Settings) -> anyhow::Result<String> {
    let database = database(settings).await?;
    let environment = settings.environment.as_str();
    let live = database.live(environment).await.context("it cannot be asked; run `bellwether migrate`")?;
    let live =
        live.with_context(|| format!("it has no config for `{environment}`; run `bellwether migrate`"))?;
    database.close().await;
    let live = live.readable()?;
    Ok(format!("config version {} of {environment} is live", live.version))
}

async fn mail_works(settings: &Settings) -> anyhow::Result<String> {
    let mailer = bellwether_mail::mailer(&bellwether_worker::email_options(settings).mail(), 1)?;
    mailer.check().await?;
    Ok("mail can be handed over".to_owned())
}
