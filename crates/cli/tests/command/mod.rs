//! The binary as a user runs it, on an embedded system that nothing else runs on.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bellwether_store::sqlite::{Sqlite, SqliteOptions};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) ok: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A command with its arguments and the shipped models.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args(args).env("BELLWETHER__MODELS__PATH", MODELS);
    command
}

/// Runs a command to its end, with `input` on its standard input.
pub(crate) fn run(mut command: Command, input: &str) -> Ran {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // It may end without having read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        ok: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An embedded system's folder with a migrated database.
pub(crate) struct System {
    folder: tempfile::TempDir,
    pub(crate) database: Sqlite,
}

impl System {
    pub(crate) async fn migrated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let ran = run(command(&["migrate", "--data-dir", data.to_str().unwrap()]), "");
        assert!(ran.ok, "{ran:?}");
        Self { database: open(&data).await, folder }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Runs a command on it.
    pub(crate) fn run(&self, args: &[&str], input: &str) -> Ran {
        let mut command = command(args);
        command.arg("--data-dir").arg(self.data());
        run(command, input)
    }

    /// A command on its database by settings, as in production, and without an archive.
    pub(crate) fn command_by_settings(&self, args: &[&str]) -> Command {
        let url = format!("sqlite://{}", self.data().join("prod/bellwether.sqlite").display());
        let mut command = command(args);
        let settings =
            [("ENVIRONMENT", "prod"), ("AUTH__MODE", "off"), ("ARCHIVE__URL", ""), ("DATABASE__URL", &url)];
        command.envs(settings.map(|(key, value)| (format!("BELLWETHER__{key}"), value.to_owned())));
        command
    }
}

/// The prod database below a data folder.
pub(crate) async fn open(data: &Path) -> Sqlite {
    let path = data.join("prod/bellwether.sqlite");
    Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap()
}
