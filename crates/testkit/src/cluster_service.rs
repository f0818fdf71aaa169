//! A stand-in for a Kubernetes Service and the readiness probes behind it: which processes new connections go to, and
//! how late that follows what becomes of them. Connections that stand are left alone, as kube-proxy leaves them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How readiness is asked for, and how late the answer has an effect.
#[derive(Debug, Clone, Copy)]
pub struct Probing {
    /// Between two probes (`periodSeconds`).
    pub period: Duration,
    /// How long one may take (`timeoutSeconds`).
    pub timeout: Duration,
    /// So many in a row that fail make a process unready (`failureThreshold`); one that succeeds makes it ready.
    pub failures: u32,
    /// How long a change takes to reach every node's rules.
    pub propagation: Duration,
}

/// A running Service; dropping it closes its port and its connections.
pub struct ClusterService {
    address: SocketAddr,
    probing: Probing,
    table: Arc<Mutex<Table>>,
    server: JoinHandle<()>,
}

/// A process behind the Service.
#[derive(Debug)]
pub struct Endpoint {
    id: usize,
    prober: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Table {
    /// By id; they only become more.
    endpoints: Vec<Known>,
    /// The connections so far.
    taken: usize,
    /// Those of them that came to nothing, for their process was gone.
    lost: usize,
}

#[derive(Debug)]
struct Known {
    address: SocketAddr,
    /// What the probes say.
    ready: bool,
    /// Whether new connections go to it.
    routed: bool,
    /// The connections that it has.
    open: usize,
}

impl ClusterService {
    /// A Service on a free port, with nothing behind it.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(probing: Probing) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let table = Arc::<Mutex<Table>>::default();
        let server = tokio::spawn(serve(listener, table.clone()));
        Self { address, probing, table, server }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Begins to probe a process; it is sent connections once it was ready for as long as the news takes.
    ///
    /// # Panics
    /// If `url` is no `http://address:port`.
    pub fn add(&self, url: &str) -> Endpoint {
        let address = url.trim_start_matches("http://").parse().expect("a URL of an address and a port");
        let mut table = locked(&self.table);
        table.endpoints.push(Known { address, ready: false, routed: false, open: 0 });
        let id = table.endpoints.len() - 1;
        let prober = tokio::spawn(probe(format!("{url}/ready"), id, self.probing, self.table.clone()));
        Endpoint { id, prober }
    }

    /// The process is being deleted: from now on the news travels, and until it has arrived, new connections still
    /// come.
    pub fn remove(&self, endpoint: &Endpoint) {
        endpoint.prober.abort();
        locked(&self.table).endpoints[endpoint.id].ready = false;
        tokio::spawn(route(self.table.clone(), endpoint.id, false, self.probing.propagation));
    }

    /// Whether the probes call it ready.
    pub fn is_ready(&self, endpoint: &Endpoint) -> bool {
        locked(&self.table).endpoints[endpoint.id].ready
    }

    /// How many connections a process has by way of the Service.
    pub fn open(&self, endpoint: &Endpoint) -> usize {
        locked(&self.table).endpoints[endpoint.id].open
    }

    /// How many processes new connections go to.
    pub fn routed(&self) -> usize {
        locked(&self.table).endpoints.iter().filter(|endpoint| endpoint.routed).count()
    }

    /// How many connections it was sent, those that came to nothing included.
    pub fn taken(&self) -> usize {
        locked(&self.table).taken
    }

    /// How many connections came to nothing, since their process took none.
    pub fn lost(&self) -> usize {
        locked(&self.table).lost
    }
}

impl Drop for ClusterService {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn probe(url: String, id: usize, probing: Probing, table: Arc<Mutex<Table>>) {
    let client = crate::http::builder().timeout(probing.timeout).pool_max_idle_per_host(0);
    let client = client.build().expect("a client can be made");
    let (mut ready, mut failures) = (false, 0);
    loop {
        let answer = client.get(&url).send().await;
        let succeeded = answer.is_ok_and(|answer| answer.status() == 200);
        failures = if succeeded { 0 } else { failures + 1 };
        let now = succeeded || (ready && failures < probing.failures);
        if now != ready {
            ready = now;
            locked(&table).endpoints[id].ready = ready;
            tokio::spawn(route(table.clone(), id, ready, probing.propagation));
        }
        tokio::time::sleep(probing.period).await;
    }
}

/// Has the news arrive.
async fn route(table: Arc<Mutex<Table>>, id: usize, routed: bool, propagation: Duration) {
    tokio::time::sleep(propagation).await;
    locked(&table).endpoints[id].routed = routed;
}

async fn serve(listener: TcpListener, table: Arc<Mutex<Table>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => { connections.spawn(hand_on(client, table.clone())); }
                Err(_) => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, for as long as both ends keep it.
async fn hand_on(mut client: TcpStream, table: Arc<Mutex<Table>>) {
    let turn = next(&mut locked(&table));
    let connected = match turn {
        Some((id, address)) => TcpStream::connect(address).await.ok().map(|process| (id, process)),
        None => None,
    };
    let Some((id, mut process)) = connected else {
        locked(&table).lost += 1;
        return;
    };
    locked(&table).endpoints[id].open += 1;
    // Either end's going away ends it.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut process).await;
    locked(&table).endpoints[id].open -= 1;
}

/// The process whose turn it is.
fn next(table: &mut Table) -> Option<(usize, SocketAddr)> {
    let routed = table.endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.routed);
    let routed: Vec<_> = routed.map(|(id, endpoint)| (id, endpoint.address)).collect();
    let turn = *routed.get(table.taken.checked_rem(routed.len())?)?;
    table.taken += 1;
    Some(turn)
}

fn locked(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
