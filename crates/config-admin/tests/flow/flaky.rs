//! A TCP proxy before a MariaDB that takes a connection down at the very moment of a commit, before or after the server
//! had it, and keeps new ones out until the test lets them in.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is done to the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything is handed on.
    Open,
    /// The connection is closed in place of the next commit; nobody is let in after.
    CutBeforeCommit,
    /// The next commit is handed on, and the connection is closed in place of its answer; nobody is let in after.
    CutAfterCommit,
    /// Nobody is let in, and nobody stays.
    Closed,
}

pub(crate) struct Flaky {
    address: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
    server: tokio::task::JoinHandle<()>,
}

impl Flaky {
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(watch::Sender::new(Mode::Open));
        let shared = mode.clone();
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, shared.clone()));
            }
        });
        Self { address, mode, server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Waits until a commit was cut.
    pub(crate) async fn cuts(&self) {
        self.mode.subscribe().wait_for(|mode| *mode == Mode::Closed).await.unwrap();
    }
}

impl Drop for Flaky {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn carry(mut client: TcpStream, port: u16, mode: Arc<watch::Sender<Mode>>) {
    let mut changes = mode.subscribe();
    if *changes.borrow_and_update() == Mode::Closed {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let closed = async move { changes.wait_for(|mode| *mode == Mode::Closed).await.is_ok() };
    tokio::pin!(closed);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let is_commit = up[..length].windows(6).any(|word| word.eq_ignore_ascii_case(b"COMMIT"));
                let now = *mode.borrow();
                if is_commit && now == Mode::CutBeforeCommit {
                    mode.send_replace(Mode::Closed);
                    return;
                }
                if server.write_all(&up[..length]).await.is_err() { return }
                if is_commit && now == Mode::CutAfterCommit {
                    // Its answer is read, so that it is known to have been made, and goes nowhere.
                    let _ = server.read(&mut down).await;
                    mode.send_replace(Mode::Closed);
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&down[..length]).await.is_err() { return }
            }
            _ = &mut closed => return,
        }
    }
}
