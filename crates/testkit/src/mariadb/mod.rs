//! A throwaway MariaDB: real, on a free port, in a folder of its own, and gone with whoever started it.

mod certificates;
mod dump;
mod process;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use process::Process;

/// Who may do everything, from anywhere.
const USER: &str = "bellwether";
const PASSWORD: &str = "a test's password";

/// How long a server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills it.
pub struct MariaDb {
    // Before the folder, so that the process ends first.
    process: Mutex<Option<Process>>,
    folder: TempDir,
    port: u16,
    tls: bool,
}

impl MariaDb {
    /// Starts a server that knows no TLS.
    pub async fn start() -> Self {
        Self::start_with(false).await
    }

    /// Starts a server that offers TLS as `localhost`, certified by the authority in [`MariaDb::ca_file`].
    pub async fn start_with_tls() -> Self {
        Self::start_with(true).await
    }

    async fn start_with(tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        drop(listener);
        if tls {
            certificates::write(folder.path());
        }
        let first = format!(
            "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{}';\n\
             GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n",
            PASSWORD.replace('\'', "''")
        );
        std::fs::write(folder.path().join("first.sql"), first).expect("the first statements are written");
        // A server that starts clears temporary tables away, those of others too.
        std::fs::create_dir(folder.path().join("tmp")).expect("a folder for temporary tables");
        let server = Self { process: Mutex::new(None), folder, port, tls };
        server.install().await;
        server.restart().await;
        server
    }

    /// Makes the system tables.
    async fn install(&self) {
        let output = tokio::process::Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg(self.option("datadir", "data"))
            .arg(self.option("tmpdir", "tmp"))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(as_root().then_some("--user=root"))
            .stdin(Stdio::null())
            .output()
            .await
            .expect("mariadb-install-db is there: run scripts/install-test-tools");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn option(&self, name: &str, file: &str) -> String {
        format!("--{name}={}", self.folder.path().join(file).display())
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "--no-defaults".to_owned(),
            self.option("datadir", "data"),
            self.option("tmpdir", "tmp"),
            self.option("socket", "socket"),
            self.option("pid-file", "pid"),
            self.option("init-file", "first.sql"),
            format!("--port={}", self.port),
        ];
        // Small and quick; what was committed survives the process, if not the machine.
        let quick = "--bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin --innodb-log-file-size=16M \
                     --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=2";
        arguments.extend(quick.split_whitespace().map(str::to_owned));
        if as_root() {
            arguments.push("--user=root".to_owned());
        }
        if self.tls {
            arguments.extend([
                self.option("ssl-ca", certificates::CA),
                self.option("ssl-cert", certificates::CERTIFICATE),
                self.option("ssl-key", certificates::KEY),
            ]);
        }
        arguments
    }

    /// Starts a server that was killed, on the same port and the same data, and waits until it answers.
    pub async fn restart(&self) {
        let process = Process::start("mariadbd", &self.arguments(), self.folder.path());
        *self.process() = Some(process);
        let answers = async {
            while self.try_execute("DO 1").await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let answered = tokio::time::timeout(START_TIMEOUT, answers).await;
        assert!(answered.is_ok(), "the server does not answer:\n{}", end_of(&self.folder.path().join("log")));
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `kill -9`, and waits for the end.
    pub fn kill(&self) {
        self.process().take().expect("the server runs").kill();
    }

    /// SIGSTOP: the server holds its connections and answers nothing.
    pub fn stop_process(&self) {
        self.process().as_ref().expect("the server runs").signal("STOP");
    }

    /// SIGCONT.
    pub fn continue_process(&self) {
        self.process().as_ref().expect("the server runs").signal("CONT");
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file of the authority that certified a server with TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join(certificates::CA)
    }

    /// The URL of a database, with a user who may do everything.
    pub fn url(&self, database: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!("mysql://{USER}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database without user and password.
    pub fn bare_url(&self, database: &str) -> String {
        format!("mysql://127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; answers its URL.
    pub async fn create_database(&self) -> String {
        let name = database_name();
        self.execute(&format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    /// Runs a statement as the user who may do everything.
    ///
    /// # Panics
    /// If it fails.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        execute(&self.url(""), sql).await
    }
}

/// An empty database on the server that this test binary shares, or on the one that
/// `BELLWETHER_TEST_MYSQL_URL` names (user and password included); answers its URL.
pub async fn fresh_database() -> String {
    static SHARED: OnceCell<MariaDb> = OnceCell::const_new();
    match std::env::var("BELLWETHER_TEST_MYSQL_URL") {
        Ok(server) => {
            let name = database_name();
            let created = execute(&server, &format!("CREATE DATABASE {name}")).await;
            created.unwrap_or_else(|error| panic!("BELLWETHER_TEST_MYSQL_URL: {error}"));
            format!("{}/{name}", server.trim_end_matches('/'))
        }
        Err(_) => SHARED.get_or_init(MariaDb::start).await.create_database().await,
    }
}

async fn execute(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnectOptions::from_str(url)?.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

fn database_name() -> String {
    let number: u128 = rand::random();
    format!("test_{number:032x}")
}

/// The server refuses to run as root unless it is told to.
fn as_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id is there");
    id.stdout.trim_ascii() == b"0"
}

/// The last lines of a server's log, for a test that gives up.
fn end_of(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
