//! `cargo bench -p bellwether-cli`: the embedded system as one caller meets it. Time from the process's
//! start to its first 200 on `/ready`, latency of `/predict` over one connection, journal included, and
//! memory as predictions add up. Figures are printed, never judged.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot run may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use bellwether_testkit::embedded::EmbeddedBuilder;

const WARM_UP: usize = 2_000;
const CALLS: usize = 100_000;
/// A request with every kind of input; the client changes from call to call.
const FEATURES: &str = r#""activity_score":0.73,"propensity_score":0.18,"profile_score_new":22,"completeness_score":41.3,"xp_points":18.2,"profile_score":20.1,"portfolio_score":25.1,"mouse_movement":0.5,"average_stars":1.5,"site_level":"level_2","marketing_channel":"level_16","device_type":"level_1","acquired_date":"2015-06-09""#;

fn main() {
    starts();
    let folder = tempfile::tempdir().unwrap();
    let system = EmbeddedBuilder::new(env!("CARGO_BIN_EXE_bellwether"), &folder.path().join("data")).start();
    let mut connection = Connection::open(&system.api);
    let mut times = Vec::with_capacity(CALLS);
    let begun = Instant::now();
    for call in 0..WARM_UP + CALLS {
        let body = format!(r#"{{"client_id":"{}",{FEATURES}}}"#, 100_000 + call % 10_000);
        let took = connection.predict(&body);
        if call >= WARM_UP {
            times.push(took);
        }
        if call == 10_000 || call + 1 == WARM_UP + CALLS {
            println!("memory after {call:>6} predictions  {} MiB", resident_mib(system.id()));
        }
    }
    let rate = (WARM_UP + CALLS) as f64 / begun.elapsed().as_secs_f64();
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "POST /predict, 1 connection, {CALLS} calls: p50 {:?}  p90 {:?}  p99 {:?}  max {:?}  ({rate:.0}/s)",
        at(50),
        at(90),
        at(99),
        at(100)
    );
}

/// Process start to `/ready` 200, with an empty data folder and with one that is there.
fn starts() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["first start ", "later start ", "later start ", "later start "] {
        let took = start(&folder.path().join("data"));
        println!("{kind} to /ready: {took:?}");
    }
}

fn start(data: &std::path::Path) -> Duration {
    let port = free_port();
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bellwether"))
        .args(["up", "--stage-port", "0", "--admin-port", "0", "--port", &port.to_string(), "--data-dir"])
        .arg(data)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let took = loop {
        if is_ready(port) {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not become ready");
        std::thread::sleep(Duration::from_millis(2));
    };
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    took
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answer = [0; 12];
    let asked = stream.write_all(b"GET /ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    asked.is_ok() && stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 200"
}

struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    fn open(url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), line: String::new(), body: Vec::new() }
    }

    /// One call; answers how long it took from the first byte sent to the last one read.
    fn predict(&mut self, body: &str) -> Duration {
        let head = "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ";
        let request = format!("{head}{}\r\n\r\n{body}", body.len());
        let begun = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line).unwrap();
            if self.line.starts_with("HTTP/") {
                assert!(self.line.contains(" 200 "), "{}", self.line);
            }
            if let Some(value) = self.line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if self.line == "\r\n" {
                break;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).unwrap();
        begun.elapsed()
    }
}

fn resident_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
