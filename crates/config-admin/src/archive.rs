//! Every line of the audit log goes to the archive, in order, one object each: `audit/dt=YYYY-MM-DD/SEQ.json`. A line
//! holds what was changed whole, so that the archive alone tells every change there was.

use std::time::Duration;

use bellwether_store::archive::ArchiveStore;
use bellwether_store::console::AuditEntry;
use tokio_util::sync::CancellationToken;

use crate::console::Console;

/// Lines that are read at a time.
const PAGE: u32 = 100;
/// How often new lines are looked for, where no bell rings.
const LOOK: Duration = Duration::from_secs(5);
/// Between two tries where database or archive are away, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Archives the audit log.
pub struct Archiver {
    console: Console,
}

impl Archiver {
    /// An archiver of a console's audit log. Without an archive it does nothing.
    pub fn new(console: Console) -> Self {
        Self { console }
    }

    /// Archives every line until `stop` is cancelled; what is left then is archived by the next process.
    pub async fn run(self, stop: CancellationToken) {
        let Some(archive) = self.console.parts().archive.clone() else { return };
        stop.run_until_cancelled(self.keep_on(&*archive)).await;
    }

    async fn keep_on(&self, archive: &dyn ArchiveStore) {
        let mut pause = PAUSES.0;
        loop {
            match self.archive_page(archive).await {
                Ok(0) => {
                    pause = PAUSES.0;
                    let _ = tokio::time::timeout(LOOK, self.console.bells().audit.notified()).await;
                }
                Ok(_) => pause = PAUSES.0,
                Err(reason) => {
                    tracing::warn!(reason, "the audit log cannot be archived; it is tried again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    /// Archives the lines that follow what is archived; answers how many. A line that is written twice is the same
    /// both times.
    async fn archive_page(&self, archive: &dyn ArchiveStore) -> Result<usize, String> {
        let database = self.console.database();
        let after = database.archived_up_to().await.map_err(|error| error.to_string())?;
        let lines = database.lines(after, PAGE).await.map_err(|error| error.to_string())?;
        for line in &lines {
            let json = serde_json::to_vec(line).map_err(|error| error.to_string())?;
            archive.put(&key(line), json).await.map_err(|error| error.reason())?;
        }
        if let Some(last) = lines.last() {
            database.note_archived(last.seq).await.map_err(|error| error.to_string())?;
        }
        Ok(lines.len())
    }
}

/// Where a line lies in the archive.
fn key(line: &AuditEntry) -> String {
    format!("audit/dt={}/{:012}.json", line.at.format("%Y-%m-%d"), line.seq)
}
