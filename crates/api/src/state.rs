//! What every route of the service can reach.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::customer::Customer;
use bellwether_core::prediction::{LogRecord, Snapshot};
use bellwether_jobs::EmailOutbox;
use bellwether_settings::Settings;
use bellwether_store::journal::Journal;
use bellwether_store::{Clients, Clock, ConfigChanges, EmailJobs, IdempotencyKeys, Outcomes, PredictionLog};
use bellwether_web::Problem;
use bellwether_web::body::BodyLimit;
use bellwether_web::health::Draining;
use uuid::Uuid;

use crate::explaining::Explainer;
use crate::flagged::FlaggedClients;
use crate::live::Live;
use crate::predictor::Predictor;

/// Shared by all threads, behind one `web::Data`.
pub(crate) struct State {
    pub live: Arc<Live>,
    pub predictor: Predictor,
    pub explainer: Arc<Explainer>,
    pub clients: Arc<dyn Clients>,
    pub log: Arc<dyn PredictionLog>,
    pub journal: Arc<Journal>,
    pub jobs: Arc<dyn EmailJobs>,
    pub emails: EmailOutbox,
    pub keys: Arc<dyn IdempotencyKeys>,
    pub outcomes: Arc<dyn Outcomes>,
    pub flagged: FlaggedClients,
    pub changes: Arc<dyn ConfigChanges>,
    pub draining: Draining,
    pub limits: Limits,
    pub auth_required: bool,
    pub clock: Arc<dyn Clock>,
}

impl State {
    /// What was predicted under a uid: from the log, or from this replica's journal, where it is until the
    /// log has it.
    ///
    /// # Errors
    /// 404 where there is no such prediction.
    pub(crate) async fn find(&self, uid: Uuid) -> Result<LogRecord, Problem> {
        // The journal first: a record that is relayed meanwhile is then found in the log.
        if let Some(record) = self.journal.find(uid).await? {
            return Ok(record);
        }
        self.log.find(uid).await?.ok_or_else(|| Problem::not_found("there is no such prediction"))
    }

    /// A client as the feature store describes them, if it does; `client_id` has to be one that may be.
    ///
    /// # Errors
    /// 422 where the live models cannot take what is stored, naming every field at fault; 503 while the
    /// database is away.
    pub(crate) async fn known_customer(
        &self,
        live: &Snapshot,
        client_id: &str,
    ) -> Result<Option<Customer>, Problem> {
        let Some(mut features) = self.clients.features(client_id).await? else { return Ok(None) };
        features.insert("client_id".to_owned(), client_id.into());
        let body = serde_json::to_vec(&features).map_err(|error| Problem::internal(&error))?;
        Ok(Some(Customer::parse(&body, &live.schema, self.clock.now().date_naive())?))
    }
}

/// Bounds on what a caller may send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub body: BodyLimit,
    pub batch: BodyLimit,
    pub batch_rows: usize,
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let server = &settings.server;
        let timeout = Duration::from_secs(server.request_timeout_seconds);
        Self {
            body: BodyLimit { bytes: server.max_body_bytes, timeout },
            batch: BodyLimit { bytes: server.max_batch_bytes, timeout },
            batch_rows: server.max_batch_rows,
        }
    }
}
