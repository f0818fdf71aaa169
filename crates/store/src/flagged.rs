//! Who is at risk now: the clients whose newest prediction is of high risk, but for those whom the live config holds
//! out, the largest lifetime value at risk first.

use std::fmt;
use std::str::FromStr;

use bellwether_core::config::ConfigDocument;
use bellwether_core::treatment::{Treatment, assign};
use chrono::{DateTime, Utc};

use crate::{Standing, Standings, StoreError};

/// Rows read at once.
const STEP: u32 = 500;
/// Reads for one page: where nearly everyone is held out, a page may be short, and says where to go on.
const STEPS_A_PAGE: u32 = 20;

/// Which clients are listed.
#[derive(Debug, Clone, Copy)]
pub struct FlaggedQuery<'c> {
    /// The config that is live: whom it holds out is left out.
    pub config: &'c ConfigDocument,
    /// Those are left out whose newest prediction is older.
    pub since: DateTime<Utc>,
}

/// Where a page ended: behind this client the next one begins. As text it is opaque, and fit for a URL.
#[derive(Debug, Clone, PartialEq)]
pub struct FlaggedCursor {
    at_risk: f64,
    client_id: String,
}

/// Clients at risk, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct FlaggedPage {
    /// The clients.
    pub clients: Vec<Standing>,
    /// Where to go on; none where nobody follows.
    pub next: Option<FlaggedCursor>,
}

/// All clients at risk in a few numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct FlaggedSummary {
    /// The first of them.
    pub top: Vec<Standing>,
    /// How many they are.
    pub clients: u64,
    /// Their lifetime value at risk, summed up; a negative one counts for nothing.
    pub at_risk: f64,
}

impl FlaggedQuery<'_> {
    /// Up to `limit` clients behind `after`. A page may hold fewer although others follow; `next` tells.
    ///
    /// # Errors
    /// [`StoreError`] where the standings cannot be read.
    pub async fn page(
        &self,
        standings: &dyn Standings,
        after: Option<FlaggedCursor>,
        limit: usize,
    ) -> Result<FlaggedPage, StoreError> {
        let (mut clients, mut last) = (Vec::new(), after);
        for _ in 0..STEPS_A_PAGE {
            let step = self.step(standings, last.as_ref()).await?;
            let full = step.len() == STEP as usize;
            let mut rest = step.into_iter();
            for standing in rest.by_ref() {
                last = Some(FlaggedCursor::behind(&standing));
                if !self.holds_out(&standing) {
                    clients.push(standing);
                }
                if clients.len() >= limit {
                    break;
                }
            }
            let more = full || rest.any(|standing| !self.holds_out(&standing));
            if clients.len() >= limit || !full {
                return Ok(FlaggedPage { clients, next: last.filter(|_| more) });
            }
        }
        Ok(FlaggedPage { clients, next: last })
    }

    /// Reads all of them, and keeps the first `top`.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub async fn summary(&self, standings: &dyn Standings, top: usize) -> Result<FlaggedSummary, StoreError> {
        let mut summary = FlaggedSummary { top: Vec::new(), clients: 0, at_risk: 0.0 };
        let mut last: Option<FlaggedCursor> = None;
        loop {
            let step = self.step(standings, last.as_ref()).await?;
            let full = step.len() == STEP as usize;
            for standing in step {
                last = Some(FlaggedCursor::behind(&standing));
                if self.holds_out(&standing) {
                    continue;
                }
                summary.clients += 1;
                summary.at_risk += standing.at_risk().max(0.0);
                if summary.top.len() < top {
                    summary.top.push(standing);
                }
            }
            if !full {
                return Ok(summary);
            }
        }
    }

    async fn step(
        &self,
        standings: &dyn Standings,
        after: Option<&FlaggedCursor>,
    ) -> Result<Vec<Standing>, StoreError> {
        let after = after.map(|after| (after.at_risk, after.client_id.as_str()));
        standings.flagged(self.since, after, STEP).await
    }

    fn holds_out(&self, standing: &Standing) -> bool {
        assign(self.config, &standing.client_id).treatment == Treatment::Holdout
    }
}

impl FlaggedCursor {
    fn behind(standing: &Standing) -> Self {
        Self { at_risk: standing.at_risk(), client_id: standing.client_id.clone() }
    }
}

impl fmt::Display for FlaggedCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.at_risk.to_bits())?;
        self.client_id.bytes().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// No text that [`FlaggedCursor`] ever was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected what `next` of the page before said")]
pub struct NoCursor;

impl FromStr for FlaggedCursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit())
            || text.len() < 18
            || !text.len().is_multiple_of(2)
        {
            return Err(NoCursor);
        }
        let (bits, id) = text.split_at(16);
        let at_risk = f64::from_bits(u64::from_str_radix(bits, 16).map_err(|_| NoCursor)?);
        let bytes = (0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16));
        let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().map_err(|_| NoCursor)?;
        let client_id = String::from_utf8(bytes).map_err(|_| NoCursor)?;
        if at_risk.is_finite() { Ok(Self { at_risk, client_id }) } else { Err(NoCursor) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "flagged_tests.rs"]
mod tests;
