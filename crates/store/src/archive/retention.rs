//! Lets go of old days.

use chrono::NaiveDate;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::keys::Pages;
use super::object::{ENDING, day_of};
use super::{ArchiveError, ArchiveStore};

const CONCURRENCY: usize = 16;

/// Removes an environment's objects of the days (UTC) before `day`; answers how many. May be stopped and repeated at
/// any time. `progress` is told how many were removed so far.
///
/// # Errors
/// [`ArchiveError`]; what was removed by then stays so.
pub async fn delete_days_before(
    store: &dyn ArchiveStore,
    environment: &str,
    day: NaiveDate,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, ArchiveError> {
    let mut removed = 0;
    let mut pages = Pages::new(store, environment);
    loop {
        let page = pages.next().await?;
        // A loop: a stream over closures that borrow would not be Send for a task of its own.
        let (mut deletions, mut kept) = (Vec::new(), false);
        for key in &page {
            match day_of(key).filter(|_| key.ends_with(ENDING)) {
                Some(of) if of < day => deletions.push(store.delete(key)),
                Some(_) => kept = true,
                None => {}
            }
        }
        let mut done = stream::iter(deletions).buffer_unordered(CONCURRENCY);
        while done.try_next().await?.is_some() {
            removed += 1;
            progress(removed);
        }
        // Days are in order: after one that is kept, all are.
        if page.is_empty() || kept {
            return Ok(removed);
        }
    }
}
