//! Changes whose server dies, whose connection is cut, or that others stand in the way of: whole or not at all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellwether_store::console::{AuditLog, Committed, Ledger, Proposals, Step, verify_audit};
use bellwether_store::mysql::{Mysql, MysqlOptions, MysqlTls};
use bellwether_store::{ConfigStore, Database, StoreError, Users};
use bellwether_testkit::mariadb::{MariaDb, fresh_database};
use bellwether_testkit::wait::until;
use futures_util::future::join_all;
use sqlx::Executor as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::builders::{add_user, line, proposal, version};
use crate::{SOON, beside, connect, options, until_one_waits};

/// A change that reaches into four tables: a proposal, a version on top of `live`, a person, and the log.
async fn change(mysql: &Mysql, live: Option<u64>, name: &str) -> Result<Committed, StoreError> {
    let steps =
        vec![Step::AddProposal(proposal(0.6)), Step::AppendVersion(version(live, 0.6)), add_user(name)];
    mysql.commit(line(), steps).await
}

/// How many changes have been made, by what each table holds: all agree, or some change is half there.
async fn made(mysql: &Mysql) -> u64 {
    let users = Users::list(mysql).await.unwrap().len();
    let versions = mysql.history("stage", 100_000).await.unwrap().len();
    let proposals = mysql.proposals(None, 100_000).await.unwrap().len();
    let lines = verify_audit(mysql).await.unwrap();
    let head = lines.head.map_or(0, |head| head.seq);
    assert_eq!((users, versions, proposals, head), (versions, users, users, lines.lines));
    assert_eq!(users as u64, lines.lines);
    lines.lines
}

/// What a proxy does once a client commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AtCommit {
    /// Nothing: the server gets it and answers.
    Pass,
    /// Hangs up before the server gets it.
    CutBefore,
    /// Hands it on, and hangs up in place of the answer.
    CutAfter,
}

/// A proxy in front of a server, for connections without TLS.
async fn proxy(server: u16, at_commit: watch::Receiver<AtCommit>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            tokio::spawn(carry(client, server, at_commit.clone()));
        }
    });
    address
}

async fn carry(mut client: TcpStream, mut server: TcpStream, at_commit: watch::Receiver<AtCommit>) {
    let (mut asked, mut answered) = ([0; 16_384], [0; 16_384]);
    loop {
        tokio::select! {
            Ok(length) = client.read(&mut asked) => {
                let fault = *at_commit.borrow();
                let commits = asked[..length].ends_with(b"\x03COMMIT");
                if length == 0 || commits && fault == AtCommit::CutBefore {
                    return;
                }
                server.write_all(&asked[..length]).await.unwrap();
                if commits && fault == AtCommit::CutAfter {
                    // The answer says that it is done.
                    assert!(server.read(&mut answered).await.unwrap() > 0);
                    return;
                }
            }
            Ok(length) = server.read(&mut answered) => {
                if length == 0 || client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_at_the_commit_leaves_all_or_nothing_and_says_that_it_does_not_know() {
    let server = MariaDb::start().await;
    let url = server.create_database().await;
    let watching = connect(&url, options()).await.unwrap();
    watching.migrate().await.unwrap();
    let (at_commit, told) = watch::channel(AtCommit::Pass);
    let address = proxy(server.port(), told).await;
    let url = url.replace(&server.port().to_string(), &address.port().to_string());
    let bare = MysqlOptions { tls: MysqlTls::Off, statement_timeout: SOON * 10, ..options() };
    let mysql = connect(&url, bare).await.unwrap();
    change(&mysql, None, "a").await.unwrap();
    assert_eq!(made(&watching).await, 1);
    for (fault, expected) in [(AtCommit::CutBefore, 1), (AtCommit::CutAfter, 2)] {
        at_commit.send_replace(fault);
        let unknown = change(&mysql, Some(1), "b").await.unwrap_err();
        assert!(matches!(unknown, StoreError::Unavailable(_)), "{fault:?}: {unknown:?}");
        at_commit.send_replace(AtCommit::Pass);
        assert_eq!(made(&watching).await, expected, "{fault:?}");
    }
    // Who looks before trying again finds out; who does not is told that it does not fit.
    let again = change(&mysql, Some(1), "b").await.unwrap_err();
    assert!(matches!(again, StoreError::Conflict { .. }), "{again:?}");
    change(&mysql, Some(2), "c").await.unwrap();
    assert_eq!(made(&watching).await, 3);
}

/// Makes changes until one fails; answers how many were made, and how the last failed.
async fn until_it_fails(mysql: &Mysql, who: usize, count: &watch::Sender<u64>) -> (u64, StoreError) {
    for n in 0.. {
        let live = mysql.live("stage").await.ok().flatten().map(|live| live.version);
        match change(mysql, live, &format!("{who} {n}")).await {
            Ok(_) => count.send_modify(|count| *count += 1),
            // Another's change came between.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return (n, error),
        }
    }
    unreachable!("it never fails")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_amid_changes_leaves_each_whole_or_not_made() {
    let server = MariaDb::start().await;
    let mysql = Arc::new(connect(&server.create_database().await, options()).await.unwrap());
    mysql.migrate().await.unwrap();
    let mut before = 0;
    for round in 0..3 {
        let (count, mut counted) = watch::channel(0);
        let writers = (0..4).map(|who| {
            let (mysql, count) = (Arc::clone(&mysql), count.clone());
            tokio::spawn(async move { until_it_fails(&mysql, round * 10 + who, &count).await })
        });
        let writers: Vec<_> = writers.collect();
        counted.wait_for(|count| *count >= 10 + round as u64).await.unwrap();
        server.kill();
        for outcome in join_all(writers).await {
            let (_, error) = outcome.unwrap();
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        }
        server.restart().await;
        until("the database answers again", Duration::from_secs(20), async || mysql.ping().await.is_ok())
            .await;
        let told = *counted.borrow();
        let (made, tried) = (made(&mysql).await - before, told + 4);
        assert!((told..=tried).contains(&made), "{told} were told of, {made} are there");
        before += made;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_waits_too_long_for_another_is_not_made() {
    let url = fresh_database().await;
    let mysql = connect(&url, options()).await.unwrap();
    mysql.migrate().await.unwrap();
    let mut other = beside(&url).await;
    other.execute("START TRANSACTION; SELECT seq FROM audit_head FOR UPDATE").await.unwrap();
    let started = Instant::now();
    let late = change(&mysql, None, "a").await.unwrap_err();
    assert!(matches!(late, StoreError::Unavailable(_)), "{late:?}");
    assert!(started.elapsed() < SOON * 4, "{:?}", started.elapsed());
    // Reading waits for nobody.
    assert_eq!(mysql.audit_head().await.unwrap(), None);
    other.execute("COMMIT").await.unwrap();
    until("the change is made", Duration::from_secs(20), async || change(&mysql, None, "a").await.is_ok())
        .await;
    assert_eq!(made(&mysql).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_ended_for_another_s_sake_is_made_again_once() {
    let url = fresh_database().await;
    let patient = MysqlOptions { statement_timeout: Duration::from_secs(20), ..options() };
    let mysql = connect(&url, patient).await.unwrap();
    mysql.migrate().await.unwrap();
    mysql.commit(line(), vec![add_user("a"), add_user("b")]).await.unwrap();
    let (mut other, mut watch) = (beside(&url).await, beside(&url).await);
    // The other holds a person, and has more to lose.
    let heavy = "START TRANSACTION;
        INSERT INTO client_ltv (client_id, ltv)
          SELECT concat(column_name, '.', table_name, '.', ordinal_position), 1
          FROM information_schema.columns WHERE table_schema = database();
        UPDATE users SET email = 'other' WHERE name = 'b'";
    other.execute(heavy).await.unwrap();
    let ours = tokio::spawn({
        let mysql = mysql.clone();
        let disable = |name: &str| Step::SetDisabled { name: name.to_owned(), disabled: true };
        let steps = vec![Step::AddProposal(proposal(0.6)), disable("a"), disable("b")];
        async move { mysql.commit(line(), steps).await }
    });
    let waiting = "SELECT count(*) + 0 * sleep(0.15) FROM information_schema.innodb_trx
        JOIN information_schema.processlist ON id = trx_mysql_thread_id
        WHERE db = database() AND trx_state = 'LOCK WAIT'";
    until_one_waits(&mut watch, waiting).await;
    // Now each waits for the other, and the server ends ours.
    other.execute("SELECT seq FROM audit_head FOR UPDATE; COMMIT").await.unwrap();
    let made = ours.await.unwrap().unwrap();
    assert_eq!((made.audit.seq, made.proposal.unwrap().id), (2, 1));
    assert!(Users::list(&mysql).await.unwrap().iter().all(|user| user.disabled));
    assert_eq!(Users::find(&mysql, "b").await.unwrap().unwrap().email.as_deref(), Some("other"));
    assert_eq!(mysql.proposals(None, 10).await.unwrap().len(), 1);
    assert_eq!(verify_audit(&mysql).await.unwrap().lines, 2);
}
