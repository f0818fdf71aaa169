//! How a journal is opened.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an acknowledged append outlives (`journal.sync`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalSync {
    /// `kill -9` of any process: the operating system has the bytes. A power cut or a kernel crash may
    /// lose the last moments, never more than was written since the last checkpoint, and never damages
    /// the file. Costs no fsync: about 0.1 ms an append.
    #[default]
    Os,
    /// A power cut too, as far as the disk tells the truth. Costs an fsync a commit, which concurrent
    /// appends share: 0.1 to 10 ms, by the disk.
    Disk,
}

impl FromStr for JournalSync {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "os" => Ok(Self::Os),
            "disk" => Ok(Self::Disk),
            _ => Err("expected `os` or `disk`".to_owned()),
        }
    }
}

/// A journal's bounds and promises.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// What an acknowledged append outlives.
    pub sync: JournalSync,
    /// How large the file may grow, in bytes, beside the write-ahead log; default 8 GiB, some three million
    /// predictions. Appends fail with `Full` from there on.
    pub max_bytes: u64,
    /// How large the write-ahead log should grow, in bytes; default 64 MiB. It is copied into the file
    /// each time it has grown by a quarter of this; where it cannot start over by then because appends
    /// never pause, it is made to, which holds them up for an fsync.
    pub log_bytes: u64,
    /// Appends fail with `Full` while the disk has less room left than this, in bytes; default 96 MiB: the
    /// write-ahead log, and what it takes to move entries on and forget them. Without it a full disk could not
    /// be emptied by the very deliveries that empty the journal.
    pub reserve_bytes: u64,
    /// How many appends may wait for the next commit; default 4,096.
    pub queue: usize,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            sync: JournalSync::Os,
            max_bytes: 8 << 30,
            log_bytes: 64 << 20,
            reserve_bytes: 96 << 20,
            queue: 4096,
        }
    }
}
