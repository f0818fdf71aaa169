//! What every carrier of config changes does.

use std::time::Duration;

use bellwether_store::ConfigChanges;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::timeout;

/// Within this a change has reached everyone.
const SOON: Duration = Duration::from_secs(1);
/// So long nothing comes where nothing was announced.
const SILENCE: Duration = Duration::from_millis(300);

/// Takes what may come at first, since a message may have been missed until a listener listens.
async fn settled(changes: &impl ConfigChanges, environment: &str) -> BoxStream<'static, ()> {
    let mut heard = changes.listen(environment);
    while timeout(SILENCE, heard.next()).await.is_ok() {}
    heard
}

pub(crate) async fn a_change_reaches_everyone_who_listens(changes: &impl ConfigChanges) {
    let mut first = settled(changes, "stage").await;
    let mut second = settled(changes, "stage").await;
    for _ in 0..3 {
        changes.announce("stage").await.unwrap();
        timeout(SOON, first.next()).await.unwrap().unwrap();
        timeout(SOON, second.next()).await.unwrap().unwrap();
    }
}

pub(crate) async fn environments_hear_only_their_own_changes(changes: &impl ConfigChanges) {
    let mut stage = settled(changes, "stage").await;
    let mut prod = settled(changes, "prod").await;
    changes.announce("prod").await.unwrap();
    timeout(SOON, prod.next()).await.unwrap().unwrap();
    assert!(timeout(SILENCE, stage.next()).await.is_err());
}

pub(crate) async fn many_changes_are_one_item_at_least(changes: &impl ConfigChanges) {
    let mut heard = settled(changes, "stage").await;
    for _ in 0..100 {
        changes.announce("stage").await.unwrap();
    }
    timeout(SOON, heard.next()).await.unwrap().unwrap();
}

pub(crate) async fn a_change_that_nobody_hears_is_no_error(changes: &impl ConfigChanges) {
    changes.announce("stage").await.unwrap();
}
