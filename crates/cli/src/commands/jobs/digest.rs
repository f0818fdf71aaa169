//! `bellwether jobs digest`

use std::process::ExitCode;

use bellwether_jobs::order_flagged_digest;
use bellwether_store::{Clock as _, ConfigStore};

use super::Outbox;

/// Orders the digest of today (UTC), by hand: the same that workers order at worker.digest_at, so that of both one goes
/// out, unless another one is asked for.
pub(super) async fn run(
    outbox: &Outbox,
    configs: &dyn ConfigStore,
    environment: &str,
    again: bool,
) -> anyhow::Result<ExitCode> {
    let day = outbox.clock.now().date_naive();
    match order_flagged_digest(&outbox.emails, configs, environment, day, again).await? {
        Some(uid) => println!("the digest of {day} is ordered: {uid}"),
        None => println!("the digest of {day} was ordered before; --again orders another one"),
    }
    Ok(ExitCode::SUCCESS)
}
