//! Prometheus metrics: recorded anywhere through the `metrics` facade, told at `/metrics`.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Responder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of latency buckets, in seconds.
const SECONDS: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Upper bounds of score buckets.
const SCORES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// Begins to record. A process calls this once.
///
/// # Errors
/// Where another recorder was there first.
pub fn begin() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_score".to_owned()), &SCORES)?
        .install_recorder()
}

/// `GET /metrics`.
pub fn tell(handle: &PrometheusHandle) -> impl Responder + use<> {
    handle.run_upkeep();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}

/// Tells which build of which service runs here.
pub fn tell_build(service: &'static str) {
    metrics::gauge!("bellwether_build_info", "version" => env!("CARGO_PKG_VERSION"), "service" => service)
        .set(1);
}

/// Counts and times an answer. The route is its pattern, so that no caller makes up labels.
pub(crate) fn answered(route: &str, status: StatusCode, took: Duration) {
    let (route, status) = (route.to_owned(), status.as_str().to_owned());
    metrics::histogram!("bellwether_http_request_seconds", "route" => route, "status" => status)
        .record(took.as_secs_f64());
}

/// Counts a request that was turned away.
pub(crate) fn refused(reason: &'static str) {
    metrics::counter!("bellwether_http_refused_total", "reason" => reason).increment(1);
}
