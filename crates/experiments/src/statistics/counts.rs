//! Pearson's χ²: whether counts are those that shares lead to expect, and whether two classifications have
//! to do with each other; with how much, which does not grow with the number of clients.

use serde::Serialize;

use super::chi_squared_tail;

/// The outcome of a χ² test, with the size of the effect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CountTest {
    /// Pearson's statistic, over the cells in which something was expected.
    pub statistic: f64,
    /// Its degrees of freedom, at least 1 unless something was counted where nothing was expected.
    pub degrees: u32,
    /// How probable a statistic at least as large is where nothing is the matter, 0 to 1; 0 where something was
    /// counted in a cell in which nothing can be.
    pub p_value: f64,
    /// Cohen's w, √(statistic / n): 0.1 small, 0.3 medium, 0.5 large by his convention.
    pub w: f64,
    /// Cramér's V: w over √(cells − 1), or over √(min(rows, columns) − 1) of a table; 0 to 1 for a table.
    pub cramers_v: f64,
    /// How many were counted in cells in which nothing was expected; they are not in the statistic.
    pub impossible: u64,
    /// The least number expected in a cell: below 5 the p-value is a rough one (Cochran 1954).
    pub least_expected: f64,
}

/// Whether `observed` are what `shares` (0 or more, in any unit) lead to expect. None where nothing was
/// observed, where the two differ in length, or where fewer than two cells can hold anything and nothing is
/// elsewhere: there is nothing to test.
pub fn goodness_of_fit(observed: &[u64], shares: &[f64]) -> Option<CountTest> {
    let whole: f64 = shares.iter().sum();
    let counted: u64 = observed.iter().sum();
    let sound = observed.len() == shares.len() && shares.iter().all(|share| *share >= 0.0);
    if !sound || counted == 0 || whole <= 0.0 || !whole.is_finite() {
        return None;
    }
    let cells = || observed.iter().zip(shares);
    let impossible: u64 = cells().filter(|(_, share)| **share <= 0.0).map(|(count, _)| count).sum();
    let expected = cells().filter(|(_, share)| **share > 0.0).map(|(count, share)| {
        let expected = counted as f64 * share / whole;
        (*count as f64, expected)
    });
    let cells: Vec<(f64, f64)> = expected.collect();
    if cells.len() < 2 && impossible == 0 {
        return None;
    }
    Some(tested(&cells, degrees(cells.len()), cells.len(), counted as f64, impossible))
}

/// Whether the rows of a table of counts differ in how they fall into its columns. Rows and columns that hold
/// nothing are left out; none where fewer than two of either are left.
pub fn independence(table: &[Vec<u64>]) -> Option<CountTest> {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let at = |row: &Vec<u64>, column: usize| row.get(column).copied().unwrap_or(0);
    let rows: Vec<&Vec<u64>> = table.iter().filter(|row| row.iter().any(|count| *count > 0)).collect();
    let column_sums: Vec<(usize, f64)> = (0..columns)
        .map(|column| (column, rows.iter().map(|row| at(row, column)).sum::<u64>() as f64))
        .filter(|(_, sum)| *sum > 0.0)
        .collect();
    let smaller = rows.len().min(column_sums.len());
    if smaller < 2 {
        return None;
    }
    let whole: f64 = column_sums.iter().map(|(_, sum)| sum).sum();
    let mut cells = Vec::with_capacity(rows.len() * column_sums.len());
    for row in &rows {
        let row_sum = row.iter().sum::<u64>() as f64;
        let cell = |(column, sum): &(usize, f64)| (at(row, *column) as f64, row_sum * sum / whole);
        cells.extend(column_sums.iter().map(cell));
    }
    Some(tested(&cells, degrees(rows.len()) * degrees(column_sums.len()), smaller, whole, 0))
}

fn degrees(cells: usize) -> u32 {
    u32::try_from(cells.saturating_sub(1)).unwrap_or(u32::MAX)
}

/// `cells` are (counted, expected); `classes` is what V is scaled by, plus one.
fn tested(cells: &[(f64, f64)], degrees: u32, classes: usize, counted: f64, impossible: u64) -> CountTest {
    let statistic: f64 = cells.iter().map(|(count, expected)| (count - expected).powi(2) / expected).sum();
    let w = (statistic / counted).sqrt();
    let scale = classes.saturating_sub(1).max(1) as f64;
    CountTest {
        statistic,
        degrees,
        p_value: if impossible > 0 { 0.0 } else { chi_squared_tail(statistic, degrees) },
        w,
        cramers_v: w / scale.sqrt(),
        impossible,
        least_expected: cells.iter().map(|(_, expected)| *expected).fold(f64::INFINITY, f64::min),
    }
}
