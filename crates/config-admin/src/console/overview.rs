//! Both environments as they are now.

use std::time::Duration;

use bellwether_core::change::differences;

use super::{Console, EnvironmentView, Overview};
use crate::environment::EnvironmentParts;

/// A database that says nothing is called away after this.
const PATIENCE: Duration = Duration::from_secs(3);

impl Console {
    /// Both environments side by side. Never fails, and takes three seconds at most: what cannot be reached is told.
    pub async fn overview(&self) -> Overview {
        let (stage, prod) = tokio::join!(self.view(self.stage()), self.view(self.prod()));
        let document = |view: &EnvironmentView| view.live.clone().and_then(|live| live.document.ok());
        let differences = match (document(&prod), document(&stage)) {
            (Some(prod), Some(stage)) => differences(&prod, &stage),
            _ => Vec::new(),
        };
        Overview { stage, prod, differences }
    }

    async fn view(&self, environment: &EnvironmentParts) -> EnvironmentView {
        let stored = async {
            // The replicas first: one that takes a version up in between is then not called behind.
            let census = self.census(environment).await?;
            Ok::<_, bellwether_store::StoreError>((census, environment.live().await?))
        };
        let (stored, health) = tokio::join!(tokio::time::timeout(PATIENCE, stored), environment.api.health());
        let (live, replicas, unavailable) = match stored {
            Ok(Ok((census, live))) => {
                let replicas = census.against(live.as_ref().map(|live| live.version));
                (live, replicas, None)
            }
            Ok(Err(error)) => (None, Vec::new(), Some(error.to_string())),
            Err(_) => (None, Vec::new(), Some("the database does not answer".to_owned())),
        };
        EnvironmentView { environment: environment.environment, live, unavailable, replicas, health }
    }
}
