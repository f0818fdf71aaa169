//! Who issues tokens: keys made for these tests, tokens of every kind, and a server for the key set.

use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a secret of these tests, 32 bytes";
pub(crate) const RSA_PUBLIC: &str = include_str!("keys/rsa-a.public.pem");
const RSA_A: &[u8] = include_bytes!("keys/rsa-a.pem");
const RSA_B: &[u8] = include_bytes!("keys/rsa-b.pem");
const RSA_WEAK: &[u8] = include_bytes!("keys/rsa-weak.pem");
const ED25519: &[u8] = include_bytes!("keys/ed25519.pem");

/// What every service of these tests demands of a token.
pub(crate) const DEMANDS: [(&str, &str); 2] =
    [("auth.jwt_issuer", "https://issuer.example"), ("auth.jwt_audience", "bellwether")];

/// A key that signs.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) header: Header,
    key: EncodingKey,
}

impl Signer {
    fn new(id: &str, algorithm: Algorithm, key: EncodingKey) -> Self {
        Self { header: Header { kid: Some(id.to_owned()), ..Header::new(algorithm) }, key }
    }

    pub(crate) fn rsa_a() -> Self {
        Self::new("rsa-a", Algorithm::RS256, EncodingKey::from_rsa_pem(RSA_A).unwrap())
    }

    pub(crate) fn rsa_b() -> Self {
        Self::new("rsa-b", Algorithm::RS256, EncodingKey::from_rsa_pem(RSA_B).unwrap())
    }

    pub(crate) fn rsa_weak() -> Self {
        Self::new("rsa-weak", Algorithm::RS256, EncodingKey::from_rsa_pem(RSA_WEAK).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::new("ed", Algorithm::EdDSA, EncodingKey::from_ed_pem(ED25519).unwrap())
    }

    pub(crate) fn secret(secret: &str) -> Self {
        let key = EncodingKey::from_secret(secret.as_bytes());
        Self { header: Header::new(Algorithm::HS256), key }
    }

    /// The same key under another header.
    pub(crate) fn header(mut self, change: impl FnOnce(&mut Header)) -> Self {
        change(&mut self.header);
        self
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        encode(&self.header, claims, &self.key).unwrap()
    }

    /// A token that is good for a scope.
    pub(crate) fn good(&self, scope: &str) -> String {
        self.sign(&claims(&json!({ "scope": scope })))
    }

    /// Its public half, as a key set lists it.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.header.alg).unwrap()).unwrap();
        jwk["kid"] = json!(self.header.kid);
        jwk["use"] = json!("sig");
        jwk
    }
}

/// A key set of these.
pub(crate) fn key_set(signers: &[Signer]) -> String {
    let keys: Vec<_> = signers.iter().map(Signer::jwk).collect();
    json!({ "keys": keys }).to_string()
}

/// The claims of a good token, with these on top; null takes one away.
pub(crate) fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "sub": "backend", "iss": "https://issuer.example", "aud": "bellwether", "exp": in_seconds(600),
        "scope": "predict",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// A moment, as tokens tell it.
pub(crate) fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + seconds
}

/// A token put together by hand, with a signature that is none.
pub(crate) fn by_hand(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AAAA", part(header), part(claims))
}

/// A server that tells a key set; dropping it stops it.
pub(crate) struct KeyServer {
    pub(crate) address: SocketAddr,
    told: web::Data<Told>,
    server: ServerHandle,
}

struct Told {
    answer: Mutex<(u16, String)>,
    hits: AtomicUsize,
}

impl KeyServer {
    pub(crate) fn start(signers: &[Signer]) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), signers)
    }

    pub(crate) fn start_at(address: SocketAddr, signers: &[Signer]) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Mutex::new((200, key_set(signers)));
        let told = web::Data::new(Told { answer, hits: AtomicUsize::new(0) });
        let data = told.clone();
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(tell)));
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, told, server: handle }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// From now on it answers this.
    pub(crate) fn answers(&self, status: u16, body: String) {
        *self.told.answer.lock().unwrap() = (status, body);
    }

    /// How often it was asked.
    pub(crate) fn hits(&self) -> usize {
        self.told.hits.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn tell(told: web::Data<Told>) -> HttpResponse {
    told.hits.fetch_add(1, Ordering::SeqCst);
    let (status, body) = told.answer.lock().unwrap().clone();
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).content_type("application/json").body(body)
}
