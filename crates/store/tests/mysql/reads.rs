//! What each query reads: the server counts the rows it looks at, and no call of a service may look at many
//! more than it answers, however full the tables are. So nothing scans a table.

use bellwether_core::change::{Proposal, ProposalState, Trial};
use bellwether_store::console::{
    AuditLog as _, ConsoleToken, ConsoleTokens as _, GoldenPayload, Ledger as _, LoginGuard as _,
    Proposals as _, Session, Sessions as _, Step,
};
use bellwether_store::mysql::Mysql;
use bellwether_store::{
    ClientRow, Clients, ConfigStore, Database, EmailJobState, EmailJobs, EmailRetry, IdempotencyKeys,
    KeyedRequest, NewEmailJob, PredictionLog, ReplicaReport, Replicas, Role, Users,
};
use bellwether_testkit::mariadb::{MariaDb, fresh_database};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Map;
use sqlx::{Executor as _, MySqlConnection};
use uuid::Uuid;

use crate::beside;
use crate::builders::{add_user, at, line, morning, mysql, proposal, record, records, report, version};

/// Rows in each large table.
const MANY: u32 = 3_000;
/// Of those, one row is small: an index leads to it, through a dozen partitions at worst.
const FEW: i64 = 60;
/// What a server reads of its own temporary tables.
const OWN: i64 = 10;

/// Rows that the server has read so far, and of those in scans.
async fn read_so_far(beside: &mut MySqlConnection) -> (i64, i64) {
    let status: Vec<(String, String)> =
        sqlx::query_as("SHOW GLOBAL STATUS LIKE 'Handler_read%'").fetch_all(beside).await.unwrap();
    let of = |name: &str| {
        let rows = status.iter().filter(|(variable, _)| variable.starts_with(name));
        rows.map(|(_, value)| value.parse::<i64>().unwrap()).sum()
    };
    (of("Handler_read"), of("Handler_read_rnd_next"))
}

struct Meter {
    beside: MySqlConnection,
    /// What the measurement itself reads.
    itself: (i64, i64),
    failures: Vec<String>,
}

impl Meter {
    async fn new(mut beside: MySqlConnection) -> Self {
        let (first, second) = (read_so_far(&mut beside).await, read_so_far(&mut beside).await);
        let itself = (second.0 - first.0, second.1 - first.1);
        Self { beside, itself, failures: Vec::new() }
    }

    /// Checks that a call read at most so many rows.
    async fn at_most<T>(&mut self, rows: i64, what: &str, call: impl Future<Output = T>) -> T {
        let before = read_so_far(&mut self.beside).await;
        let answer = call.await;
        let after = read_so_far(&mut self.beside).await;
        let (read, scanned) = (after.0 - before.0 - self.itself.0, after.1 - before.1 - self.itself.1);
        if rows < i64::MAX && (read > rows || scanned > OWN) {
            self.failures.push(format!("{what} reads {read} rows, {scanned} of them in scans"));
        }
        answer
    }

    /// Checks that a scan would be seen.
    async fn sees_scans(&mut self) {
        let before = read_so_far(&mut self.beside).await;
        let scan = "SELECT count(*) FROM email_jobs WHERE payload = 'none'";
        self.beside.fetch_all(scan).await.unwrap();
        let after = read_so_far(&mut self.beside).await;
        assert!(after.0 - before.0 >= i64::from(MANY) && after.1 - before.1 >= i64::from(MANY));
    }
}

fn job(n: u32) -> NewEmailJob {
    NewEmailJob {
        uid: Uuid::now_v7(),
        client_id: Some(format!("c{n}")),
        dedupe_key: Some(format!("key {n}")),
        payload: "{}".to_owned(),
    }
}

fn key(n: u32) -> KeyedRequest {
    let fingerprint = String::new();
    KeyedRequest { caller: "ann".to_owned(), key: format!("{n}"), fingerprint, job_id: Uuid::now_v7() }
}

fn replica(n: u32) -> ReplicaReport {
    ReplicaReport {
        environment: format!("env {}", n % 100),
        replica: format!("api-{n}"),
        version: None,
        sha256: None,
        bundles: std::collections::BTreeMap::new(),
        refused: None,
        journal_oldest_at: None,
        traffic: None,
        started_at: morning(),
        at: morning() + TimeDelta::seconds(n.into()),
    }
}

fn cutoff(n: u32) -> f64 {
    f64::from(n) / 1_000.0
}

fn session(id: &str, expires_at: DateTime<Utc>) -> Session {
    Session {
        id_hash: id.to_owned(),
        user: id.to_owned(),
        csrf: String::new(),
        created_at: morning(),
        seen_at: morning(),
        expires_at,
        address: String::new(),
        agent: String::new(),
    }
}

/// A server that nobody else asks meanwhile. On a given one tests have to run one at a time.
async fn server_of_its_own() -> (String, Option<MariaDb>) {
    if std::env::var_os("BELLWETHER_TEST_MYSQL_URL").is_some() {
        return (fresh_database().await, None);
    }
    let server = MariaDb::start().await;
    (server.create_database().await, Some(server))
}

async fn fill(mysql: &Mysql) -> Vec<NewEmailJob> {
    mysql.prepare_days(morning() - TimeDelta::days(2)).await.unwrap();
    let mut log = records(MANY);
    for (n, record) in log.iter_mut().enumerate() {
        record.client_id = Some(format!("c{n}"));
    }
    PredictionLog::insert(mysql, &log).await.unwrap();
    let clients =
        (0..MANY).map(|n| ClientRow { client_id: format!("c{n}"), ltv: Some(1.0), features: Map::new() });
    mysql.upsert(&clients.collect::<Vec<_>>()).await.unwrap();
    let jobs: Vec<_> = (0..MANY).map(job).collect();
    EmailJobs::insert(mysql, &jobs, morning()).await.unwrap();
    for job in &jobs[..100] {
        mysql.record_sent(job.uid, morning()).await.unwrap();
    }
    for n in 0..300 {
        mysql.claim_key(&key(n), morning() + TimeDelta::seconds(n.into())).await.unwrap();
        mysql.report(&replica(n)).await.unwrap();
        let key = format!("user {n:04}");
        let state = if n < 5 { ProposalState::Trying } else { ProposalState::Done };
        let trial = Some(Trial {
            by: key.clone(),
            begun_at: morning(),
            stage_version: None,
            report: Some(report(&proposal(cutoff(n)).sha256, true)),
        });
        let new = Proposal { state, trial, ..proposal(cutoff(n)) };
        let token = ConsoleToken {
            id: key.clone(),
            hash: String::new(),
            name: String::new(),
            owner: key.clone(),
            role: Role::Viewer,
            created_at: morning(),
            expires_at: morning(),
            revoked_at: None,
            used_at: None,
        };
        let payload = GoldenPayload {
            name: key.clone(),
            payload: Map::new(),
            expected_high_risk: None,
            author: String::new(),
            updated_at: morning(),
        };
        let steps =
            vec![Step::AddProposal(new), add_user(&key), Step::AddToken(token), Step::SavePayload(payload)];
        mysql.commit(line(), steps).await.unwrap();
        let at = morning() + TimeDelta::seconds(n.into());
        mysql.open_session(&session(&key, at)).await.unwrap();
        mysql.count_login_failure(&key, at).await.unwrap();
        mysql.append(version((n > 0).then_some(n.into()), 0.65)).await.unwrap();
    }
    jobs
}

#[tokio::test]
async fn no_call_reads_many_more_rows_than_it_answers() {
    let (url, server) = server_of_its_own().await;
    let mysql = mysql(url.clone()).await;
    mysql.migrate().await.unwrap();
    let jobs = fill(&mysql).await;
    let mut beside = beside(&url).await;
    let tables =
        "ANALYZE TABLE model_logs, client_features, client_ltv, email_jobs, idempotency_keys, replicas,
           proposals, audit_log, sessions, login_failures, console_tokens, golden_payloads";
    beside.fetch_all(tables).await.unwrap();
    let mut meter = Meter::new(beside).await;
    meter.sees_scans().await;

    meter.at_most(FEW, "find", PredictionLog::find(&mysql, record(1_500).uid())).await.unwrap();
    let ten = meter.at_most(FEW, "recent", mysql.recent(10)).await.unwrap();
    assert_eq!(ten.len(), 10);
    let theirs = meter.at_most(FEW, "of_client", mysql.of_client("c1500", 10)).await.unwrap();
    assert_eq!(theirs.len(), 1);
    meter.at_most(FEW, "oldest", mysql.oldest()).await.unwrap();
    let (from, after) = (morning() - TimeDelta::days(1), Some(record(1_000).uid()));
    let some =
        meter.at_most(FEW, "between", mysql.between(from, morning() + TimeDelta::days(1), after, 10)).await;
    assert_eq!(some.unwrap().len(), 10);
    meter.at_most(FEW, "insert", PredictionLog::insert(&mysql, &[at(morning())])).await.unwrap();
    meter.at_most(FEW, "erase_predictions", mysql.erase_predictions("c7")).await.unwrap();
    // It asks which partitions there are; how much of its dictionary a MySQL with many databases reads for that
    // is its own affair.
    let rows = if server.is_some() { FEW } else { i64::MAX };
    let none = mysql.drop_before(morning() - TimeDelta::days(9));
    meter.at_most(rows, "drop_before", none).await.unwrap();

    meter.at_most(FEW, "ltv", mysql.ltv("c1500")).await.unwrap();
    meter.at_most(FEW, "all_ltv", mysql.all_ltv(10)).await.unwrap();
    meter.at_most(FEW, "features", mysql.features("c1500")).await.unwrap();
    meter.at_most(FEW, "sample_ids", mysql.sample_ids(10)).await.unwrap();
    meter.at_most(FEW, "erase_features", mysql.erase_features("c7")).await.unwrap();
    let row = ClientRow { client_id: "c8".to_owned(), ltv: None, features: Map::new() };
    meter.at_most(FEW, "upsert", mysql.upsert(&[row])).await.unwrap();

    let uid = jobs[2_000].uid;
    let until = morning() + TimeDelta::seconds(60);
    meter.at_most(FEW, "insert jobs", EmailJobs::insert(&mysql, &[job(9_999)], morning())).await.unwrap();
    meter.at_most(FEW, "find job", EmailJobs::find(&mysql, uid)).await.unwrap();
    let due = meter.at_most(FEW, "due", mysql.due(morning(), None, 10)).await.unwrap();
    meter.at_most(FEW, "due further on", mysql.due(morning(), due.last(), 10)).await.unwrap();
    meter.at_most(FEW, "claim", mysql.claim(uid, 0, morning(), until)).await.unwrap();
    meter.at_most(FEW, "renew", mysql.renew(uid, 0, until, None)).await.unwrap();
    meter.at_most(FEW, "release", mysql.release(uid, 0, morning(), None)).await.unwrap();
    mysql.claim(uid, 0, morning(), until).await.unwrap();
    let retry = EmailRetry {
        next_attempt_at: until,
        error: "busy".to_owned(),
        counts: true,
        crashed: false,
        delivered: Vec::new(),
    };
    meter.at_most(FEW, "record_retry", mysql.record_retry(uid, 0, morning(), &retry)).await.unwrap();
    mysql.claim(uid, 1, until, until).await.unwrap();
    meter.at_most(FEW, "park", mysql.park(uid, 1, until, "no", &[])).await.unwrap();
    meter.at_most(FEW, "requeue", mysql.requeue(uid, until)).await.unwrap();
    meter.at_most(FEW, "record_sent", mysql.record_sent(uid, until)).await.unwrap();
    meter.at_most(FEW, "list", EmailJobs::list(&mysql, EmailJobState::Queued, 10)).await.unwrap();
    // Counting is reading; but from an index, and the oldest is found without it.
    meter.at_most(i64::from(MANY) + FEW, "counts", mysql.counts()).await.unwrap();
    meter.at_most(FEW, "purge_sent", mysql.purge_sent(until, 10)).await.unwrap();
    meter.at_most(FEW, "erase_client", mysql.erase_client("c9")).await.unwrap();

    meter.at_most(FEW, "claim_key", mysql.claim_key(&key(7), morning())).await.unwrap();
    meter
        .at_most(FEW, "purge_keys", mysql.purge_keys(morning() + TimeDelta::seconds(200), 10))
        .await
        .unwrap();
    meter.at_most(FEW, "report", mysql.report(&replica(7))).await.unwrap();
    meter.at_most(FEW, "replicas", mysql.replicas("env 7")).await.unwrap();
    meter.at_most(FEW, "forget", mysql.forget("env 8", "api-8")).await.unwrap();
    let silent = mysql.forget_silent(morning() + TimeDelta::seconds(5));
    meter.at_most(FEW, "forget_silent", silent).await.unwrap();
    meter.at_most(FEW, "find user", Users::find(&mysql, "user 0007")).await.unwrap();
    let set_role = Step::SetRole { name: "user 0007".to_owned(), role: Role::Admin };
    meter.at_most(FEW, "set_role", mysql.commit(line(), vec![set_role])).await.unwrap();
    meter.at_most(FEW, "live", mysql.live("stage")).await.unwrap();
    meter.at_most(FEW, "version", mysql.version("stage", 7)).await.unwrap();
    meter.at_most(FEW, "history", mysql.history("stage", 10)).await.unwrap();
    meter.at_most(FEW, "append", mysql.append(version(Some(300), 0.65))).await.unwrap();
    meter.at_most(FEW, "stage_report", mysql.stage_report("stage", 7)).await.unwrap();
    console_calls(&mysql, &mut meter).await;
    assert_eq!(meter.failures, [""; 0]);
}

async fn console_calls(mysql: &Mysql, meter: &mut Meter) {
    let seventh = meter.at_most(FEW, "proposal", mysql.proposal(7)).await.unwrap().unwrap();
    meter.at_most(FEW, "proposals", mysql.proposals(Some(200), 10)).await.unwrap();
    assert_eq!(meter.at_most(FEW, "under_way", mysql.under_way()).await.unwrap().len(), 5);
    let passed = meter.at_most(FEW, "passed", mysql.passed(&seventh.sha256)).await.unwrap();
    assert_eq!(passed.as_ref(), Some(&seventh));
    meter.at_most(FEW, "lines", mysql.lines(100, 10)).await.unwrap();
    meter.at_most(FEW, "recent_lines", mysql.recent_lines(None, 10)).await.unwrap();
    meter.at_most(FEW, "audit_head", mysql.audit_head()).await.unwrap();
    meter.at_most(FEW, "note_archived", mysql.note_archived(7)).await.unwrap();
    let text = || "user 0007".to_owned();
    let steps = vec![
        Step::AddProposal(proposal(0.6)),
        Step::UpdateProposal(seventh),
        Step::AppendVersion(version(Some(301), 0.6)),
        add_user("somebody"),
        Step::CloseSessions { user: text(), except: None },
        Step::RevokeToken { id: text() },
        Step::DeletePayload { name: text() },
    ];
    meter.at_most(FEW, "commit", mysql.commit(line(), steps)).await.unwrap();
    meter.at_most(FEW, "session", mysql.session("user 0008")).await.unwrap();
    meter.at_most(FEW, "touch_session", mysql.touch_session("user 0008", morning())).await.unwrap();
    meter.at_most(FEW, "sessions_of", mysql.sessions_of("user 0008")).await.unwrap();
    meter.at_most(FEW, "close_session", mysql.close_session("user 0008")).await.unwrap();
    let soon = morning() + TimeDelta::seconds(5);
    meter.at_most(FEW, "drop_expired_sessions", mysql.drop_expired_sessions(soon)).await.unwrap();
    meter.at_most(FEW, "login_failures", mysql.login_failures("user 0008")).await.unwrap();
    meter.at_most(FEW, "count_login_failure", mysql.count_login_failure("user 0008", soon)).await.unwrap();
    meter.at_most(FEW, "clear_login_failures", mysql.clear_login_failures("user 0008")).await.unwrap();
    meter.at_most(FEW, "drop_login_failures", mysql.drop_login_failures(soon)).await.unwrap();
    meter.at_most(FEW, "token", mysql.token("user 0008")).await.unwrap();
    meter.at_most(FEW, "touch_token", mysql.touch_token("user 0008", soon)).await.unwrap();
}
