//! Tables on standard output: columns as wide as their widest cell.

/// A table to print. Numbers stand right, all else left.
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Prints it; nothing at all where there are no rows.
    pub(crate) fn print(&self) {
        print!("{self}");
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
    }

    /// Whether every cell of a column begins as a number does.
    fn is_number(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| cell == "-" || cell.starts_with(|c: char| c.is_ascii_digit()) && cell.len() < 16)
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let columns: Vec<_> =
            (0..self.header.len()).map(|column| (self.width(column), self.is_number(column))).collect();
        let header: Vec<String> = self.header.iter().map(|&name| name.to_owned()).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let cells = row.iter().zip(&columns).map(|(cell, &(width, number))| {
                if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// A count with its thousands apart: `1,000,000`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut table = Table::new(&["state", "jobs"]);
        table.row(vec!["parked".to_owned(), "7".to_owned()]);
        table.row(vec!["sent".to_owned(), grouped(1_234_567)]);
        assert_eq!(table.to_string(), "state        jobs\nparked          7\nsent    1,234,567\n");
        assert_eq!(Table::new(&["state"]).to_string(), "");
    }

    #[test]
    fn thousands_stand_apart() {
        for (count, words) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(count), words);
        }
    }
}
