//! Puts emails into a folder instead of sending them: one file each, by uid.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt;

use crate::{Letter, Mailer, Outcome, SendError};

/// Writes `<uid>.eml`. A letter sent again replaces its file, so the folder shows each once.
#[derive(Debug)]
pub struct FolderMailer {
    folder: PathBuf,
}

impl FolderMailer {
    /// A mailer into this folder, which it creates when it first writes.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn unreachable(&self, error: &io::Error) -> SendError {
        SendError::Unreachable(format!("{}: {error}", self.folder.display()))
    }

    /// Under another name first, so that no reader sees half a file.
    async fn write(&self, letter: &Letter) -> io::Result<()> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let unfinished = self.folder.join(format!(".{}.unfinished", letter.uid));
        let mut file = tokio::fs::File::create(&unfinished).await?;
        file.write_all(&letter.bytes).await?;
        file.sync_all().await?;
        tokio::fs::rename(&unfinished, self.folder.join(format!("{}.eml", letter.uid))).await
    }
}

#[async_trait]
impl Mailer for FolderMailer {
    async fn send(&self, letter: &Letter) -> Result<Outcome, SendError> {
        match self.write(letter).await {
            Ok(()) => Ok(Outcome { delivered: letter.to.clone(), ..Outcome::default() }),
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    async fn check(&self) -> Result<(), SendError> {
        let probe = self.folder.join(".check");
        let written = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            tokio::fs::write(&probe, b"").await?;
            tokio::fs::remove_file(&probe).await
        };
        written.await.map_err(|error| self.unreachable(&error))
    }
}
