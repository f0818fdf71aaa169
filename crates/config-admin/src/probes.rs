//! `/health`, `/ready` and `/metrics`: for what watches over the process.

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use bellwether_store::SharedDatabase;
use bellwether_web::health::{self, Draining};
use bellwether_web::{Problem, metrics};
use metrics_exporter_prometheus::PrometheusHandle;

/// What probes ask.
pub(crate) struct Probes {
    pub(crate) database: SharedDatabase,
    pub(crate) draining: Draining,
    pub(crate) metrics: PrometheusHandle,
}

pub(crate) async fn alive() -> impl Responder {
    health::alive()
}

/// Ready while production's database can be asked: sessions are in it.
pub(crate) async fn ready(probes: Data<Probes>) -> Result<HttpResponse, Problem> {
    let hindrances = match probes.database.ping().await {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("production's database: {error}")],
    };
    health::ready(&probes.draining, hindrances)
}

pub(crate) async fn told(probes: Data<Probes>) -> impl Responder {
    metrics::tell(&probes.metrics)
}
