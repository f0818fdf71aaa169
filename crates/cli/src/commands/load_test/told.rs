//! What was measured, as a table.

use super::report::{Latency, Level, Report};
use crate::table::{Table, grouped};

type Percentile = (&'static str, fn(&Latency) -> f64);

const PERCENTILES: [Percentile; 5] = [
    ("p50 ms", |latency| latency.p50),
    ("p90 ms", |latency| latency.p90),
    ("p99 ms", |latency| latency.p99),
    ("p99.9 ms", |latency| latency.p99_9),
    ("max ms", |latency| latency.max),
];

/// From this share of a core on the load test itself, which has one thread, may be what is slow.
const BUSY_CLIENT: f64 = 0.8;

/// Prints every level, and what failed.
pub(super) fn print(report: &Report) {
    println!("{}\n", heading(report));
    let columns = ["connections", "requests", "answers/s"].into_iter();
    let columns = columns.chain(PERCENTILES.map(|(name, _)| name)).chain(["errors", "client cpu"]);
    let mut table = Table::new(&columns.collect::<Vec<_>>());
    for level in &report.levels {
        let mut row =
            vec![level.connections.to_string(), grouped(level.requests), format!("{:.1}", level.rate)];
        row.extend(PERCENTILES.map(|(_, of)| milliseconds(level.latency_ms.as_ref().map(of))));
        row.push(grouped(level.failed()));
        row.push(level.client_cpu.map_or_else(dash, |cpu| format!("{:.0} %", cpu * 100.0)));
        table.row(row);
    }
    table.print();
    for level in &report.levels {
        notes(level);
    }
}

/// What was called, and how.
pub(super) fn heading(report: &Report) -> String {
    let pace = report.offered_rate.map_or_else(
        || "each connection asks again as soon as it is answered".to_owned(),
        |rate| format!("{rate} requests a second are due"),
    );
    let purpose =
        report.purpose.as_deref().map_or_else(String::new, |purpose| format!(", marked as {purpose}"));
    format!("{}{purpose}: {pace}; {} s a level", report.url, report.duration_seconds)
}

fn notes(level: &Level) {
    if level.failed() > 0 {
        let errors: Vec<_> =
            level.errors.iter().map(|(reason, count)| format!("{} × {reason}", grouped(*count))).collect();
        println!("{}, failed: {}", level.name(), errors.join(", "));
    }
    if level.client_cpu.is_some_and(|cpu| cpu > BUSY_CLIENT) {
        println!("{}: the load test itself is busy; the api may be faster than this", level.name());
    }
}

/// Prints every level as ratios to an earlier report's level of as many connections.
pub(super) fn print_beside(report: &Report, before: &Report, name: &str) {
    let columns = ["connections", "answers/s"].into_iter().chain(PERCENTILES.map(|(name, _)| name));
    let columns: Vec<_> = columns.map(|name| name.strip_suffix(" ms").unwrap_or(name)).collect();
    let mut table = Table::new(&columns);
    for level in &report.levels {
        let Some(old) = before.level(level.connections) else { continue };
        let mut row = vec![level.connections.to_string(), ratio(Some(level.rate), Some(old.rate))];
        row.extend(
            PERCENTILES
                .map(|(_, of)| ratio(level.latency_ms.as_ref().map(of), old.latency_ms.as_ref().map(of))),
        );
        table.row(row);
    }
    println!("\nAs a multiple of {name} ({}):\n", heading(before));
    let table = table.to_string();
    print!("{}", if table.is_empty() { "it has no level of as many connections\n" } else { &table });
}

fn ratio(now: Option<f64>, before: Option<f64>) -> String {
    let ratio = now.zip(before).filter(|(_, before)| *before > 0.0).map(|(now, before)| now / before);
    ratio.map_or_else(dash, |ratio| format!("{ratio:.2}"))
}

fn milliseconds(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{value:.2}"))
}

fn dash() -> String {
    "-".to_owned()
}
