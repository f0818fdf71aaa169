//! AWS as far as the tests need it: Secrets Manager and S3, spoken by `moto_server` from `.venv/tools`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;

use crate::tools::tool;

/// How long a start may take before a test gives up: Python loads much.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The region of everything here.
const REGION: &str = "us-east-1";

/// A running server; dropping it kills it, and what it held is gone.
pub struct Aws {
    _server: Server,
    address: SocketAddr,
}

impl Aws {
    /// Starts a server that holds nothing, on a free port, and waits until it answers.
    ///
    /// # Panics
    /// If it does not start; with what it printed.
    pub async fn start() -> Self {
        // Only the first call in a process sets it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (server, address) =
            tokio::task::spawn_blocking(start_server).await.expect("the server can be started");
        Self { _server: server, address }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment in which AWS's libraries find it.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        variables(&self.endpoint())
    }

    /// Makes a secret.
    pub async fn create_secret(&self, name: &str, text: &str) {
        self.secrets_manager("CreateSecret", &json!({"Name": name, "SecretString": text})).await;
    }

    /// Gives a secret another text.
    pub async fn rotate_secret(&self, name: &str, text: &str) {
        self.secrets_manager("PutSecretValue", &json!({"SecretId": name, "SecretString": text})).await;
    }

    /// Makes a bucket.
    pub async fn create_bucket(&self, name: &str) {
        let made = client().put(format!("{}/{name}", self.endpoint())).send().await;
        made.and_then(reqwest::Response::error_for_status).expect("a bucket can be made");
    }

    /// Writes an object.
    pub async fn put_object(&self, bucket: &str, key: &str, bytes: Vec<u8>) {
        let put = client().put(format!("{}/{bucket}/{key}", self.endpoint()));
        let put = put.header("authorization", signature("s3")).body(bytes).send().await;
        put.and_then(reqwest::Response::error_for_status).expect("an object can be written");
    }

    /// A header of an object in a bucket, as S3 tells it; none where it tells none.
    pub async fn object_header(&self, bucket: &str, key: &str, header: &str) -> Option<String> {
        let head = client().head(format!("{}/{bucket}/{key}", self.endpoint()));
        let head = head.header("authorization", signature("s3")).send().await;
        let head = head.and_then(reqwest::Response::error_for_status).expect("the object is there");
        Some(head.headers().get(header)?.to_str().expect("headers are text").to_owned())
    }

    async fn secrets_manager(&self, operation: &str, body: &serde_json::Value) {
        let call = client()
            .post(self.endpoint())
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .header("authorization", signature("secretsmanager"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        let answer = call.send().await.and_then(reqwest::Response::error_for_status);
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
    }
}

/// One for each call: a connection does not outlive the test that opened it, though a server may.
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

/// The server does not check signatures; by their scope it knows which service is meant, and that it is the owner who
/// calls.
fn signature(service: &str) -> String {
    let scope = format!("Credential=test/20260101/{REGION}/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")
}

/// The environment in which AWS's libraries find a server that is like it.
pub fn variables(endpoint: &str) -> Vec<(&'static str, String)> {
    let known = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let mut all: Vec<_> = known.map(|(name, value)| (name, value.to_owned())).to_vec();
    all.push(("AWS_ENDPOINT_URL", endpoint.to_owned()));
    all
}

/// Starts the server, which chooses its port, and reads where it is from what it prints.
fn start_server() -> (Server, SocketAddr) {
    let started = Command::new(tool("moto_server"))
        .args(["-H", "127.0.0.1", "-p", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut server = Server(started.expect("moto_server can be started"));
    let mut output = BufReader::new(server.0.stderr.take().expect("its output is piped"));
    let (sender, receiver) = mpsc::channel();
    // Reads on to the end, so that the server never blocks.
    std::thread::spawn(move || {
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    let mut printed = String::new();
    loop {
        let line = receiver
            .recv_timeout(START_TIMEOUT)
            .unwrap_or_else(|error| panic!("it did not start ({error}); it printed:\n{printed}"));
        if let Some((_, address)) = line.split_once("Running on http://") {
            return (server, address.trim().parse().expect("it prints its address"));
        }
        printed.push_str(&line);
    }
}

/// The process, killed when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
