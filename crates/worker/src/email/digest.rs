//! What the digest of clients at high risk says: the same in HTML and in plain text.

use askama::Template;
use bellwether_store::{FlaggedSummary, Standing};
use chrono::NaiveDate;

use super::content::tame;

/// The words of one digest. What came from a client is tamed here, once, for every place it shows up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestContent {
    /// The subject: one line.
    pub subject: String,
    /// How many there are, in a sentence.
    pub headline: String,
    /// What is at risk in all.
    pub total: String,
    /// Those listed, in order.
    pub clients: Vec<DigestRow>,
    /// What is not listed; empty where all are.
    pub rest: String,
    /// The whole list's page.
    pub link: Option<String>,
    /// Where it comes from.
    pub environment: String,
    /// Why the reader got it.
    pub reason: String,
}

/// One client of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRow {
    /// Who it is.
    pub client: String,
    /// The probability in percent.
    pub probability: String,
    /// Lifetime value.
    pub ltv: String,
    /// Lifetime value at risk.
    pub at_risk: String,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Html<'a> {
    content: &'a DigestContent,
}

#[derive(Template)]
#[template(path = "digest.txt")]
struct Text<'a> {
    content: &'a DigestContent,
}

impl DigestContent {
    /// What to say about those at high risk.
    pub fn of(environment: &str, day: NaiveDate, summary: &FlaggedSummary, link: Option<String>) -> Self {
        let environment = tame(environment);
        let clients = counted(summary.clients);
        let total = amount(summary.at_risk);
        let left = summary.clients.saturating_sub(summary.top.len() as u64);
        let rest = match left {
            0 => String::new(),
            left => format!("The first {} are listed; {} follow.", summary.top.len(), grouped(left)),
        };
        Self {
            subject: format!("{clients} at high risk on {day}, lifetime value at risk {total}"),
            headline: format!("{clients} at high risk on {day}"),
            total,
            clients: summary.top.iter().map(DigestRow::of).collect(),
            rest,
            link,
            reason: format!(
                "You receive this because you are a recipient of prediction emails in {environment}."
            ),
            environment,
        }
    }

    /// The HTML part: inline styles, nothing loaded from anywhere.
    ///
    /// # Errors
    /// None in practice: the template writes to memory.
    pub fn html(&self) -> Result<String, askama::Error> {
        Html { content: self }.render()
    }

    /// The plain-text part.
    ///
    /// # Errors
    /// None in practice: the template writes to memory.
    pub fn text(&self) -> Result<String, askama::Error> {
        Text { content: self }.render()
    }
}

impl DigestRow {
    fn of(standing: &Standing) -> Self {
        Self {
            client: tame(&standing.client_id),
            probability: format!("{:.2} %", standing.prediction.unwrap_or_default() * 100.0),
            ltv: amount(standing.ltv),
            at_risk: amount(standing.at_risk()),
        }
    }
}

fn counted(clients: u64) -> String {
    match clients {
        0 => "No client is".to_owned(),
        1 => "1 client is".to_owned(),
        clients => format!("{} clients are", grouped(clients)),
    }
}

/// An amount with two decimals, its thousands set apart.
fn amount(amount: f64) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}{}.{decimals}", thousands(whole))
}

fn grouped(number: u64) -> String {
    thousands(&number.to_string())
}

fn thousands(digits: &str) -> String {
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let head = (!head.is_empty()).then(|| head.to_owned());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "digest_tests.rs"]
mod tests;
