//! What is to be said of a file: rows that cannot be taken, and fields that no model knows.

use std::collections::BTreeMap;

use super::client::ClientUpdate;
use crate::table::grouped;

/// The most bad rows that are told one by one.
const TOLD_ROWS: usize = 100;
/// The most unknown fields that are told apart, and the longest name.
const TOLD_FIELDS: usize = 100;
const TOLD_CHARS: usize = 64;

/// Gathers what is found.
#[derive(Default)]
pub(super) struct Findings {
    rows: u64,
    bad: u64,
    told: Vec<String>,
    ignored: BTreeMap<String, u64>,
}

impl Findings {
    /// Takes a row's outcome into account.
    pub(super) fn add(&mut self, line: u64, outcome: &Result<ClientUpdate, String>) {
        self.rows += 1;
        match outcome {
            Ok(update) => update.ignored.iter().for_each(|name| self.ignore(name)),
            Err(reason) => {
                self.bad += 1;
                if self.told.len() < TOLD_ROWS {
                    self.told.push(format!("line {line}: {reason}"));
                }
            }
        }
    }

    fn ignore(&mut self, name: &str) {
        if let Some(rows) = self.ignored.get_mut(name) {
            *rows += 1;
        } else if self.ignored.len() < TOLD_FIELDS {
            self.ignored.insert(name.to_owned(), 1);
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them cannot be taken.
    pub(super) fn bad(&self) -> u64 {
        self.bad
    }

    /// Says all of it on standard error.
    pub(super) fn tell(&self) {
        for row in &self.told {
            eprintln!("{row}");
        }
        if self.bad > self.told.len() as u64 {
            eprintln!("… and {} more rows", grouped(self.bad - self.told.len() as u64));
        }
        for (name, rows) in &self.ignored {
            let name: String = name.chars().take(TOLD_CHARS).collect();
            eprintln!("ignored: `{name}`, which no live model knows (rows: {})", grouped(*rows));
        }
    }
}
