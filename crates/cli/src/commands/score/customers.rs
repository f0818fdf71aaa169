//! Customers from the rows of a file.

use std::io::Read;
use std::path::Path;

use anyhow::bail;
use bellwether_core::customer::{Customer, InputSchema};
use chrono::{NaiveDate, Utc};

use crate::rows::{Rows, is_number, reason};

/// The rows of a file: a customer, or why it is none; a file that cannot be read on ends with an error.
pub(crate) struct Customers<'s> {
    rows: Rows,
    schema: &'s InputSchema,
    today: NaiveDate,
}

impl<'s> Customers<'s> {
    /// Reads `file` as [`Rows::open`] does.
    ///
    /// # Errors
    /// As there, and for a CSV whose header names no known input.
    pub(crate) fn open(
        path: &Path,
        file: impl Read + 'static,
        schema: &'s InputSchema,
    ) -> anyhow::Result<Self> {
        let rows = Rows::open(path, file, |name| is_number(schema, name))?;
        if rows.header().is_some_and(|header| !header.iter().any(|name| schema.get(name).is_some())) {
            let example: Vec<_> = schema.names().take(3).collect();
            bail!("the CSV's header names no known input; expected some of {}, …", example.join(", "));
        }
        Ok(Self { rows, schema, today: Utc::now().date_naive() })
    }
}

impl Iterator for Customers<'_> {
    type Item = anyhow::Result<Result<Customer, String>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.rows.next()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let customer = row
            .body
            .and_then(|body| Customer::parse(&body, self.schema, self.today).map_err(|error| reason(&error)));
        Some(Ok(customer))
    }
}
