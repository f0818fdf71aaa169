//! The worker's own small HTTP face, for probes and for Prometheus: `/health`, `/ready`, `/metrics`. It takes
//! no requests from clients.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, Responder, web};
use anyhow::Context as _;
use bellwether_web::health::{self, Draining};
use bellwether_web::{Problem, headers, metrics};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::Condition;

/// The endpoints, bound to their port.
pub struct Endpoints {
    server: Server,
    address: SocketAddr,
}

struct Face {
    condition: Condition,
    draining: Draining,
    metrics: PrometheusHandle,
}

impl Endpoints {
    /// Binds `address` (`worker.bind`).
    ///
    /// # Errors
    /// Where it cannot be bound.
    pub fn bind(
        address: &str,
        condition: Condition,
        draining: Draining,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(address).with_context(|| format!("worker.bind: {address} cannot be bound"))?;
        let address = listener.local_addr()?;
        let face = web::Data::new(Face { condition, draining, metrics });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(face.clone())
                .wrap(from_fn(headers::secured))
                .route("/health", web::get().to(alive))
                .route("/ready", web::get().to(ready))
                .route("/metrics", web::get().to(told))
        });
        let server = server.disable_signals().workers(1).listen(listener)?.run();
        Ok(Self { server, address })
    }

    /// Where they are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// Where the server fails.
    pub async fn serve(self) -> std::io::Result<()> {
        self.server.await
    }
}

async fn alive() -> impl Responder {
    health::alive()
}

async fn ready(face: web::Data<Face>) -> Result<HttpResponse, Problem> {
    health::ready(&face.draining, face.condition.hindrances())
}

async fn told(face: web::Data<Face>) -> impl Responder {
    metrics::tell(&face.metrics)
}
