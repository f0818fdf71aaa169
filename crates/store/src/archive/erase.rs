//! Takes a client out of the archive.

use std::borrow::Cow;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

use super::keys::Pages;
use super::object::{ENDING, compressed, decompressed, lines};
use super::{ArchiveError, ArchiveOperation, ArchiveStore};

/// Objects under way at once: enough that the network's delay does not add up.
const CONCURRENCY: usize = 8;

/// What an erasure did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Objects that were written anew without the client, or removed because nothing else was in them.
    pub objects_rewritten: u64,
    /// The client's records that were in them.
    pub records_removed: u64,
    /// Lines that no record can be read from, and that were left as they are: whose they are cannot be told.
    pub lines_unreadable: u64,
}

impl Erased {
    fn add(&mut self, other: Self) {
        self.objects_rewritten += other.objects_rewritten;
        self.records_removed += other.records_removed;
        self.lines_unreadable += other.lines_unreadable;
    }
}

/// Removes a client's records from every object of an environment. An object is replaced whole, so that this may be
/// stopped and repeated at any time; repeating it finds what came in the meantime, as from a journal that had the
/// client's records still to deliver. `progress` is told how many objects have been looked at.
///
/// # Errors
/// [`ArchiveError`]; what was rewritten by then stays so.
pub async fn erase_client(
    store: &dyn ArchiveStore,
    environment: &str,
    client_id: &str,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Erased, ArchiveError> {
    let (mut erased, mut seen) = (Erased::default(), 0);
    let mut pages = Pages::new(store, environment);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(erased);
        }
        let objects = page.into_iter().filter(|key| key.ends_with(ENDING));
        let work = objects.map(|key| erase_from(store, key, client_id));
        let mut done = stream::iter(work).buffer_unordered(CONCURRENCY);
        while let Some(one) = done.try_next().await? {
            erased.add(one);
            seen += 1;
            progress(seen);
        }
    }
}

async fn erase_from(store: &dyn ArchiveStore, key: String, client_id: &str) -> Result<Erased, ArchiveError> {
    let Some(bytes) = store.get(&key).await? else { return Ok(Erased::default()) };
    let failed = |operation, reason: String| ArchiveError::new(operation, &key, reason);
    let text = decompressed(bytes).await.map_err(|reason| failed(ArchiveOperation::Get, reason))?;
    let (kept, mut erased) = without(&text, client_id);
    if erased.records_removed == 0 {
        return Ok(erased);
    }
    erased.objects_rewritten = 1;
    if kept.is_empty() {
        store.delete(&key).await?;
    } else {
        let bytes = compressed(kept).await.map_err(|reason| failed(ArchiveOperation::Put, reason))?;
        store.put(&key, bytes).await?;
    }
    Ok(erased)
}

/// Of a record, whose it is.
#[derive(Deserialize)]
struct Owned<'a> {
    #[serde(borrow)]
    client_id: Option<Cow<'a, str>>,
}

/// The lines that are not the client's.
fn without(text: &[u8], client_id: &str) -> (Vec<u8>, Erased) {
    let (mut kept, mut erased) = (Vec::with_capacity(text.len()), Erased::default());
    for line in lines(text) {
        match serde_json::from_slice::<Owned>(line) {
            Ok(record) if record.client_id.as_deref() == Some(client_id) => {
                erased.records_removed += 1;
                continue;
            }
            Ok(_) => {}
            Err(_) => erased.lines_unreadable += 1,
        }
        kept.extend_from_slice(line);
        kept.push(b'\n');
    }
    (kept, erased)
}
