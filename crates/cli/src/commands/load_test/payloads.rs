//! What is sent: bodies made beforehand, in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, ensure};
use bellwether_core::bundle::{Manifest, ModelFolder};
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::args::LoadTest;

/// Bodies of requests. They are taken in turn by all connections together.
pub(super) struct Payloads {
    /// Where they are from, for the report.
    pub source: String,
    bodies: Vec<Bytes>,
    next: AtomicUsize,
}

impl Payloads {
    /// As the command line says: a file's lines, or a bundle's rows.
    ///
    /// # Errors
    /// Where there is nothing to send.
    pub(super) fn from_args(args: &LoadTest) -> anyhow::Result<Self> {
        let (source, bodies) = match &args.payloads {
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("--payloads: {} cannot be read", file.display()))?;
                (file.display().to_string(), lines(&text)?)
            }
            None => bundle_rows(args)?,
        };
        ensure!(!bodies.is_empty(), "--payloads: {source} holds nothing to send");
        Ok(Self { source, bodies, next: AtomicUsize::new(0) })
    }

    /// The next body.
    pub(super) fn next(&self) -> Bytes {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.bodies.len();
        self.bodies[at].clone()
    }
}

fn lines(text: &str) -> anyhow::Result<Vec<Bytes>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let bodies = lines.map(|(at, line)| {
        let _: Map<String, Value> = serde_json::from_str(line)
            .with_context(|| format!("--payloads: line {} is no JSON object", at + 1))?;
        Ok(Bytes::copy_from_slice(line.as_bytes()))
    });
    bodies.collect()
}

/// The first bundle's background rows, as clients whom no one else is: `load-1` and on.
fn bundle_rows(args: &LoadTest) -> anyhow::Result<(String, Vec<Bytes>)> {
    let folder = args.models.display();
    let bundles = ModelFolder::new(&args.models).scan();
    let bundles = bundles.with_context(|| format!("--models: `{folder}` cannot be read"))?;
    let bundle = bundles.into_values().find_map(Result::ok);
    let bundle = bundle.with_context(|| {
        format!("--models: `{folder}` holds no bundle to take rows from; --payloads names a file of them")
    })?;
    let rows = background(bundle.manifest())?;
    let clients = 1..=args.clients;
    let bodies = clients.zip(rows.iter().cycle()).map(|(client, row)| {
        let mut row = row.clone();
        row.insert("client_id".to_owned(), format!("load-{client}").into());
        Bytes::from(Value::Object(row).to_string())
    });
    Ok((format!("background rows of {}", bundle.uid()), bodies.collect()))
}

fn background(manifest: &Manifest) -> anyhow::Result<Vec<Map<String, Value>>> {
    manifest.background.iter().map(|row| Ok(serde_json::from_str(row.get())?)).collect()
}
