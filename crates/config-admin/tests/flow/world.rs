//! A console for one test: two databases, people, replicas that report, and what goes on by itself.

use std::sync::Arc;
use std::time::Duration;

use bellwether_config_admin::archive::Archiver;
use bellwether_config_admin::console::{Actor, Bake, Console, ConsoleParts, Draft};
use bellwether_config_admin::rollout::Watcher;
use bellwether_config_admin::trial::Runner;
use bellwether_config_admin::{ApiToken, EnvironmentApi, EnvironmentParts};
use bellwether_core::change::{Check, CheckName, Limits, Proposal, ProposalState, TrialReport};
use bellwether_core::config::{ConfigDocument, Origin, Provenance};
use bellwether_mail::{AddressBook, MailOptions, Post, mailer};
use bellwether_settings::{Console as ConsoleSettings, Environment, Rotating};
use bellwether_store::archive::FolderArchive;
use bellwether_store::console::{AuditEntry, NewAuditEntry, Step};
use bellwether_store::memory::MemoryConfigChanges;
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{
    Clock, LoginDetails, NewConfigVersion, Role, SharedDatabase, StoredVersion, SystemClock, User,
};
use bellwether_testkit::wait::until;
use chrono::Utc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::apis::MODEL;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct World {
    pub(crate) console: Console,
    pub(crate) stage: SharedDatabase,
    pub(crate) prod: SharedDatabase,
    pub(crate) folder: TempDir,
    stop: CancellationToken,
}

/// A process that carries trials on.
pub(crate) struct Trials {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Trials {
    /// Ends it, wherever it is, and waits until it has ended.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// How a world is made.
pub(crate) struct Plan {
    pub(crate) stage_api: String,
    pub(crate) prod_api: String,
    pub(crate) stage: Option<SharedDatabase>,
    pub(crate) prod: Option<SharedDatabase>,
    /// The database that the console uses as production's, where that is not the way the test takes.
    pub(crate) prod_of_console: Option<SharedDatabase>,
    /// What carries word of changes to real apis, of staging and of production.
    pub(crate) changes: Option<(Arc<MemoryConfigChanges>, Arc<MemoryConfigChanges>)>,
    pub(crate) smtp: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Box<dyn FnOnce(&mut ConsoleSettings)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            stage_api: String::new(),
            prod_api: String::new(),
            stage: None,
            prod: None,
            prod_of_console: None,
            changes: None,
            smtp: None,
            clock: Arc::new(SystemClock),
            settings: Box::new(|_| {}),
        }
    }
}

impl World {
    /// Two migrated databases, each at version 1, a console over them, and people. Nothing goes on by itself yet.
    pub(crate) async fn new(plan: Plan) -> Self {
        bellwether_testkit::tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let stage = opened(plan.stage, &folder, "stage").await;
        let prod = opened(plan.prod, &folder, "prod").await;
        for (database, environment) in [(&stage, "stage"), (&prod, "prod")] {
            if database.live(environment).await.unwrap().is_none() {
                let first = version(environment, None, ConfigDocument::initial(MODEL));
                database.append(first).await.unwrap();
            }
        }
        let (stage_changes, prod_changes) = plan.changes.unwrap_or_default();
        let api = |url: &str, settings: &ConsoleSettings| {
            let token = ApiToken::new(Rotating::default(), "none", String::new().into());
            EnvironmentApi::new(url, token, Duration::from_secs(settings.call_timeout_seconds)).unwrap()
        };
        let mut settings = bellwether_settings::load_from(None, minimal()).await.unwrap().console;
        settings.acknowledge_seconds = 5;
        settings.call_timeout_seconds = 5;
        settings.public_url = "https://config.example.org".into();
        (plan.settings)(&mut settings);
        let console = Console::new(ConsoleParts {
            stage: EnvironmentParts {
                environment: Environment::Stage,
                database: stage.clone(),
                changes: stage_changes,
                api: api(&plan.stage_api, &settings),
            },
            prod: EnvironmentParts {
                environment: Environment::Prod,
                database: plan.prod_of_console.unwrap_or_else(|| prod.clone()),
                changes: prod_changes,
                api: api(&plan.prod_api, &settings),
            },
            settings,
            heartbeat: Duration::from_secs(1),
            archive: Some(Arc::new(FolderArchive::new(folder.path().join("archive")))),
            post: plan.smtp.map(|url| post(&url)),
            clock: plan.clock,
        });
        let world = Self { console, stage, prod, folder, stop: CancellationToken::new() };
        for (name, role) in PEOPLE {
            world.add_person(name, role).await;
        }
        world
    }

    /// Lets trials, rollouts and the archive go on by themselves.
    pub(crate) fn run(&self) -> &Self {
        self.run_trials();
        tokio::spawn(Watcher::new(self.console.clone()).run(self.stop.clone()));
        tokio::spawn(Archiver::new(self.console.clone()).run(self.stop.clone()));
        self
    }

    /// Lets trials go on by themselves until they are ended, as by a process that ends.
    pub(crate) fn run_trials(&self) -> Trials {
        let stop = self.stop.child_token();
        let task = tokio::spawn(Runner::new(self.console.clone()).run(stop.clone()));
        Trials { stop, task }
    }

    async fn add_person(&self, name: &str, role: Role) {
        let user = User {
            name: name.to_owned(),
            password_hash: "none".to_owned(),
            role,
            created_at: Utc::now(),
            disabled: false,
            email: Some(format!("{name}@example.org")),
        };
        self.commit(Step::AddUser(user)).await;
    }

    /// Changes something about people, past the console.
    pub(crate) async fn commit(&self, step: Step) {
        let line = NewAuditEntry {
            at: Utc::now(),
            actor: "a test".to_owned(),
            action: "user.changed".to_owned(),
            subject: "user".to_owned(),
            detail: serde_json::json!({}),
        };
        self.prod.commit(line, vec![step]).await.unwrap();
    }

    pub(crate) async fn live(&self, environment: &str) -> StoredVersion {
        let database = if environment == "stage" { &self.stage } else { &self.prod };
        database.live(environment).await.unwrap().unwrap()
    }

    /// A draft of a cutoff.
    pub(crate) async fn draft(&self, cutoff: f64) -> Draft {
        let live = self.live("prod").await;
        let mut document = live.document.unwrap_or_else(|_| ConfigDocument::initial(MODEL));
        document.proba_cutoff = cutoff;
        Draft { document, base: live.version, reason: "to see it".to_owned(), confirmed: false }
    }

    /// A proposal of a cutoff, by the editor.
    pub(crate) async fn proposed(&self, cutoff: f64) -> Proposal {
        self.console.propose(&editor(), self.draft(cutoff).await).await.unwrap()
    }

    /// A proposal after its trial, however that ended.
    pub(crate) async fn tried(&self, cutoff: f64) -> Proposal {
        let proposal = self.proposed(cutoff).await;
        self.try_out(&proposal).await
    }

    pub(crate) async fn try_out(&self, proposal: &Proposal) -> Proposal {
        let (id, revision) = (proposal.id, proposal.revision);
        self.console.try_in_staging(&editor(), id, revision).await.unwrap();
        self.ends(id, |state| state != ProposalState::Trying).await
    }

    /// A proposal that passed; with the report, where it did not.
    pub(crate) async fn passed(&self, cutoff: f64) -> Proposal {
        let proposal = self.tried(cutoff).await;
        assert_eq!(proposal.state, ProposalState::Passed, "{:#?}", report(&proposal).checks);
        proposal
    }

    /// Waits until a proposal's state is as wished.
    pub(crate) async fn ends(&self, id: u64, wished: impl Fn(ProposalState) -> bool) -> Proposal {
        until(&format!("proposal {id} comes to its state"), PATIENCE, async || {
            wished(self.console.proposal(id).await.unwrap().state)
        })
        .await;
        self.console.proposal(id).await.unwrap()
    }

    /// Writes a row past everybody, as with a SQL shell. Only of databases in SQLite.
    pub(crate) async fn poison(&self, environment: &str, document: &str) {
        let file = self.folder.path().join(format!("{environment}.sqlite"));
        let version = self.live(environment).await.version;
        poison(&file, environment, version, document).await;
    }

    /// Runs a statement on production's database, as with a SQL shell. Only where that is SQLite.
    pub(crate) async fn shell(&self, statement: &'static str) {
        let file = self.folder.path().join("prod.sqlite");
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub(crate) async fn actions(&self) -> Vec<String> {
        self.lines().await.into_iter().map(|line| line.action).collect()
    }

    /// The audit log, oldest first, without people.
    pub(crate) async fn lines(&self) -> Vec<AuditEntry> {
        let lines = self.prod.lines(0, 1_000).await.unwrap();
        lines.into_iter().filter(|line| !line.action.starts_with("user.")).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

const PEOPLE: [(&str, Role); 5] = [
    ("vera", Role::Viewer),
    ("edith", Role::Editor),
    ("anna", Role::Approver),
    ("bert", Role::Approver),
    ("ada", Role::Admin),
];

fn person(name: &str) -> Actor {
    let (name, role) = PEOPLE.into_iter().find(|(known, _)| *known == name).unwrap();
    Actor { name: name.to_owned(), role, token: None }
}

pub(crate) fn viewer() -> Actor {
    person("vera")
}
pub(crate) fn editor() -> Actor {
    person("edith")
}
pub(crate) fn approver() -> Actor {
    person("anna")
}
pub(crate) fn other_approver() -> Actor {
    person("bert")
}
pub(crate) fn admin() -> Actor {
    person("ada")
}

/// Not watched once every replica has it.
pub(crate) fn unwatched() -> Bake {
    Bake { seconds: None, limits: Limits::default() }
}

pub(crate) fn report(proposal: &Proposal) -> &TrialReport {
    proposal.trial.as_ref().unwrap().report.as_ref().unwrap()
}

pub(crate) fn check(proposal: &Proposal, name: CheckName) -> &Check {
    report(proposal).checks.iter().find(|check| check.name == name).unwrap()
}

/// All that a check found, in one text.
pub(crate) fn found(proposal: &Proposal, name: CheckName) -> String {
    let check = check(proposal, name);
    assert!(!check.passed, "{check:?}");
    check.findings.join("\n")
}

pub(crate) fn version(environment: &str, parent: Option<u64>, document: ConfigDocument) -> NewConfigVersion {
    NewConfigVersion {
        environment: environment.to_owned(),
        parent,
        document,
        author: "a test".to_owned(),
        reason: "to begin with".to_owned(),
        created_at: Utc::now(),
        provenance: Some(Provenance::of(Origin::Initial)),
        stage_report: None,
    }
}

/// Settings as they are by default, for whoever needs some.
fn minimal() -> std::vec::IntoIter<(String, String)> {
    [("BELLWETHER__AUTH__MODE", "off")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
        .into_iter()
}

fn post(url: &str) -> Post {
    let options = MailOptions::new(LoginDetails::of_url(url.to_owned()));
    let addresses = AddressBook::new("bellwether@example.org", &[]).unwrap();
    Post::new(mailer(&options, 1).unwrap(), addresses, Duration::from_secs(5))
}

async fn opened(given: Option<SharedDatabase>, folder: &TempDir, name: &str) -> SharedDatabase {
    if let Some(database) = given {
        return database;
    }
    let file = folder.path().join(format!("{name}.sqlite"));
    let database: SharedDatabase =
        Arc::new(Sqlite::connect(file.to_str().unwrap(), SqliteOptions::default()).await.unwrap());
    database.migrate().await.unwrap();
    database
}

async fn poison(file: &std::path::Path, environment: &str, version: u64, document: &str) {
    let url = format!("sqlite://{}", file.display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let next = i64::try_from(version + 1).unwrap();
    sqlx::query(
        "INSERT INTO config_version (environment, version, parent, document, sha256, author, reason, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'mallory', 'because', '2026-11-30T00:00:00.000000Z')",
    )
    .bind(environment)
    .bind(next)
    .bind(next - 1)
    .bind(document)
    .bind("0".repeat(64))
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
}
