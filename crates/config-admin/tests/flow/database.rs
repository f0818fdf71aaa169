//! The database away at the moment of a promotion: afterwards it was made or it was not, everywhere alike.

use std::sync::Arc;
use std::time::Duration;

use bellwether_config_admin::ConsoleError;
use bellwether_config_admin::console::Bake;
use bellwether_core::change::{Limits, Proposal, ProposalState};
use bellwether_store::console::verify_audit;
use bellwether_store::mysql::{Mysql, MysqlOptions, MysqlTls};
use bellwether_store::{Database as _, LoginDetails, SharedDatabase};
use bellwether_testkit::mariadb::MariaDb;
use bellwether_testkit::wait::until;
use chrono::{TimeDelta, Utc};

use crate::apis::FakeApi;
use crate::flaky::{Flaky, Mode};
use crate::world::{PATIENCE, Plan, World, approver, unwatched};

struct Away {
    world: World,
    flaky: Flaky,
    mariadb: MariaDb,
    _stage_api: FakeApi,
    prod_api: FakeApi,
}

/// A console whose production is a MariaDB behind a proxy; the replicas and the test come to it directly.
async fn world() -> Away {
    bellwether_testkit::tls_provider();
    let mariadb = MariaDb::start().await;
    let direct = mariadb.create_database().await;
    let flaky = Flaky::before(mariadb.port()).await;
    let through = direct.replace(&format!(":{}/", mariadb.port()), &format!(":{}/", flaky.port()));
    assert_ne!(direct, through);
    let (prod, prod_of_console) = (opened(direct).await, opened(through).await);
    let (stage_api, prod_api) = (FakeApi::start("stage"), FakeApi::start("prod"));
    let plan = Plan {
        stage_api: stage_api.url.clone(),
        prod_api: prod_api.url.clone(),
        prod: Some(prod),
        prod_of_console: Some(prod_of_console),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    stage_api.over(&world.stage).await;
    prod_api.over(&world.prod).await;
    Away { world, flaky, mariadb, _stage_api: stage_api, prod_api }
}

async fn opened(url: String) -> SharedDatabase {
    let options = MysqlOptions { tls: MysqlTls::Off, ..MysqlOptions::default() };
    let database = Mysql::connect(Arc::new(LoginDetails::of_url(url)), options).await.unwrap();
    database.migrate().await.unwrap();
    Arc::new(database)
}

/// Whether it is promoted; the same in proposals, in versions and in the audit log.
async fn is_promoted(world: &World, id: u64) -> bool {
    let proposal = world.prod.proposal(id).await.unwrap().unwrap();
    let live = world.prod.live("prod").await.unwrap().unwrap();
    let lines = world.actions().await.into_iter().filter(|action| action == "proposal.promoted").count();
    let versions = world.prod.history("prod", 10).await.unwrap().len();
    let by_state = proposal.state == ProposalState::RollingOut;
    let told = (by_state, live.version == 2 && live.sha256 == proposal.sha256, lines == 1, versions == 2);
    assert!(told == (true, true, true, true) || told == (false, false, false, false), "{told:?}");
    assert!(verify_audit(&*world.prod).await.is_ok());
    by_state
}

fn promote(world: &World, proposal: &Proposal) -> tokio::task::JoinHandle<Result<Proposal, ConsoleError>> {
    let (console, id, revision) = (world.console.clone(), proposal.id, proposal.revision);
    tokio::spawn(async move { console.promote(&approver(), id, revision, unwatched()).await })
}

/// A trial that passed; nothing goes on by itself after it, so that nothing but the promotion commits.
async fn passed(world: &World) -> Proposal {
    let trials = world.run_trials();
    let proposal = world.passed(0.7).await;
    trials.end().await;
    proposal
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_whose_answer_is_lost_is_made_once_and_answered_as_made() {
    let away = world().await;
    let proposal = passed(&away.world).await;
    away.flaky.set(Mode::CutAfterCommit);
    let promoting = promote(&away.world, &proposal);
    away.flaky.cuts().await;
    away.flaky.set(Mode::Open);
    let promoted = promoting.await.unwrap().unwrap();
    assert_eq!(promoted.state, ProposalState::RollingOut);
    assert!(is_promoted(&away.world, proposal.id).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_that_never_reached_the_database_is_made_once_it_is_back() {
    let away = world().await;
    let proposal = passed(&away.world).await;
    away.flaky.set(Mode::CutBeforeCommit);
    let promoting = promote(&away.world, &proposal);
    away.flaky.cuts().await;
    away.flaky.set(Mode::Open);
    promoting.await.unwrap().unwrap();
    assert!(is_promoted(&away.world, proposal.id).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_away_leaves_it_unsure_until_it_is_back_and_then_one_thing_true() {
    for (mode, made) in [(Mode::CutAfterCommit, true), (Mode::CutBeforeCommit, false)] {
        let away = world().await;
        let proposal = passed(&away.world).await;
        away.flaky.set(mode);
        let error = promote(&away.world, &proposal).await.unwrap().unwrap_err();
        assert!(matches!(error, ConsoleError::Unsure(_)), "{error:?}");
        assert!(error.to_string().contains("not known yet"), "{error}");
        let looked = away.world.console.proposal(proposal.id).await;
        assert!(matches!(looked, Err(ConsoleError::Store(_))), "{looked:?}");
        assert!(away.world.console.overview().await.prod.unavailable.is_some());
        away.flaky.set(Mode::Open);
        let now = away.world.console.proposal(proposal.id).await.unwrap();
        assert_eq!(now.state == ProposalState::RollingOut, made, "the page says which");
        assert_eq!(is_promoted(&away.world, proposal.id).await, made);
        if !made {
            promote(&away.world, &now).await.unwrap().unwrap();
            assert!(is_promoted(&away.world, proposal.id).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_a_promotion_leaves_one_thing_true() {
    let away = world().await;
    let proposal = passed(&away.world).await;
    let promoting = promote(&away.world, &proposal);
    away.mariadb.kill();
    away.mariadb.restart().await;
    let outcome = promoting.await.unwrap();
    let promoted = is_promoted(&away.world, proposal.id).await;
    match outcome {
        Ok(told) => assert!(promoted && told.state == ProposalState::RollingOut),
        // The database was away before anything was written.
        Err(ConsoleError::Store(error)) => assert!(!promoted && error.is_transient(), "{error:?}"),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_under_way_survives_a_database_that_is_away_for_a_while() {
    let away = world().await;
    let world = &away.world;
    let trials = world.run_trials();
    let proposal = world.proposed(0.7).await;
    world.console.try_in_staging(&crate::world::editor(), proposal.id, proposal.revision).await.unwrap();
    away.flaky.set(Mode::CutAfterCommit);
    tokio::time::timeout(Duration::from_secs(30), away.flaky.cuts()).await.unwrap();
    away.flaky.set(Mode::Open);
    let ended = world.ends(proposal.id, |state| state != ProposalState::Trying).await;
    assert_eq!(ended.state, ProposalState::Passed, "{:#?}", crate::world::report(&ended).checks);
    trials.end().await;
    let tested = world.actions().await.into_iter().filter(|action| action == "proposal.tested").count();
    assert_eq!(tested, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_that_a_database_outage_explains_rolls_nothing_back() {
    let away = world().await;
    let world = &away.world;
    world.run();
    let proposal = world.passed(0.7).await;
    let limits = Limits { max_silence_seconds: 1, ..Limits::default() };
    let bake = Bake { seconds: Some(5), limits };
    let promoted = world.console.promote(&approver(), proposal.id, proposal.revision, bake).await.unwrap();
    until("it bakes", PATIENCE, async || {
        world.prod.proposal(promoted.id).await.unwrap().unwrap().rollout.unwrap().synced_at.is_some()
    })
    .await;
    // The database is away for the console and, as it would be, for the replicas.
    away.flaky.set(Mode::Closed);
    away.prod_api.replicas(|all| all[0].silent = true).await;
    let heard = world.prod.replicas("prod").await.unwrap().remove(0).at;
    until("more than the silence that is allowed has gone by", PATIENCE, async || {
        Utc::now() - heard > TimeDelta::seconds(6)
    })
    .await;
    away.flaky.set(Mode::Open);
    until("the console reads again", PATIENCE, async || world.console.proposal(promoted.id).await.is_ok())
        .await;
    // The console is back before the replicas are: it looks several times meanwhile.
    tokio::time::timeout(Duration::from_secs(3), world.ends(promoted.id, ProposalState::is_final))
        .await
        .expect_err("nobody could have been heard");
    away.prod_api.replicas(|all| all[0].silent = false).await;
    let ended = world.ends(promoted.id, ProposalState::is_final).await;
    assert_eq!(ended.state, ProposalState::Done);
}
