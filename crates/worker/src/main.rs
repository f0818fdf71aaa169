//! The worker's process.

fn main() -> anyhow::Result<()> {
    anyhow::bail!(
        "this build takes its worker from `bellwether up`: the settings of a worker of its own are not connected yet"
    )
}
