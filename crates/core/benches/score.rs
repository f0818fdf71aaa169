//! How long a bundle takes to score: one row and 256 rows through the whole graph, and the transform of
//! one customer into a row.
//!
//! `BELLWETHER_BENCH_BUNDLE` names a bundle's folder or a folder of bundles (else those that ship),
//! `BELLWETHER_BENCH_CLIENTS` a file of request bodies, one a line (else the bundle's background rows).
//! Each call gets other rows than the one before, as a server does. Giving the same again keeps the
//! trees' used paths in the processor's cache and flatters every engine; it is timed too, to compare
//! with figures that were taken so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use bellwether_core::bundle::Bundle;
use bellwether_core::customer::{Customer, InputSchema};
use bellwether_core::features::BoundPipeline;
use chrono::NaiveDate;
use criterion::{Criterion, Throughput};

const MANY: usize = 256;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for dir in bundles() {
        let bundle = Bundle::load(&dir).unwrap_or_else(|error| panic!("{error}"));
        bench(&mut criterion, &bundle);
    }
    criterion.final_summary();
}

fn bundles() -> Vec<PathBuf> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let dir = std::env::var_os("BELLWETHER_BENCH_BUNDLE").map_or(shipped, PathBuf::from);
    if dir.join("manifest.json").is_file() {
        return vec![dir];
    }
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut bundles: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    bundles.retain(|path| path.join("manifest.json").is_file());
    bundles.sort();
    bundles
}

fn bench(criterion: &mut Criterion, bundle: &Bundle) {
    let mut schema = InputSchema::default();
    bundle.pipeline().declare(&mut schema).unwrap();
    let pipeline = bundle.pipeline().bind(&schema).unwrap();
    let customers = customers(bundle, &schema);
    let rows = rows(&pipeline, &customers);
    let (columns, scorer) = (pipeline.columns(), bundle.scorer());

    let mut group = criterion.benchmark_group(bundle.uid());
    for (inputs, take) in [("different", rows.len()), ("same", columns)] {
        let mut each = rows[..take].chunks_exact(columns).cycle();
        group.bench_function(format!("1 row, {inputs}"), |bencher| {
            bencher.iter(|| scorer.score_one(black_box(each.next().unwrap())).unwrap());
        });
    }
    group.throughput(Throughput::Elements(MANY as u64));
    for (inputs, take) in [("different", rows.len()), ("same", MANY * columns)] {
        let mut some = rows[..take].chunks_exact(MANY * columns).cycle();
        group.bench_function(format!("256 rows, {inputs}"), |bencher| {
            bencher.iter(|| scorer.score(black_box(some.next().unwrap())).unwrap());
        });
    }
    group.throughput(Throughput::Elements(1));
    let mut each = customers.iter().cycle();
    let mut row = vec![0.0; columns];
    group.bench_function("transform", |bencher| {
        bencher.iter(|| pipeline.transform(black_box(each.next().unwrap()), black_box(&mut row)));
    });
    group.finish();
}

fn customers(bundle: &Bundle, schema: &InputSchema) -> Vec<Customer> {
    let file = std::env::var_os("BELLWETHER_BENCH_CLIENTS");
    let bodies: Vec<String> = match file {
        Some(file) => std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect(),
        None => bundle.manifest().background.iter().map(|input| input.get().to_owned()).collect(),
    };
    let parse = |body: &String| Customer::parse(body.as_bytes(), schema, NaiveDate::MAX);
    bodies.iter().map(|body| parse(body).unwrap_or_else(|error| panic!("{error}: {body}"))).collect()
}

/// At least `MANY` rows, a whole number of times as many.
fn rows(pipeline: &BoundPipeline, customers: &[Customer]) -> Vec<f32> {
    let count = customers.len().next_multiple_of(MANY);
    let mut rows = vec![0.0; count * pipeline.columns()];
    for (row, customer) in rows.chunks_exact_mut(pipeline.columns()).zip(customers.iter().cycle()) {
        pipeline.transform(customer, row);
    }
    rows
}
