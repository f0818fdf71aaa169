//! The database, Redis and every journal's volume are lost at once, and come back from their backups as docs/backup.md
//! has it: a dump of the database, a copy of one journal, a snapshot of the other's volume; Redis comes back empty.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bellwether_core::config::EmailPolicy;
use bellwether_store::archive::FolderArchive;
use bellwether_store::mysql::Mysql;
use bellwether_store::{
    ConfigStore as _, Database as _, EmailJobState, EmailJobs, PredictionLog as _, Users,
};
use bellwether_testkit::mariadb::MariaDb;
use bellwether_testkit::redis::RedisProcess;
use bellwether_testkit::service::Service;
use bellwether_testkit::wait::until;
use sqlx::Connection as _;
use sqlx::mysql::MySqlConnection;
use uuid::Uuid;

use crate::world::{PATIENCE, World, archived, flows, load, mailed};

/// Runs a command of the cli to its end; answers what it printed.
fn bellwether(world: &World, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.envs(world.settings.iter().map(|(key, value)| (format!("BELLWETHER__{key}"), value)));
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "bellwether {arguments:?}: {told}");
    println!("  $ bellwether {}\n{told}", arguments.join(" "));
    told
}

fn volume(world: &World, replica: &str) -> PathBuf {
    world.folder.path().join(replica)
}

/// As a storage system takes a snapshot of a volume: every file of it as of one moment, in the midst of writing.
fn snapshot(volume: &Path, api: &Service, to: &Path) {
    api.signal("STOP");
    copy(volume, to);
    api.signal("CONT");
}

fn copy(folder: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

async fn are_sent(store: &Mysql, uids: &HashSet<Uuid>) -> bool {
    for uid in uids {
        let job = EmailJobs::find(store, *uid).await.unwrap();
        if job.is_none_or(|job| job.state != EmailJobState::Sent) {
            return false;
        }
    }
    true
}

async fn logged(store: &Mysql) -> HashSet<Uuid> {
    let records = store.recent(100_000).await.unwrap();
    records.iter().map(bellwether_core::prediction::LogRecord::uid).collect()
}

/// What was answered until when.
struct Answered {
    /// Logged, emailed and recorded as sent before any backup.
    settled: HashSet<Uuid>,
    /// Before the journals were copied, those above too. The rest of these reached only the journals.
    copied: HashSet<Uuid>,
    /// Until the disaster.
    all: HashSet<Uuid>,
}

struct Backups {
    dump: Vec<u8>,
    journal: PathBuf,
    volume: PathBuf,
}

/// A life with a backup in its midst, to its sudden end.
async fn first_life(world: &World) -> (Answered, Backups) {
    let (first, second, worker) = (world.api("api-0"), world.api("api-1"), world.worker());
    let (first, second, worker) = tokio::join!(first.start(), second.start(), worker.start());
    let load = load(&[&first, &second]);
    flows(&load, 40).await;
    let settled = load.so_far();
    let store = world.store().await;
    until("these are emailed", PATIENCE, async || are_sent(&store, &settled).await).await;
    // The database takes nothing for a while: what is answered now lies in the journals alone.
    let mut locked = MySqlConnection::connect(&world.database_url).await.unwrap();
    sqlx::query("FLUSH TABLES WITH READ LOCK").execute(&mut locked).await.unwrap();
    flows(&load, 40).await;
    let copied = load.so_far();
    let backups = Backups {
        journal: world.folder.path().join("journal-backup.sqlite"),
        volume: world.folder.path().join("volume-snapshot"),
        dump: Vec::new(),
    };
    // Journals first: what they have passed on is in the dump then, and what they have not is in their copies.
    let path = volume(world, "api-0").join("journal.sqlite");
    let (path, file) = (path.to_str().unwrap(), backups.journal.to_str().unwrap());
    bellwether(world, &["journal", "backup", file, "--path", path], "");
    snapshot(&volume(world, "api-1"), &second, &backups.volume);
    let backups = Backups { dump: world.mariadb.dump(&world.database_url), ..backups };
    sqlx::query("UNLOCK TABLES").execute(&mut locked).await.unwrap();
    flows(&load, 40).await;
    let met = load.stop().await;
    assert_eq!(met.failures(), [""; 0]);
    let archive = FolderArchive::new(world.folder.path().join("archive"));
    until("everything is in the archive", PATIENCE, async || {
        let counts = archived(&archive).await;
        met.answered.iter().all(|uid| counts.contains_key(uid))
    })
    .await;
    store.close().await;
    for service in [first, second, worker] {
        service.kill();
    }
    (Answered { settled, copied, all: met.answered }, backups)
}

/// Everything is gone but the archive, which is elsewhere; and is put back.
async fn restore(world: &mut World, backups: &Backups) {
    for replica in ["api-0", "api-1"] {
        fs::remove_dir_all(volume(world, replica)).unwrap();
    }
    world.mariadb = MariaDb::start().await;
    world.database_url = world.mariadb.create_database().await;
    world.mariadb.read_dump(&world.database_url, &backups.dump);
    world.redis = RedisProcess::start();
    world.set("DATABASE__URL", world.database_url.clone());
    world.set("REDIS__URL", world.redis.url());
    let path = volume(world, "api-0").join("journal.sqlite");
    let (path, file) = (path.to_str().unwrap(), backups.journal.to_str().unwrap());
    bellwether(world, &["journal", "restore", file, "--path", path], "");
    bellwether(world, &["migrate"], "");
    copy(&backups.volume, &volume(world, "api-1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_the_backups_comes_back_and_what_came_after_them_comes_from_the_archive() {
    let mut world = World::new(EmailPolicy::All).await;
    let today = chrono::Utc::now().date_naive().to_string();
    bellwether(&world, &["user", "add", "ada", "--role", "editor"], "correct horse battery\n");
    let version = world.store().await.live("prod").await.unwrap().unwrap().readable().unwrap().version;
    let (answered, backups) = first_life(&world).await;
    let Answered { settled, copied, all } = &answered;

    restore(&mut world, &backups).await;
    let store = world.store().await;
    let dumped = logged(&store).await;
    let from_journals = copied.difference(&dumped).count();
    assert!(settled.is_subset(&dumped), "the dump has what it can have");
    assert!(from_journals > 0, "the test shows nothing of the journals");
    let (first, second, worker) = (world.api("api-0"), world.api("api-1"), world.worker());
    let _services = tokio::join!(first.start(), second.start(), worker.start());
    until("the journals are relayed", PATIENCE, async || copied.is_subset(&logged(&store).await)).await;
    let lost = all.difference(&logged(&store).await).count();
    assert!(lost > 0, "the test shows nothing of the archive");
    bellwether(&world, &["restore-log", "--from", &today], "");
    assert!(all.is_subset(&logged(&store).await), "every answer is in the log again");
    println!(
        "restored: {} from the dump, {from_journals} from the journals, {lost} from the archive",
        dumped.len()
    );

    until("what was to be emailed is", PATIENCE, async || {
        let sent = mailed(&world.smtp.received());
        copied.iter().all(|uid| sent.contains_key(uid)) && are_sent(&store, copied).await
    })
    .await;
    let sent = mailed(&world.smtp.received());
    let twice = sent.values().filter(|count| **count == 2).count();
    println!("  {} emailed, {twice} of them twice: sent after the dump, and not known to it", sent.len());
    assert!(settled.iter().all(|uid| sent[uid] == 1), "what the dump knows as sent is not sent again");
    assert!(sent.values().all(|count| *count <= 2));

    let restored = store.live("prod").await.unwrap().unwrap().readable().unwrap();
    assert_eq!((restored.version, restored.document.email), (version, EmailPolicy::All));
    assert!(Users::find(&store, "ada").await.unwrap().is_some());
    bellwether(&world, &["audit", "verify"], "");
    let archive = FolderArchive::new(world.folder.path().join("archive"));
    until("the journals are archived", PATIENCE, async || {
        let counts = archived(&archive).await;
        logged(&store).await.iter().all(|uid| counts.contains_key(uid))
    })
    .await;
    let counts = archived(&archive).await;
    let twice = counts.values().filter(|count| **count == 2).count();
    println!("  {twice} predictions are in the archive twice, by both lives of a journal");
    assert!(counts.values().all(|count| *count <= 2));
}
