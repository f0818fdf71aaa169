//! A day of the log, read page by page, and from where it was left the last time.

use bellwether_store::{PredictionLog, StoreError};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{ModelDay, Reference, Tally};

/// Into so many parts a day is cut, a quarter of an hour each.
pub const SLICES_A_DAY: u32 = 96;
/// So many rows of each are read at most: a busier log is judged by the first of each quarter of an hour.
pub const ROWS_A_SLICE: u32 = 20_000;
/// Rows that are read at a time.
const PAGE: u32 = 1_000;

/// A model that a day is counted for.
#[derive(Debug, Clone)]
pub struct Watched {
    /// What its training saw.
    pub reference: Reference,
    /// What was counted of the day.
    pub tally: Tally,
}

impl Watched {
    /// A model of which nothing was counted yet.
    pub fn new(reference: Reference) -> Self {
        let tally = Tally::new(&reference);
        Self { reference, tally }
    }

    /// What was counted, measured.
    pub fn measured(&self, cursor: &Cursor, complete: bool) -> ModelDay {
        self.tally.day(&self.reference, cursor.day, cursor.sampled, complete)
    }
}

/// How far a day has been read.
#[derive(Debug, Clone)]
pub struct Cursor {
    /// Which day, in UTC.
    pub day: NaiveDate,
    /// Whether rows were left out, since there were too many.
    pub sampled: bool,
    slice: u32,
    after: Option<Uuid>,
    in_slice: u32,
}

impl Cursor {
    /// At a day's beginning.
    pub fn new(day: NaiveDate) -> Self {
        Self { day, sampled: false, slice: 0, after: None, in_slice: 0 }
    }

    fn next_slice(&mut self) {
        self.slice += 1;
        self.in_slice = 0;
    }
}

/// Counts what the log holds of the cursor's day up to `until`, from where the cursor stands. What reaches the log
/// later than its neighbours may be missed between two calls: a finished day is to be read by a cursor of its own.
///
/// # Errors
/// [`StoreError`] where the log cannot be read; the cursor then stands where reading stopped, and another call goes
/// on from there.
pub async fn read_day(
    log: &dyn PredictionLog,
    watched: &mut [Watched],
    cursor: &mut Cursor,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    let length = TimeDelta::minutes(24 * 60 / i64::from(SLICES_A_DAY));
    while cursor.slice < SLICES_A_DAY {
        let from = start_of(cursor.day) + length * i32::try_from(cursor.slice).unwrap_or(0);
        let end = from + length;
        if from >= until {
            return Ok(());
        }
        let page = PAGE.min(ROWS_A_SLICE - cursor.in_slice);
        let records = log.between(from, end.min(until), cursor.after, page).await?;
        for record in &records {
            for model in &mut *watched {
                model.tally.add(&model.reference, record);
            }
        }
        let read = u32::try_from(records.len()).unwrap_or(page);
        cursor.in_slice += read;
        cursor.after = records.last().map(bellwether_core::prediction::LogRecord::uid).or(cursor.after);
        if read < page {
            if end > until {
                return Ok(());
            }
            cursor.next_slice();
        } else if cursor.in_slice >= ROWS_A_SLICE {
            cursor.sampled = true;
            cursor.next_slice();
        }
    }
    Ok(())
}

/// A day's first moment.
pub fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
