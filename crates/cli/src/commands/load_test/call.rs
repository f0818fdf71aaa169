//! One call: a request over a kept connection, its answer read to the end, and what can go wrong.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use super::tls::Tls;
use crate::args::{LoadTest, PurposeArg};

/// A kept connection.
pub(super) type Connection = SendRequest<Full<Bytes>>;

/// Why a call was not answered with a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// No connection could be made.
    Connect,
    /// The connection broke before the answer's end.
    Broken,
    /// The answer was not there in time.
    Timeout,
    /// The answer was another than 200.
    Status(u16),
    /// It was due, and no connection was free to send it within the time of an answer.
    Unsent,
}

impl Failure {
    /// What is told of it.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Connect => "cannot connect".to_owned(),
            Self::Broken => "connection broken".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::Status(status) => format!("status {status}"),
            Self::Unsent => "unsent".to_owned(),
        }
    }
}

/// Makes calls.
pub(super) struct Caller {
    url: String,
    path: String,
    host: String,
    port: u16,
    headers: HeaderMap,
    tls: Option<Tls>,
}

impl Caller {
    /// As the command line says.
    ///
    /// # Errors
    /// For a URL that is neither http nor https, or a token that no header can hold.
    pub(super) fn new(args: &LoadTest) -> anyhow::Result<Self> {
        let url = &args.url;
        let secure = url.scheme() == "https";
        ensure!(
            secure || url.scheme() == "http",
            "--url: expected http:// or https://, not {}://",
            url.scheme()
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "--url: credentials belong to --token"
        );
        let host = url.host_str().context("--url: expected a host")?;
        let port = url.port_or_known_default().context("--url: expected a port")?;
        let path = format!("{}/predict", url.path().trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        headers.insert(HOST, HeaderValue::from_str(&authority)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = &args.token {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
            let mut bearer = bearer.map_err(|_| anyhow::anyhow!("--token: no header can hold it"))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        if args.purpose == PurposeArg::Load {
            let name = HeaderName::from_static(bellwether_web::auth::PURPOSE_HEADER);
            headers.insert(name, HeaderValue::from_static("load"));
        }
        Ok(Self {
            url: format!("{}://{authority}{path}", url.scheme()),
            tls: secure.then(|| Tls::new(host, args.ca_file.as_deref())).transpose()?,
            // An IPv6 address stands in brackets in a URL, and without them in a socket address.
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            path,
            port,
            headers,
        })
    }

    /// Where calls go, without credentials.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends one body and reads the answer to its end, within `bound`, over `connection` if it still stands. After a
    /// failure other than a status there is none.
    pub(super) async fn call(
        &self,
        connection: &mut Option<Connection>,
        body: Bytes,
        bound: Duration,
    ) -> Result<(), Failure> {
        let kept = connection.take();
        let (sender, outcome) =
            tokio::time::timeout(bound, self.call_over(kept, body)).await.map_err(|_| Failure::Timeout)??;
        *connection = Some(sender);
        outcome
    }

    async fn call_over(
        &self,
        kept: Option<Connection>,
        body: Bytes,
    ) -> Result<(Connection, Result<(), Failure>), Failure> {
        let kept = match kept {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let mut sender = match kept {
            Some(kept) => kept,
            None => self.connect().await.map_err(|_| Failure::Connect)?,
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.path.parse().map_err(|_| Failure::Connect)?;
        *request.headers_mut() = self.headers.clone();
        let response = sender.send_request(request).await.map_err(|_| Failure::Broken)?;
        let status = response.status().as_u16();
        let mut answer = response.into_body();
        while let Some(frame) = answer.frame().await {
            frame.map_err(|_| Failure::Broken)?;
        }
        Ok((sender, if status == 200 { Ok(()) } else { Err(Failure::Status(status)) }))
    }

    /// A new connection.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            Some(tls) => begin(TokioIo::new(tls.connect(stream).await?)).await,
            None => begin(TokioIo::new(stream)).await,
        }
    }
}

/// Speaks HTTP/1.1 over a stream; what moves the bytes ends with the connection.
async fn begin(stream: impl Read + Write + Send + Unpin + 'static) -> anyhow::Result<Connection> {
    let (sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    Ok(sender)
}
