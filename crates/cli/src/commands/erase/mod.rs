//! `bellwether erase --client-id ID`: forgets a client, wherever something is kept of them. What a replica has answered
//! lies in its journal before it reaches the database, so everything is erased twice: at once, and when every replica
//! has written down what it answered before.

mod places;
mod replicas;
mod told;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use bellwether_core::customer::MAX_CLIENT_ID_CHARS;
use bellwether_settings::Settings;
use bellwether_store::Database;
use chrono::{DateTime, Utc};

use crate::args;
use crate::confirm::confirmed;
use crate::embedded::{block_on, opened};
use places::{Keepers, Places};
use replicas::{Standing, Watch};

/// How often replicas are asked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Erases a client. Fails where something may be left of them.
pub(crate) fn run(args: &args::Erase) -> anyhow::Result<ExitCode> {
    let id_is_possible = !args.client_id.is_empty() && args.client_id.chars().count() <= MAX_CLIENT_ID_CHARS;
    ensure!(id_is_possible, "--client-id: expected 1 to {MAX_CLIENT_ID_CHARS} characters");
    if !confirmed(
        "Forget this client: predictions, outcomes, features, emails, sightings and archive?",
        args.yes,
    )? {
        return Ok(ExitCode::FAILURE);
    }
    block_on(async {
        let settings = args.target.settings().await?;
        let database = opened(&settings).await?;
        let outcome = erase(database.as_ref(), &settings, args).await;
        database.close().await;
        let (places, standings) = outcome?;
        let complete =
            places.complete() && standings.iter().all(|(_, standing)| *standing == Standing::Passed);
        if args.json {
            println!("{}", told::as_json(&places, &standings, complete));
        } else {
            told::print(&places, &standings, complete);
        }
        Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

type Standings = Vec<(String, Standing)>;

async fn erase(
    database: &dyn Database,
    settings: &Settings,
    args: &args::Erase,
) -> anyhow::Result<(Places, Standings)> {
    let keepers = Keepers::open(database, settings).await;
    let mut places = Places::default();
    places.erase(&keepers, &args.client_id).await;
    let erased_at = Utc::now();
    let standings = wait(database, settings, erased_at, args.wait).await?;
    places.erase(&keepers, &args.client_id).await;
    Ok((places, standings))
}

/// Waits until no replica is behind the moment, but no longer than `bound`. One that is silent is not waited for.
async fn wait(
    database: &dyn Database,
    settings: &Settings,
    erased_at: DateTime<Utc>,
    bound: Duration,
) -> anyhow::Result<Standings> {
    let watch = Watch { erased_at, heartbeat: Duration::from_secs(settings.replicas.heartbeat_seconds) };
    let bar = indicatif::ProgressBar::new_spinner();
    bar.enable_steady_tick(LOOK_EVERY);
    let begun = tokio::time::Instant::now();
    loop {
        let reports = database.replicas(settings.environment.as_str()).await?;
        let now = Utc::now();
        let standings: Standings =
            reports.iter().map(|report| (report.replica.clone(), watch.standing(report, now))).collect();
        let behind = standings.iter().filter(|(_, standing)| *standing == Standing::Behind).count();
        if behind == 0 || begun.elapsed() >= bound {
            bar.finish_and_clear();
            return Ok(standings);
        }
        bar.set_message(format!(
            "{behind} of {} replicas have still to write down what they answered",
            reports.len()
        ));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
