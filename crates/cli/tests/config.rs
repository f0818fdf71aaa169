//! `bellwether config` against a running system: the whole way to production and back, and every exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use bellwether_core::config::Percentage;
use bellwether_people::make_token;
use bellwether_store::console::{ConsoleToken, GoldenPayload, Ledger as _, NewAuditEntry, Step};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{ConfigStore as _, NewConfigVersion, Replicas as _, Role, User};
use bellwether_testkit::embedded::{Embedded, EmbeddedBuilder};
use bellwether_testkit::wait::until;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

/// A running system, its production database, and the token of somebody who may do all but go past staging.
struct System {
    running: Embedded,
    database: Sqlite,
    token: String,
    _folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl System {
    async fn start() -> Self {
        bellwether_testkit::tls_provider();
        let folder = tempfile::tempdir().unwrap();
        let program = env!("CARGO_BIN_EXE_bellwether");
        let running = EmbeddedBuilder::new(program, &folder.path().join("data")).start();
        let database = open(running.data()).await;
        let token = token(&database).await;
        let system = Self { running, database, token, _folder: folder };
        // What is up may not have said so yet.
        let reported = async || system.config(&["status"]).out.matches("1/1 replicas have it").count() == 2;
        until("both replicas have reported", Duration::from_secs(30), reported).await;
        system
    }

    /// Runs `bellwether config …`.
    fn config(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.arg("config").args(args);
        command.env("BELLWETHER_CONSOLE_URL", &self.running.console);
        command.env("BELLWETHER_CONSOLE_TOKEN", &self.token);
        ran(&command.output().unwrap())
    }

    /// Makes half of production's clients the heuristic's, past the console.
    async fn give_half_the_heuristic(&self) {
        let live = self.database.live("prod").await.unwrap().unwrap();
        let mut document = live.document.unwrap();
        document.heuristic_percentage = Percentage::try_from(50.0).unwrap();
        let new = NewConfigVersion {
            environment: live.environment,
            parent: Some(live.version),
            document,
            author: "a test".to_owned(),
            reason: "half of them".to_owned(),
            created_at: Utc::now(),
            provenance: None,
            stage_report: None,
        };
        self.database.append(new).await.unwrap();
    }

    async fn prod(&self) -> Value {
        reqwest::get(format!("{}/config", self.running.api)).await.unwrap().json().await.unwrap()
    }
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout.clone()).unwrap(),
        err: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

async fn open(data: &Path) -> Sqlite {
    let file = data.join("prod/bellwether.sqlite");
    Sqlite::connect(file.to_str().unwrap(), SqliteOptions::default()).await.unwrap()
}

async fn token(database: &Sqlite) -> String {
    let (at, made, owner) = (Utc::now(), make_token(), "ann".to_owned());
    let user = User {
        name: owner.clone(),
        password_hash: "none".to_owned(),
        role: Role::Approver,
        created_at: at,
        disabled: false,
        email: None,
    };
    let token = ConsoleToken {
        id: made.id,
        hash: made.hash,
        name: "pipeline".to_owned(),
        owner,
        role: Role::Approver,
        created_at: at,
        expires_at: at + TimeDelta::days(1),
        revoked_at: None,
        used_at: None,
    };
    commit(database, vec![Step::AddUser(user), Step::AddToken(token)]).await;
    made.text
}

async fn commit(database: &Sqlite, steps: Vec<Step>) {
    let line = NewAuditEntry {
        at: Utc::now(),
        actor: "a test".to_owned(),
        action: "test.prepared".to_owned(),
        subject: "test".to_owned(),
        detail: json!({}),
    };
    database.commit(line, steps).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_goes_all_the_way_to_production_and_back() {
    let system = System::start().await;
    let way = ["--try", "--promote", "--wait", "--bake-minutes", "0"];

    let mut propose = vec!["propose", "--set", "proba_cutoff=0.7", "--reason", "fewer false alarms"];
    propose.extend(way);
    let went = system.config(&propose);
    assert_eq!(went.code, 0, "{went:?}");
    for told in
        ["proba_cutoff: 0.65 -> 0.7", "the trial has passed", "ok      golden", "as version 2, and done"]
    {
        assert!(went.out.contains(told), "{told}: {went:?}");
    }
    let live = system.prod().await;
    assert_eq!((&live["version"], &live["document"]["proba_cutoff"]), (&json!(2), &json!(0.7)));

    let got = system.config(&["get", "--json"]);
    let document: Value = serde_json::from_str(&got.out).unwrap();
    assert_eq!(document, live["document"]);
    let diff = system.config(&["diff"]);
    assert_eq!(diff.out, "prod: from version 1 to version 2\n  proba_cutoff: 0.65 -> 0.7\n");
    let history = system.config(&["history"]);
    let lines: Vec<_> = history.out.lines().collect();
    assert!(lines[0].starts_with("version") && lines[1].contains("fewer false alarms"), "{history:?}");
    let status = system.config(&["status"]);
    assert!(status.out.contains("prod: ready") && status.out.contains("1/1 replicas have it"), "{status:?}");

    let mut revert = vec!["revert", "1", "--reason", "it was better before"];
    revert.extend(way);
    let went = system.config(&revert);
    assert_eq!(went.code, 0, "{went:?}");
    let live = system.prod().await;
    assert_eq!((&live["version"], &live["document"]["proba_cutoff"]), (&json!(3), &json!(0.65)));

    // That very document has passed before: it is not tried again.
    let again =
        system.config(&["revert", "2", "--reason", "and back again", "--promote", "--bake-minutes", "0"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(!again.out.contains("trying"), "{again:?}");
    assert_eq!(system.prod().await["version"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_its_trial_ends_with_2_and_stays_out_of_production() {
    let system = System::start().await;
    let payload = |name: &str, expected| GoldenPayload {
        name: name.to_owned(),
        payload: json!({ "client_id": "golden" }).as_object().unwrap().clone(),
        expected_high_risk: Some(expected),
        author: "a test".to_owned(),
        updated_at: Utc::now(),
    };
    // One and the same answer cannot be both.
    let both = vec![Step::SavePayload(payload("yes", true)), Step::SavePayload(payload("no", false))];
    commit(&system.database, both).await;
    let propose = ["propose", "--set", "proba_cutoff=0.7", "--reason", "to fail", "--try", "--promote"];
    let ended = system.config(&propose);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.out.contains("NOT passed") && ended.out.contains("FAILED  golden"), "{ended:?}");
    assert_eq!(system.prod().await["version"], 1);
    let waited = system.config(&["wait", "1"]);
    assert_eq!(waited.code, 2, "{waited:?}");
    let promoted = system.config(&["promote", "1"]);
    assert_eq!(promoted.code, 1, "{promoted:?}");
    assert!(promoted.err.contains("409"), "{promoted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_does_not_follow_ends_with_3_and_is_named() {
    let system = System::start().await;
    let reports = system.database.replicas("prod").await.unwrap();
    let mut stuck = reports[0].clone();
    stuck.replica = "stuck-replica".to_owned();
    stuck.at = Utc::now() + TimeDelta::minutes(30);
    system.database.report(&stuck).await.unwrap();
    let mut propose =
        vec!["propose", "--set", "proba_cutoff=0.7", "--reason", "to be stuck", "--try", "--wait"];
    let tried = system.config(&propose);
    assert_eq!(tried.code, 0, "{tried:?}");
    let promoted = system.config(&["promote", "1", "--timeout", "3s", "--bake-minutes", "0"]);
    assert_eq!(promoted.code, 3, "{promoted:?}");
    for told in ["1/2 replicas have it", "stuck-replica"] {
        assert!(promoted.out.contains(told), "{told}: {promoted:?}");
    }
    // Who comes to have it later ends the waiting well.
    stuck.version = Some(2);
    stuck.sha256 = system.database.live("prod").await.unwrap().map(|live| live.sha256);
    stuck.at = Utc::now() + TimeDelta::minutes(31);
    system.database.report(&stuck).await.unwrap();
    let waited = system.config(&["wait", "1"]);
    assert_eq!(waited.code, 0, "{waited:?}");
    // It reports, so that it is not gone; once it is, it is expected no longer.
    let refused = system.config(&["forget-replica", "stuck-replica"]);
    assert!(refused.code == 1 && refused.err.contains("it still reports"), "{refused:?}");
    stuck.at = Utc::now() - TimeDelta::minutes(30);
    system.database.report(&stuck).await.unwrap();
    let forgotten = system.config(&["forget-replica", "stuck-replica"]);
    assert_eq!(forgotten.code, 0, "{forgotten:?}");
    assert_eq!(system.database.replicas("prod").await.unwrap().len(), 1);
    propose.pop();
    let refused = system.config(&["propose", "--set", "proba_cutoff=0.7", "--reason", "no change"]);
    assert_eq!(refused.code, 1, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_console_refuses_is_told_with_its_fields() {
    let system = System::start().await;
    let faulty = ["propose", "--set", "proba_cutoff=7", "--set", "cutof=1", "--reason", "x"];
    let refused = system.config(&faulty);
    assert_eq!(refused.code, 1, "{refused:?}");
    for field in ["422", "proba_cutoff: ", "cutof: ", "reason: "] {
        assert!(refused.err.contains(field), "{field}: {refused:?}");
    }
    let share = ["propose", "--set", "heuristic_percentage=50", "--reason", "half of them"];
    let refused = system.config(&share);
    assert!(refused.code == 1 && refused.err.contains("confirmed"), "{refused:?}");
    let mut confirmed = share.to_vec();
    confirmed.push("--confirm");
    let taken = system.config(&confirmed);
    assert_eq!(taken.code, 0, "{taken:?}");
    assert!(taken.out.contains("it gives 50.00 percent of clients another"), "{taken:?}");
    system.give_half_the_heuristic().await;
    let revert = ["revert", "1", "--reason", "nobody, as before"];
    let refused = system.config(&revert);
    assert!(refused.code == 1 && refused.err.contains("confirmed"), "{refused:?}");
    let taken = system.config(&[&revert[..], &["--confirm"]].concat());
    assert_eq!(taken.code, 0, "{taken:?}");
    let own = system.config(&["approve", "1"]);
    assert!(own.code == 1 && own.err.contains("403"), "{own:?}");
    let given_up = system.config(&["withdraw", "1"]);
    assert!(given_up.code == 0 && given_up.out.contains("withdrawn"), "{given_up:?}");
}

#[test]
fn a_token_is_not_sent_in_the_clear_and_is_no_argument() {
    let run = |url: &str, token: Option<&str>, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.args(["config", "status", "--url", url]).args(more);
        command.env_remove("BELLWETHER_CONSOLE_TOKEN");
        command.envs(token.map(|token| ("BELLWETHER_CONSOLE_TOKEN", token)));
        ran(&command.output().unwrap())
    };
    let secret = "bwc_abcdefghijkl_secret";
    for url in ["http://console.example.org", "http://10.0.0.1:8001", "http://localhost.example.org"] {
        let refused = run(url, Some(secret), &[]);
        assert!(refused.code == 1 && refused.err.contains("use https"), "{url}: {refused:?}");
        assert!(!refused.err.contains(secret), "{refused:?}");
    }
    let without = run("http://127.0.0.1:1", None, &[]);
    assert!(without.code == 1 && without.err.contains("BELLWETHER_CONSOLE_TOKEN"), "{without:?}");
    let away = run("http://127.0.0.1:1", Some(secret), &[]);
    assert!(away.code == 1 && away.err.contains("cannot be asked"), "{away:?}");
    assert!(!away.err.contains(secret), "{away:?}");
    let argument = run("http://127.0.0.1:1", None, &["--token", secret]);
    assert!(argument.code == 2 && argument.err.contains("--token"), "{argument:?}");
}
