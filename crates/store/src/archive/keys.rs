//! Every key of a folder, page after page.

use super::{ArchiveError, ArchiveStore, LIST_PAGE};

/// Reads pages of keys, in order. Objects may be rewritten and removed between pages.
pub(super) struct Pages<'a> {
    store: &'a dyn ArchiveStore,
    folder: &'a str,
    last: Option<String>,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(store: &'a dyn ArchiveStore, folder: &'a str) -> Self {
        Self { store, folder, last: None, ended: false }
    }

    /// The next page; empty after the last.
    pub(super) async fn next(&mut self) -> Result<Vec<String>, ArchiveError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let page = self.store.list(self.folder, self.last.as_deref()).await?;
        self.ended = page.len() < LIST_PAGE;
        self.last = page.last().cloned().or(self.last.take());
        Ok(page)
    }
}
