//! A server that takes what Sentry would, and shows it: `kent-server` of the Python tools.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::tools::tool;
use crate::wait::until;

/// A running server; dropping it kills it.
#[derive(Debug)]
pub struct SentryServer {
    child: Child,
    address: String,
}

impl SentryServer {
    /// Starts a server on a free port, and waits until it answers.
    pub async fn start() -> Self {
        crate::tls_provider();
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("there is a free port").port();
        let child = Command::new(tool("kent-server"))
            .args(["run", "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("kent-server can be started");
        let server = Self { child, address: format!("127.0.0.1:{port}") };
        let answers = || async { reqwest::get(server.url("/api/eventlist/")).await.is_ok() };
        until("kent-server answers", Duration::from_secs(30), answers).await;
        server
    }

    /// What goes into `sentry.dsn`.
    pub fn dsn(&self) -> String {
        format!("http://key@{}/1", self.address)
    }

    /// Every report so far, as it came.
    pub async fn reports(&self) -> Vec<Value> {
        let list = self.get("/api/eventlist/").await;
        let mut reports = Vec::new();
        for event in list["events"].as_array().into_iter().flatten() {
            let id = event["event_id"].as_str().unwrap_or_default();
            let payload = self.get(&format!("/api/event/{id}")).await["payload"].clone();
            // What is not a report tells how many were lost, and the like.
            if payload["header"]["type"] == "event" {
                reports.push(payload["body"].clone());
            }
        }
        reports
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Value {
        let response = reqwest::get(self.url(path)).await.expect("kent-server answers");
        response.json().await.expect("kent-server answers JSON")
    }
}

impl Drop for SentryServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
