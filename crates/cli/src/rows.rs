//! The rows of a file: CSV by its header, NDJSON a line each; both as the bodies of requests.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use bellwether_core::customer::{InputKind, InputSchema, InvalidCustomer};
use serde_json::{Map, Value};

/// One row.
pub(crate) struct Row {
    /// Where it begins in the file, counted from 1.
    pub(crate) line: u64,
    /// A JSON object if all is well; or why the row cannot be read.
    pub(crate) body: Result<Vec<u8>, String>,
}

/// The rows of a file; one that cannot be read on ends with an error.
pub(crate) enum Rows {
    /// Of a CSV file.
    Csv(CsvRows),
    /// Of an NDJSON file.
    Lines {
        /// The file.
        reader: BufReader<Box<dyn Read>>,
        /// How many lines were read.
        line: u64,
    },
}

/// The rows of a CSV file.
pub(crate) struct CsvRows {
    header: Vec<String>,
    /// Which columns hold numbers.
    numbers: Vec<bool>,
    records: csv::StringRecordsIntoIter<Box<dyn Read>>,
}

impl Rows {
    /// Reads `file` as its name's ending says: `.csv`, or `.ndjson`, `.jsonl` or `.json`. `is_number` tells which CSV
    /// columns hold numbers.
    ///
    /// # Errors
    /// For another ending, or a CSV without a header or with one that names a column twice.
    pub(crate) fn open(
        path: &Path,
        file: impl Read + 'static,
        is_number: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let file: Box<dyn Read> = Box::new(file);
        Ok(match ending.as_str() {
            "csv" => Self::Csv(CsvRows::open(file, is_number)?),
            "ndjson" | "jsonl" | "json" => Self::Lines { reader: BufReader::new(file), line: 0 },
            _ => {
                bail!("expected a file that ends in .csv, .ndjson, .jsonl or .json, not `{}`", path.display())
            }
        })
    }

    /// The columns of a CSV; none of an NDJSON, whose rows name their own.
    pub(crate) fn header(&self) -> Option<&[String]> {
        match self {
            Self::Csv(csv) => Some(&csv.header),
            Self::Lines { .. } => None,
        }
    }
}

impl Iterator for Rows {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Csv(csv) => csv.next(),
            Self::Lines { reader, line } => next_line(reader, line).transpose(),
        }
    }
}

/// The next line that is not blank.
fn next_line(reader: &mut impl BufRead, line: &mut u64) -> anyhow::Result<Option<Row>> {
    loop {
        let mut text = Vec::new();
        if reader.read_until(b'\n', &mut text).context("the file cannot be read on")? == 0 {
            return Ok(None);
        }
        *line += 1;
        if !text.trim_ascii().is_empty() {
            return Ok(Some(Row { line: *line, body: Ok(text) }));
        }
    }
}

impl CsvRows {
    fn open(file: Box<dyn Read>, is_number: impl Fn(&str) -> bool) -> anyhow::Result<Self> {
        // A row with too many cells or too few is that row's fault, not the file's.
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header: Vec<String> =
            reader.headers().context("the CSV has no header")?.iter().map(str::to_owned).collect();
        if let Some(twice) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)) {
            bail!("the CSV's header names `{}` twice", twice.1);
        }
        let numbers = header.iter().map(|name| is_number(name)).collect();
        Ok(Self { header, numbers, records: reader.into_records() })
    }

    fn next(&mut self) -> Option<anyhow::Result<Row>> {
        let record = self.records.next()?;
        let line = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line);
        Some(match record {
            Ok(record) => {
                let body = match (record.len(), self.header.len()) {
                    (cells, columns) if cells == columns => Ok(self.body(&record)),
                    (cells, columns) => {
                        Err(format!("expected {columns} cells, as in the header, not {cells}"))
                    }
                };
                Ok(Row { line: line(record.position()), body })
            }
            Err(error) => match error.kind() {
                csv::ErrorKind::Utf8 { pos, .. } => {
                    Ok(Row { line: line(pos.as_ref()), body: Err("it is not UTF-8".to_owned()) })
                }
                _ => Err(anyhow::Error::new(error).context("the CSV cannot be read on")),
            },
        })
    }

    /// A record as a request: numbers where the column holds them, an empty cell as missing.
    fn body(&self, record: &csv::StringRecord) -> Vec<u8> {
        let mut object = Map::new();
        for ((name, number), cell) in self.header.iter().zip(&self.numbers).zip(record) {
            let value = match cell.trim() {
                "" => Value::Null,
                // What is no finite number stays a text, and is refused as one.
                text if *number => {
                    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                    number.map_or_else(|| text.into(), Value::from)
                }
                text => text.into(),
            };
            object.insert(name.clone(), value);
        }
        Value::Object(object).to_string().into_bytes()
    }
}

/// Whether an input is a number.
pub(crate) fn is_number(schema: &InputSchema, name: &str) -> bool {
    schema.get(name).is_some_and(|(_, kind)| kind == InputKind::Number)
}

/// Why a body is no customer, in one line.
pub(crate) fn reason(error: &InvalidCustomer) -> String {
    match error {
        InvalidCustomer::NotJson(_) => error.to_string(),
        InvalidCustomer::Fields(faults) => {
            faults.iter().map(|f| format!("{}: {}", f.field, f.message)).collect::<Vec<_>>().join("; ")
        }
    }
}
