//! `bellwether up` as a child process: started on free ports, asked, killed, started again.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a start may take before a test gives up: debug builds verify bundles slowly.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A running embedded system. Dropping it kills it.
#[derive(Debug)]
pub struct Embedded {
    child: Child,
    /// Where the prod api is, as `http://127.0.0.1:PORT`.
    pub api: String,
    /// Where the stage api is.
    pub stage: String,
    /// Where the config console is.
    pub console: String,
    /// All lines it printed until it was up.
    pub printed: String,
    data: PathBuf,
}

/// How an embedded system is started.
#[derive(Debug, Clone)]
pub struct EmbeddedBuilder {
    program: PathBuf,
    data: PathBuf,
    variables: Vec<(String, String)>,
}

impl EmbeddedBuilder {
    /// The program, and where it keeps its data.
    pub fn new(program: &str, data: &Path) -> Self {
        Self { program: program.into(), data: data.to_owned(), variables: Vec::new() }
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it and waits until it says that it is up.
    ///
    /// # Panics
    /// If it does not come up; with what it printed.
    pub fn start(&self) -> Embedded {
        let log = self.data.with_extension("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log);
        let log = log.expect("the log beside the data can be opened");
        let mut child = Command::new(&self.program)
            .args(["up", "--port", "0", "--stage-port", "0", "--admin-port", "0", "--data-dir"])
            .arg(&self.data)
            .envs(self.variables.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program can be started");
        let stdout = child.stdout.take().expect("its output is piped");
        let printed = until_up(BufReader::new(stdout));
        let address = |label: &str| {
            let line = printed.lines().find(|line| line.contains(label));
            let word = line.and_then(|line| line.split_whitespace().find(|word| word.starts_with("http://")));
            word.unwrap_or_else(|| panic!("no address of {label} in:\n{printed}")).to_owned()
        };
        let (api, stage) = (address("api (prod)"), address("api (stage)"));
        let console = address("console");
        Embedded { child, api, stage, console, printed, data: self.data.clone() }
    }
}

/// Reads until the curl line has been printed, and goes on reading so that the child never blocks.
fn until_up(mut output: BufReader<std::process::ChildStdout>) -> String {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    let mut printed = String::new();
    while !printed.contains("curl ") {
        match receiver.recv_timeout(START_TIMEOUT) {
            Ok(line) => printed.push_str(&line),
            Err(error) => panic!("it did not come up ({error}); it printed:\n{printed}"),
        }
    }
    printed
}

impl Embedded {
    /// Where it keeps its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
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
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "it can be sent SIGTERM");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
