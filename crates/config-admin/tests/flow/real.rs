//! The whole way with real apis of both environments, on both kinds of database.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::change::{CheckName, ProposalState};
use bellwether_store::archive::{ArchiveStore as _, FolderArchive};
use bellwether_store::console::{AuditEntry, verify_audit};
use bellwether_store::mysql::{Mysql, MysqlOptions};
use bellwether_store::{LoginDetails, PredictionLog, SharedDatabase};
use bellwether_testkit::wait::until;
use bellwether_testkit::{http, mariadb};
use serde_json::{Value, json};

use crate::apis::{RealApi, models};
use crate::world::{PATIENCE, Plan, World, approver, check, editor, found, report, unwatched};

/// A bundle's own inputs.
fn inputs(count: usize) -> Vec<Value> {
    let manifest = std::fs::read_to_string(models().join(crate::apis::MODEL).join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let rows = manifest["parity"].as_array().unwrap().iter();
    let inputs = rows.map(|row| row["input"].clone()).filter(|input| input != &json!({}));
    inputs.take(count).collect()
}

async fn predict(url: &str, body: &Value) -> Value {
    let sent = http::client().post(format!("{url}/predict")).json(body).send().await.unwrap();
    let status = sent.status();
    let text = sent.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Proposes 0.70, has it tried, promotes it, sees it done and answered by, and reverts to nothing else.
async fn goes_all_the_way(plan: Plan) {
    let stage_database = plan.stage.clone().unwrap();
    let prod_database = plan.prod.clone().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stage_changes = Arc::new(bellwether_store::memory::MemoryConfigChanges::default());
    let prod_changes = Arc::new(bellwether_store::memory::MemoryConfigChanges::default());
    for (database, environment) in [(&stage_database, "stage"), (&prod_database, "prod")] {
        let document = bellwether_core::config::ConfigDocument::initial(crate::apis::MODEL);
        database.append(crate::world::version(environment, None, document)).await.unwrap();
    }
    let stage = RealApi::start("stage", &stage_database, stage_changes.clone(), folder.path()).await;
    let prod = RealApi::start("prod", &prod_database, prod_changes.clone(), folder.path()).await;
    let world = World::new(Plan {
        stage_api: stage.url.clone(),
        prod_api: prod.url.clone(),
        changes: Some((stage_changes, prod_changes)),
        ..plan
    })
    .await;
    world.run();
    for (at, input) in inputs(30).iter().enumerate() {
        let mut body = input.clone();
        body["client_id"] = json!(format!("client-{}", at % 20));
        let answer = predict(&prod.url, &body).await;
        assert_eq!(answer["config_version"], 1);
        assert!(answer.get("trial").is_none(), "a client is told no particulars");
    }
    until("production has logged them", PATIENCE, async || {
        PredictionLog::count(&*world.prod).await.unwrap() == 30
    })
    .await;
    until("staging can be chosen from", PATIENCE, async || {
        world.console.models().await.iter().any(|model| model.loadable && model.in_prod)
    })
    .await;

    let proposal = world.passed(0.7).await;
    let tried = report(&proposal);
    assert!(check(&proposal, CheckName::Golden).summary.starts_with("113 parity rows"), "{tried:#?}");
    let replay = tried.replay.as_ref().unwrap();
    assert_eq!((replay.inputs, replay.clients, replay.errors), (30, 20, 0));
    assert_eq!(replay.before.counts, replay.after.counts, "another cutoff moves no score");

    let begun = std::time::Instant::now();
    world.console.promote(&approver(), proposal.id, proposal.revision, unwatched()).await.unwrap();
    until("production answers by it", Duration::from_secs(5), async || {
        predict(&prod.url, &inputs(1)[0]).await["config_version"] == 2
    })
    .await;
    println!("production answered by the new version {:?} after the promotion began", begun.elapsed());
    world.ends(proposal.id, |state| state == ProposalState::Done).await;
    let overview = world.console.overview().await;
    assert_eq!((overview.prod.synced(), overview.prod.replicas.len()), (1, 1));
    assert_eq!(overview.differences, []);
    assert!(verify_audit(&*world.prod).await.is_ok());
    is_archived(&world).await;

    // A cutoff so low that more flip than nobody, where nobody may.
    let rising = world.console.propose(&editor(), world.draft(0.1).await).await.unwrap();
    let rising = world.try_out(&rising).await;
    let flips = found(&rising, CheckName::Replay);
    assert!(flips.contains("`high_risk` changes for"), "{flips}");
}

/// Every line of the audit log is in the archive as it is in the log.
async fn is_archived(world: &World) {
    let lines = world.prod.lines(0, 1_000).await.unwrap();
    let last = lines.last().unwrap().seq;
    until("the archive has them all", PATIENCE, async || world.prod.archived_up_to().await.unwrap() >= last)
        .await;
    let archive = FolderArchive::new(world.folder.path().join("archive"));
    for line in lines {
        let key = format!("audit/dt={}/{:012}.json", line.at.format("%Y-%m-%d"), line.seq);
        let object = archive.get(&key).await.unwrap().unwrap_or_else(|| panic!("{key}"));
        assert_eq!(serde_json::from_slice::<AuditEntry>(&object).unwrap(), line);
    }
}

fn plan(stage: SharedDatabase, prod: SharedDatabase) -> Plan {
    let settings = Box::new(|settings: &mut bellwether_settings::Console| {
        settings.acknowledge_seconds = 60;
        settings.replay_max_flip_percent = 50;
        // A debug build under the load of other tests.
        settings.replay_max_p99_milliseconds = 10_000;
        settings.call_timeout_seconds = 20;
    });
    Plan { stage: Some(stage), prod: Some(prod), settings, ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_goes_from_its_proposal_to_production_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |name: &str| {
        let file = folder.path().join(name);
        let options = bellwether_store::sqlite::SqliteOptions::default();
        let database =
            bellwether_store::sqlite::Sqlite::connect(file.to_str().unwrap(), options).await.unwrap();
        let database: SharedDatabase = Arc::new(database);
        database.migrate().await.unwrap();
        database
    };
    let (stage, prod) = (open("stage").await, open("prod").await);
    goes_all_the_way(plan(stage, prod)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_goes_from_its_proposal_to_production_on_mariadb() {
    bellwether_testkit::tls_provider();
    let open = async || {
        let login = Arc::new(LoginDetails::of_url(mariadb::fresh_database().await));
        let database: SharedDatabase =
            Arc::new(Mysql::connect(login, MysqlOptions::default()).await.unwrap());
        database.migrate().await.unwrap();
        database.prepare_days(chrono::Utc::now()).await.unwrap();
        database
    };
    let (stage, prod) = (open().await, open().await);
    goes_all_the_way(plan(stage, prod)).await;
}
