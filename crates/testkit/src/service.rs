//! A service as a child process of its own: started on a port that it keeps, asked, stopped, killed, started
//! again.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take before a test gives up: debug builds verify bundles slowly.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// How a service is started.
#[derive(Debug, Clone)]
pub struct ServiceBuilder {
    program: PathBuf,
    port: u16,
    log: PathBuf,
    variables: Vec<(String, String)>,
}

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// Where it is, as `http://127.0.0.1:PORT`.
    pub url: String,
    log: PathBuf,
}

/// A port that nobody has at the moment.
///
/// # Panics
/// If there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

/// A program of an image's name, in the folder that `BELLWETHER_TEST_PROGRAMS` names, or beside the program
/// `beside`.
///
/// # Panics
/// If it was not built: a test that cannot run must not pass.
pub fn program(beside: &str, name: &str) -> PathBuf {
    let folder = std::env::var_os("BELLWETHER_TEST_PROGRAMS").map(PathBuf::from);
    let program = folder.map_or_else(|| Path::new(beside).with_file_name(name), |folder| folder.join(name));
    assert!(program.is_file(), "{} is missing: run cargo build --workspace --bins", program.display());
    program
}

impl ServiceBuilder {
    /// The program, listening at a free port by the setting `bind` (as `SERVER__BIND`), its log in `folder`.
    pub fn new(program: PathBuf, bind: &str, folder: &Path) -> Self {
        let port = free_port();
        let name = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            program,
            port,
            log: folder.join(format!("{name}-{port}.log")),
            variables: vec![(format!("BELLWETHER__{bind}"), format!("127.0.0.1:{port}"))],
        }
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Sets a setting, as `DATABASE__URL`.
    #[must_use]
    pub fn setting(self, key: &str, value: impl Into<String>) -> Self {
        self.variable(&format!("BELLWETHER__{key}"), value)
    }

    /// Starts it, and does not wait for anything.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn spawn(&self) -> Service {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).expect("a log can be written");
        let child = Command::new(&self.program)
            .envs(self.variables.iter().cloned())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program can be started");
        Service { child, url: format!("http://127.0.0.1:{}", self.port), log: self.log.clone() }
    }

    /// Starts it and waits until `/ready` says yes.
    ///
    /// # Panics
    /// If it does not come up; with what it logged.
    pub async fn start(&self) -> Service {
        let mut service = self.spawn();
        let begun = Instant::now();
        while !service.is_ready().await {
            let ended = service.child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "it ended ({ended:?}); it logged:\n{}", service.log());
            assert!(begun.elapsed() < START_TIMEOUT, "it does not come up; it logged:\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        service
    }
}

impl Service {
    /// Whether it may be sent requests.
    pub async fn is_ready(&self) -> bool {
        let asked = crate::http::get(&format!("{}/ready", self.url)).await;
        asked.is_ok_and(|answer| answer.status() == 200)
    }

    /// What it logged, in every life so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, as `STOP`.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// `kill -9`, and waits for the end.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().expect("it ends")
    }

    /// Waits until it ends by itself; none if that takes longer than `patience`.
    ///
    /// # Panics
    /// If it cannot be asked.
    pub async fn ends(&mut self, patience: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

/// Sends a signal to a process.
///
/// # Panics
/// If the system refuses.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "process {process} can be sent SIG{name}");
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already; a stopped one is killed all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
