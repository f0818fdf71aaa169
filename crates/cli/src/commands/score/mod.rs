//! `bellwether score FILE`: customers in, predictions out, in the order of the file. A row that cannot be
//! scored keeps its place, with the reason.

mod customers;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use bellwether_core::bundle::Bundle;
use bellwether_core::customer::{Customer, InputSchema};
use bellwether_core::features::BoundPipeline;

use crate::args;
use crate::progress;
use customers::Customers;

/// Rows scored together: few enough that features stay in cache.
const BLOCK: usize = 256;

/// Scores a file.
pub(crate) fn run(args: &args::Score) -> anyhow::Result<ExitCode> {
    ensure!((0.0..=1.0).contains(&args.cutoff), "--cutoff: expected 0 to 1, not {}", args.cutoff);
    let scorer = RowScorer::new(bundle(&args.models, args.model.as_deref())?, args.cutoff)?;
    let path = args.file.display();
    let file = File::open(&args.file).with_context(|| format!("{path} cannot be opened"))?;
    let bar = progress::through(&file, "scoring")?;
    let customers = Customers::open(&args.file, bar.wrap_read(file), &scorer.schema)?;
    let out: Box<dyn Write> = match &args.out {
        Some(out) => {
            Box::new(File::create(out).with_context(|| format!("{} cannot be written", out.display()))?)
        }
        None => Box::new(io::stdout().lock()),
    };
    let counts = write(&scorer, customers, csv::Writer::from_writer(out))?;
    bar.finish_and_clear();
    let Counts { scored, refused } = counts;
    eprintln!("{scored} scored by {}, {refused} refused (see the column `error`)", scorer.bundle.uid());
    Ok(ExitCode::SUCCESS)
}

fn bundle(models: &Path, uid: Option<&str>) -> anyhow::Result<Bundle> {
    if let Some(uid) = uid {
        return Bundle::load(&models.join(uid))
            .with_context(|| format!("the bundle `{uid}` cannot be served"));
    }
    let folder = bellwether_core::bundle::ModelFolder::new(models);
    let bundles =
        folder.scan().with_context(|| format!("--models: `{}` cannot be read", models.display()))?;
    drop(folder);
    let Some(first) = bundles.into_values().find_map(Result::ok) else {
        bail!("--models: `{}` holds no bundle that can be served", models.display());
    };
    std::sync::Arc::into_inner(first).context("the bundle is in use elsewhere")
}

struct Counts {
    scored: u64,
    refused: u64,
}

fn write(
    model: &RowScorer,
    customers: impl Iterator<Item = anyhow::Result<Result<Customer, String>>>,
    mut out: csv::Writer<impl Write>,
) -> anyhow::Result<Counts> {
    out.write_record(["client_id", "prediction", "high_risk", "model", "error"])?;
    let uid = model.bundle.uid();
    let mut counts = Counts { scored: 0, refused: 0 };
    let mut customers = customers.peekable();
    while customers.peek().is_some() {
        let block = customers.by_ref().take(BLOCK).collect::<anyhow::Result<Vec<_>>>()?;
        let mut scores = model.score(&block)?.into_iter();
        for row in block {
            match row {
                Ok(customer) => {
                    counts.scored += 1;
                    let score = scores.next().context("a score is missing")?;
                    let (prediction, high_risk) = model.answer(score);
                    let id = customer.client_id.unwrap_or_default();
                    out.write_record([id.as_str(), &prediction, high_risk, uid, ""])?;
                }
                Err(error) => {
                    counts.refused += 1;
                    out.write_record(["", "", "", uid, &error])?;
                }
            }
        }
    }
    out.flush()?;
    Ok(counts)
}

struct RowScorer {
    bundle: Bundle,
    pipeline: BoundPipeline,
    schema: InputSchema,
    cutoff: f64,
}

impl RowScorer {
    fn new(bundle: Bundle, cutoff: f64) -> anyhow::Result<Self> {
        let mut schema = InputSchema::default();
        bundle.pipeline().declare(&mut schema)?;
        let pipeline = bundle.pipeline().bind(&schema)?;
        Ok(Self { bundle, pipeline, schema, cutoff })
    }

    /// One score for each row that is a customer.
    fn score(&self, block: &[Result<Customer, String>]) -> anyhow::Result<Vec<f32>> {
        let columns = self.pipeline.columns();
        let customers: Vec<_> = block.iter().filter_map(|row| row.as_ref().ok()).collect();
        let mut rows = vec![0.0; columns * customers.len()];
        for (customer, row) in customers.iter().zip(rows.chunks_exact_mut(columns)) {
            self.pipeline.transform(customer, row);
        }
        Ok(self.bundle.scorer().score(&rows)?)
    }

    fn answer(&self, score: f32) -> (String, &'static str) {
        let probability = f64::from(score);
        let high_risk = if probability >= self.cutoff { "yes" } else { "no" };
        (format!("{probability:.4}"), high_risk)
    }
}
