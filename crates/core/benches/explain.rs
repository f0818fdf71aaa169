//! How long an explanation takes, of one round and of two, customer after customer.
//!
//! `BELLWETHER_BENCH_BUNDLE` names a bundle's folder or a folder of bundles (else those that ship). The
//! customers are the inputs of the bundle's parity rows, none of which is in its background.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::hint::black_box;
use std::path::Path;

use bellwether_core::bundle::{Bundles, ModelFolder};
use bellwether_core::config::{ConfigDocument, ConfigVersion};
use bellwether_core::customer::Customer;
use bellwether_core::explain::{Subject, explain};
use bellwether_core::prediction::Snapshot;
use bellwether_core::treatment::{Assignment, Treatment};
use chrono::{DateTime, NaiveDate};
use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let bundles = bundles();
    for uid in bundles.keys() {
        bench(&mut criterion, &bundles, uid);
    }
    criterion.final_summary();
}

fn bundles() -> Bundles {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let dir = std::env::var_os("BELLWETHER_BENCH_BUNDLE").map_or(shipped, Into::into);
    let single = dir.join("manifest.json").is_file();
    let mut bundles = ModelFolder::new(if single { dir.parent().unwrap() } else { &dir }).scan().unwrap();
    bundles.retain(|uid, _| !single || dir.ends_with(uid));
    bundles
}

fn bench(criterion: &mut Criterion, bundles: &Bundles, uid: &str) {
    let document = ConfigDocument::initial(uid);
    let config = ConfigVersion {
        environment: "prod".to_owned(),
        version: 1,
        parent: None,
        sha256: document.sha256().unwrap(),
        document,
        author: "a bench".to_owned(),
        reason: "to see".to_owned(),
        created_at: DateTime::UNIX_EPOCH,
        provenance: None,
    };
    let snapshot = Snapshot::build(config, bundles).unwrap();
    let parity = &snapshot.models[0].bundle.manifest().parity;
    let parse = |body: &str| Customer::parse(body.as_bytes(), &snapshot.schema, NaiveDate::MAX).ok();
    let customers: Vec<_> = parity.iter().filter_map(|row| parse(row.input.get())).collect();
    let subject = Subject::of(&snapshot, Assignment { treatment: Treatment::Model, arm: 0 }).unwrap();

    let mut group = criterion.benchmark_group(uid);
    group.sample_size(20);
    for rounds in [1, 2] {
        let told = customers.iter().map(|customer| explain(&subject, customer, rounds, 1).unwrap());
        let told: Vec<_> = told.collect();
        let mean = |numbers: Vec<f64>| numbers.iter().sum::<f64>() / numbers.len() as f64;
        let rows = mean(told.iter().map(|told| told.evaluations as f64).collect());
        let largest = |told: &bellwether_core::explain::Explanation| {
            told.contributions.iter().map(|one| one.standard_error).fold(0.0, f64::max)
        };
        let error = mean(told.iter().map(largest).collect());
        println!(
            "{uid}, {rounds} round(s): {rows:.0} rows scored, largest standard error {error:.5} on average"
        );
        let mut each = customers.iter().cycle();
        group.bench_function(format!("{rounds} round(s)"), |bencher| {
            bencher.iter(|| explain(&subject, black_box(each.next().unwrap()), rounds, 1).unwrap());
        });
    }
    group.finish();
}
