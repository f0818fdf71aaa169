//! An HTTP proxy in front of one server, which answers in its place when a test wants an outage.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the proxy does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Hands them on.
    None,
    /// Answers with this status, and this code in a body as S3 writes it.
    Answer(u16, &'static str),
    /// Says nothing until the fault is over, and then hangs up.
    Hang,
    /// Hands the request on, and hangs up in place of the answer.
    LoseAnswer,
}

/// A running proxy; dropping it closes its port and its connections.
pub struct FaultyProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    met: watch::Sender<u64>,
    server: JoinHandle<()>,
}

impl FaultyProxy {
    /// Starts a proxy on a free port that hands everything on.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (fault, met) = (watch::Sender::new(Fault::None), watch::Sender::new(0));
        let server = tokio::spawn(serve(listener, upstream, fault.clone(), met.clone()));
        Self { address, fault, met, server }
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Behaves otherwise from the next request on.
    pub fn fault(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many requests met a fault so far.
    pub fn met(&self) -> u64 {
        *self.met.borrow()
    }

    /// Waits until so many requests, in all, have met a fault.
    pub async fn meets(&self, count: u64) {
        let reached = self.met.subscribe().wait_for(|met| *met >= count).await.map(|_| ());
        reached.expect("the proxy is running");
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    listener: TcpListener,
    upstream: SocketAddr,
    fault: watch::Sender<Fault>,
    met: watch::Sender<u64>,
) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { clients.spawn(answer(stream, upstream, fault.subscribe(), met.clone())); }
                Err(_) => return,
            },
            Some(_) = clients.join_next() => {}
        }
    }
}

/// One request; the connection is closed after it. An error is either side's going away.
async fn answer(
    client: TcpStream,
    upstream: SocketAddr,
    mut fault: watch::Receiver<Fault>,
    met: watch::Sender<u64>,
) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let request = request(&mut client).await?;
    let now = *fault.borrow_and_update();
    if now != Fault::None {
        met.send_modify(|met| *met += 1);
    }
    match now {
        Fault::None => hand_on(&request, upstream, &mut client).await,
        Fault::Answer(status, code) => {
            let body = format!("<Error><Code>{code}</Code><Message>as the test wants</Message></Error>");
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} {code}\r\ncontent-type: application/xml\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n"
            );
            client.write_all(format!("{head}{body}").as_bytes()).await?;
            client.shutdown().await
        }
        Fault::Hang => {
            let _ = fault.changed().await;
            Ok(())
        }
        Fault::LoseAnswer => hand_on(&request, upstream, &mut tokio::io::sink()).await,
    }
}

async fn hand_on(
    request: &[u8],
    upstream: SocketAddr,
    client: &mut (impl tokio::io::AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(request).await?;
    tokio::io::copy(&mut server, client).await?;
    client.shutdown().await
}

/// Reads a request whole; its head then asks for the connection to be closed after the answer.
async fn request(client: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let begun = head.len();
        if client.read_line(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = &head[begun..];
        if line == "\r\n" {
            head.truncate(begun);
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            } else if name.eq_ignore_ascii_case("connection") {
                head.truncate(begun);
            }
        }
    }
    head.push_str("connection: close\r\n\r\n");
    let mut request = head.into_bytes();
    let begun = request.len();
    request.resize(begun + length, 0);
    client.read_exact(&mut request[begun..]).await?;
    Ok(request)
}
