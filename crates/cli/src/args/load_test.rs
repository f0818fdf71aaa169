//! `bellwether load-test`

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use secrecy::SecretString;
use url::Url;

use crate::commands::load_test::Expectation;
use crate::span;

/// `bellwether load-test`
#[derive(Debug, clap::Args)]
pub(crate) struct LoadTest {
    /// Where the api is; /predict is added
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    pub(crate) url: Url,
    /// Connections, a level each, one after another
    #[arg(long, value_delimiter = ',', default_value = "1,8,32,256", value_parser = connections)]
    pub(crate) connections: Vec<usize>,
    /// How long a level is measured
    #[arg(long, value_parser = span::parse, default_value = "10s", value_name = "SPAN")]
    pub(crate) duration: Duration,
    /// How long a level runs before it is measured
    #[arg(long, value_parser = span::parse, default_value = "2s", value_name = "SPAN")]
    pub(crate) warm_up: Duration,
    /// How long one answer may take
    #[arg(long, value_parser = span::parse, default_value = "10s", value_name = "SPAN")]
    pub(crate) timeout: Duration,
    /// Requests a second, begun on time whether or not the ones before are answered; latency then counts from when a
    /// request was due. Without it, each connection asks again as soon as it is answered
    #[arg(long, value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// The bearer token
    #[arg(long, env = "BELLWETHER_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<SecretString>,
    /// Whether calls are marked as load: such neither email nor count as sightings (the token needs the scope
    /// `config`). Unmarked calls are as real as any
    #[arg(long, value_enum, default_value_t = PurposeArg::None)]
    pub(crate) purpose: PurposeArg,
    /// Bodies to send in turn, one JSON object a line; without it, the first bundle's background rows as clients
    /// load-1, load-2, …
    #[arg(long)]
    pub(crate) payloads: Option<PathBuf>,
    /// How many clients the bundle's rows are spread over
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) clients: u32,
    /// The folder that holds the bundles
    #[arg(long, default_value = "models")]
    pub(crate) models: PathBuf,
    /// PEM file of certificates to trust instead of the public ones
    #[arg(long)]
    pub(crate) ca_file: Option<PathBuf>,
    /// What every level has to meet, such as `p99<50ms` or `rate>500`; may be given several times
    #[arg(long, value_name = "BOUND")]
    pub(crate) expect: Vec<Expectation>,
    /// Do not fail for requests that fail
    #[arg(long)]
    pub(crate) allow_errors: bool,
    /// Where the JSON report goes
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Where the plot goes, as SVG
    #[arg(long)]
    pub(crate) plot: Option<PathBuf>,
    /// An earlier JSON report to set this one beside
    #[arg(long)]
    pub(crate) compare: Option<PathBuf>,
}

/// A purpose on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PurposeArg {
    /// Calls are marked as load
    Load,
    /// Calls are not marked
    None,
}

fn connections(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| (1..=10_000).contains(number));
    number.ok_or_else(|| "expected 1 to 10000".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|rate: &f64| (0.1..=1_000_000.0).contains(rate));
    number.ok_or_else(|| "expected 0.1 to 1000000 requests a second".to_owned())
}
