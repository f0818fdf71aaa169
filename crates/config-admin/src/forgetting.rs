//! The background task that forgets replicas that are long gone, so that a machine that died holds up no promotion for
//! ever. What is gone, and how it is forgotten, is in [`crate::console`].

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::console::Console;

/// How often replicas are looked through.
const LOOK: Duration = Duration::from_secs(600);

/// Forgets replicas that are gone.
pub struct Forgetter {
    console: Console,
}

impl Forgetter {
    /// One for a console's environments.
    pub fn new(console: Console) -> Self {
        Self { console }
    }

    /// Looks at once and then every ten minutes, until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(Box::pin(self.keep_on())).await;
    }

    async fn keep_on(&self) {
        loop {
            let forgotten = self.console.forget_the_gone().await;
            if forgotten > 0 {
                tracing::info!(forgotten, "replicas that had been silent for a day were forgotten");
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
