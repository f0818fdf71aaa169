//! An SMTP server that keeps what it is sent, and behaves as badly as a test wants. It speaks no TLS:
//! `smtp/smtp_sink.py` does.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A message that the server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Headers and body as they came, lines ending in LF.
    pub data: String,
}

/// What a client does.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The command, in capitals; `MESSAGE` for the end of a message.
    pub verb: &'a str,
    /// What follows the command; for `MAIL` and `RCPT` the address, for `MESSAGE` the text.
    pub argument: &'a str,
    /// How often the server heard this command with this argument, from 1.
    pub times: u32,
}

/// What the server does then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// What a server should.
    Usual,
    /// Says this instead, and does nothing.
    Say(&'static str),
    /// Says nothing more.
    Hang,
    /// Closes the connection.
    HangUp,
}

type Script = Arc<dyn Fn(Step<'_>) -> Reply + Send + Sync>;

struct Shared {
    script: Mutex<Script>,
    heard: Mutex<HashMap<String, u32>>,
    received: watch::Sender<Vec<Received>>,
    verbs: watch::Sender<Vec<String>>,
    hung_up: tokio::sync::Notify,
}

/// A running server; dropping it closes its port and its connections.
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl SmtpSink {
    /// Starts a server on a free port that behaves by `script`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(script: impl Fn(Step<'_>) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0).into(), script).await
    }

    /// Starts a server at an address, as one that was away does.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn start_at(
        address: SocketAddr,
        script: impl Fn(Step<'_>) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::new(Arc::new(script)),
            heard: Mutex::default(),
            received: watch::Sender::default(),
            verbs: watch::Sender::default(),
            hung_up: tokio::sync::Notify::new(),
        });
        let server = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self { address, shared, server })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Behaves otherwise from here on.
    pub fn behave(&self, script: impl Fn(Step<'_>) -> Reply + Send + Sync + 'static) {
        *locked(&self.shared.script) = Arc::new(script);
    }

    /// What it has received.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Waits until it has received so many messages. `None` if that takes longer than `patience`.
    pub async fn receives(&self, count: usize, patience: Duration) -> Option<Vec<Received>> {
        let mut received = self.shared.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= count);
        let received = tokio::time::timeout(patience, enough).await.ok()?.ok()?.clone();
        Some(received)
    }

    /// Waits until a command was heard so many times in all; answers whether it was within `patience`.
    pub async fn hears(&self, verb: &str, count: usize, patience: Duration) -> bool {
        let mut verbs = self.shared.verbs.subscribe();
        let enough = verbs.wait_for(|verbs| verbs.iter().filter(|heard| *heard == verb).count() >= count);
        matches!(tokio::time::timeout(patience, enough).await, Ok(Ok(_)))
    }

    /// Closes the connections there are, and goes on taking new ones.
    pub fn disconnect_all(&self) {
        self.shared.hung_up.notify_waiters();
    }

    /// Closes port and connections, and waits until they are closed.
    pub async fn stop(self) {
        self.server.abort();
        let mut this = self;
        let _ = (&mut this.server).await;
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut clients = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let shared = shared.clone();
                    clients.spawn(async move {
                        tokio::select! {
                            ended = converse(stream, shared.clone()) => ended,
                            () = shared.hung_up.notified() => Ok(()),
                        }
                    });
                }
                Err(_) => return,
            },
            Some(_) = clients.join_next() => {}
        }
    }
}

/// One client. An error is the client's going away.
async fn converse(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut envelope = (String::new(), Vec::new());
    stream.write_all(b"220 sink\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let (verb, argument) = command(line.trim_end());
        let usual = match verb.as_str() {
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if !say(&mut stream, &shared, &verb, &argument, usual).await? {
            continue;
        }
        match verb.as_str() {
            "MAIL" => envelope = (argument, Vec::new()),
            "RCPT" => envelope.1.push(argument),
            "QUIT" => return Ok(()),
            "DATA" => {
                let data = message(&mut stream).await?;
                if say(&mut stream, &shared, "MESSAGE", &data, "250 taken").await? {
                    let (from, to) = std::mem::take(&mut envelope);
                    shared.received.send_modify(|received| received.push(Received { from, to, data }));
                }
            }
            _ => {}
        }
    }
}

/// Replies; answers whether with the usual.
async fn say(
    stream: &mut BufReader<TcpStream>,
    shared: &Shared,
    verb: &str,
    argument: &str,
    usual: &str,
) -> io::Result<bool> {
    let times = {
        let mut heard = locked(&shared.heard);
        let times = heard.entry(format!("{verb} {argument}")).or_default();
        *times += 1;
        *times
    };
    let script = locked(&shared.script).clone();
    let reply = script(Step { verb, argument, times });
    shared.verbs.send_modify(|verbs| verbs.push(verb.to_owned()));
    let words = match reply {
        Reply::Usual => usual,
        Reply::Say(words) => words,
        Reply::Hang => std::future::pending().await,
        Reply::HangUp => return Err(io::ErrorKind::ConnectionAborted.into()),
    };
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    Ok(reply == Reply::Usual)
}

fn command(line: &str) -> (String, String) {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let address = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let argument = address.map_or(rest, |(address, _)| address);
    (verb.to_ascii_uppercase(), argument.to_owned())
}

async fn message(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut data = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = line.trim_end_matches(['\r', '\n']);
        if text == "." {
            return Ok(data);
        }
        data.push_str(text.strip_prefix('.').unwrap_or(text));
        data.push('\n');
    }
}
