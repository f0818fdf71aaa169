//! One server process on a port of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::certificates::Certificates;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct RedisBuilder {
    password: Option<String>,
    tls: bool,
    /// Given, where several servers bear the same.
    certificates: Option<Certificates>,
    cluster: bool,
}

impl RedisBuilder {
    /// Demands a password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Speaks TLS only.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Is to be a node of a cluster whose nodes share certificates in a folder.
    pub(super) fn node(mut self, folder: &Path) -> Self {
        self.cluster = true;
        self.certificates = self.tls.then(|| Certificates::write(folder));
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// If it does not: is redis-server installed?
    pub fn start(self) -> RedisProcess {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let given = self.certificates.clone();
        let certificates = given.or_else(|| self.tls.then(|| Certificates::write(folder.path())));
        let mut last = String::new();
        // A port that is free now may be another's a moment later.
        for _ in 0..5 {
            let ports = (free_port(), free_port());
            let mut redis = RedisProcess {
                options: self.clone(),
                folder: None,
                certificates: certificates.clone(),
                ports,
                child: None,
            };
            match redis.launch(folder.path()) {
                Ok(()) => {
                    redis.folder = Some(folder);
                    return redis;
                }
                Err(why) => last = why,
            }
        }
        panic!("redis-server does not start: {last}");
    }
}

/// What a restart leaves of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// All of it.
    Data,
    /// None of it.
    Nothing,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct RedisProcess {
    options: RedisBuilder,
    /// There once it runs.
    folder: Option<TempDir>,
    certificates: Option<Certificates>,
    /// Of the server, and of the cluster's own talk.
    ports: (u16, u16),
    child: Option<Child>,
}

impl RedisProcess {
    /// Starts a plain server.
    pub fn start() -> Self {
        RedisBuilder::default().start()
    }

    /// Where it is, with the password.
    pub fn url(&self) -> String {
        match &self.options.password {
            Some(password) => self.url_with(&format!(":{password}@")),
            None => self.url_with(""),
        }
    }

    /// Where it is, without the password.
    pub fn bare_url(&self) -> String {
        self.url_with("")
    }

    fn url_with(&self, login: &str) -> String {
        let scheme = if self.options.tls { "rediss" } else { "redis" };
        format!("{scheme}://{login}127.0.0.1:{}", self.ports.0)
    }

    pub(super) fn port(&self) -> String {
        self.ports.0.to_string()
    }

    pub(super) fn bus_port(&self) -> String {
        self.ports.1.to_string()
    }

    /// The certificate to trust, where it speaks TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.certificates.as_ref().map(|certificates| certificates.authority.as_path())
    }

    /// SIGSTOP: it takes connections, and never answers.
    pub fn stop_process(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn continue_process(&self) {
        self.signal("-CONT");
    }

    /// `kill -9`, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Kills it where it runs, and starts it at the same address.
    pub fn restart(&mut self, kept: Kept) {
        self.kill();
        let folder = self.folder.as_ref().expect("it ran before").path().to_owned();
        if kept == Kept::Nothing {
            // It may have written nothing yet.
            let _ = std::fs::remove_dir_all(folder.join("appendonlydir"));
        }
        self.launch(&folder).expect("it starts again");
    }

    /// Runs one command through redis-cli; answers what it prints.
    ///
    /// # Panics
    /// If the command fails.
    pub fn cli(&self, arguments: &[&str]) -> String {
        self.cli_as(self.options.password.as_deref().unwrap_or(""), arguments)
    }

    /// Runs one command with another password than it was started with.
    ///
    /// # Panics
    /// If the command fails.
    pub fn cli_as(&self, password: &str, arguments: &[&str]) -> String {
        let output = self.run_cli(password, arguments);
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(output.status.success(), "{arguments:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
        text
    }

    fn run_cli(&self, password: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.ports.0.to_string(), "--no-auth-warning"]);
        if !password.is_empty() {
            command.args(["-a", password]);
        }
        if let Some(authority) = self.ca_file() {
            command.arg("--tls").arg("--cacert").arg(authority);
        }
        command.args(arguments).output().expect("redis-cli is there: run scripts/install-test-tools")
    }

    fn launch(&mut self, folder: &Path) -> Result<(), String> {
        let log = folder.join("redis.log");
        let child = self.command(folder, &log).spawn();
        let child = child.expect("redis-server is there: run scripts/install-test-tools");
        self.child = Some(child);
        let password = self.options.password.clone().unwrap_or_default();
        let begun = Instant::now();
        while self.run_cli(&password, &["ping"]).stdout != b"PONG\n" {
            let ended = self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || begun.elapsed() > PATIENCE {
                self.kill();
                return Err(std::fs::read_to_string(&log).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn command(&self, folder: &Path, log: &Path) -> Command {
        let (port, bus) = (self.ports.0.to_string(), self.ports.1.to_string());
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--loglevel", "warning"]);
        command.arg("--dir").arg(folder).arg("--logfile").arg(log);
        match &self.certificates {
            None => command.args(["--port", &port]),
            Some(Certificates { authority, certificate, key }) => {
                command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                command.arg("--tls-ca-cert-file").arg(authority);
                command.arg("--tls-cert-file").arg(certificate).arg("--tls-key-file").arg(key)
            }
        };
        if let Some(password) = &self.options.password {
            command.args(["--requirepass", password, "--masterauth", password]);
        }
        if self.options.cluster {
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus]);
            command.args(["--cluster-node-timeout", "2000"]);
            command.args(["--tls-cluster", if self.options.tls { "yes" } else { "no" }]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "it can be sent {signal}");
    }

    /// Where it keeps its files.
    pub fn folder(&self) -> PathBuf {
        self.folder.as_ref().expect("it runs").path().to_owned()
    }
}

impl Drop for RedisProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
