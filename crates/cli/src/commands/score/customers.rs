//! Customers from a file: CSV by its header, NDJSON a line each.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use bellwether_core::customer::{Customer, InputKind, InputSchema, InvalidCustomer};
use chrono::{NaiveDate, Utc};
use serde_json::{Map, Value};

/// The rows of a file: a customer, or why it is none; a file that cannot be read on ends with an error.
pub(crate) struct Customers<'s> {
    rows: Rows,
    schema: &'s InputSchema,
    today: NaiveDate,
    line: u64,
}

enum Rows {
    Csv { header: Vec<String>, records: csv::StringRecordsIntoIter<Box<dyn Read>> },
    Lines(std::io::Lines<BufReader<Box<dyn Read>>>),
}

impl<'s> Customers<'s> {
    /// Reads `file` as its name's ending says: `.csv`, or `.ndjson`, `.jsonl` or `.json`.
    ///
    /// # Errors
    /// For another ending, or a CSV whose header names no known input.
    pub(crate) fn open(
        path: &Path,
        file: impl Read + 'static,
        schema: &'s InputSchema,
    ) -> anyhow::Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let file: Box<dyn Read> = Box::new(file);
        let rows = match ending.as_str() {
            "csv" => Rows::csv(file, schema)?,
            "ndjson" | "jsonl" | "json" => Rows::Lines(BufReader::new(file).lines()),
            _ => {
                bail!("expected a file that ends in .csv, .ndjson, .jsonl or .json, not `{}`", path.display())
            }
        };
        Ok(Self { rows, schema, today: Utc::now().date_naive(), line: 0 })
    }

    /// The next row as the body of a request.
    fn body(&mut self) -> Option<anyhow::Result<String>> {
        match &mut self.rows {
            Rows::Csv { header, records } => Some(match records.next()? {
                Ok(record) => Ok(body(header, &record, self.schema)),
                Err(error) => Err(error).context("the CSV cannot be read on"),
            }),
            Rows::Lines(lines) => loop {
                self.line += 1;
                match lines.next()? {
                    Ok(line) if line.trim().is_empty() => {}
                    line => return Some(line.context("the file cannot be read on")),
                }
            },
        }
    }
}

impl Iterator for Customers<'_> {
    type Item = anyhow::Result<Result<Customer, String>>;

    fn next(&mut self) -> Option<Self::Item> {
        let body = match self.body()? {
            Ok(body) => body,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(Customer::parse(body.as_bytes(), self.schema, self.today).map_err(|error| reason(&error))))
    }
}

impl Rows {
    fn csv(file: Box<dyn Read>, schema: &InputSchema) -> anyhow::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(file);
        let header: Vec<String> =
            reader.headers().context("the CSV has no header")?.iter().map(str::to_owned).collect();
        if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)) {
            bail!("the CSV's header names `{}` twice", twice.1);
        }
        if !header.iter().any(|name| schema.get(name).is_some()) {
            let example: Vec<_> = schema.names().take(3).collect();
            bail!("the CSV's header names no known input; expected some of {}, …", example.join(", "));
        }
        Ok(Self::Csv { header, records: reader.into_records() })
    }
}

/// A CSV record as a request: numbers where the input is one, an empty cell as missing.
fn body(header: &[String], record: &csv::StringRecord, schema: &InputSchema) -> String {
    let mut object = Map::new();
    for (name, cell) in header.iter().zip(record) {
        let number = schema.get(name).is_some_and(|(_, kind)| kind == InputKind::Number);
        let value = match cell.trim() {
            "" => Value::Null,
            // What is no finite number stays a text, and is refused as one.
            text if number => {
                text.parse().ok().filter(|n: &f64| n.is_finite()).map_or_else(|| text.into(), Value::from)
            }
            text => text.into(),
        };
        object.insert(name.clone(), value);
    }
    Value::Object(object).to_string()
}

fn reason(error: &InvalidCustomer) -> String {
    match error {
        InvalidCustomer::NotJson(_) => error.to_string(),
        InvalidCustomer::Fields(faults) => {
            faults.iter().map(|f| format!("{}: {}", f.field, f.message)).collect::<Vec<_>>().join("; ")
        }
    }
}
