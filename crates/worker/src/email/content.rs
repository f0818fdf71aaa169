//! What an email about a prediction says: the same in HTML and in plain text.

use askama::Template;
use bellwether_core::treatment::Treatment;
use bellwether_jobs::SendPredictionEmail;

/// Longer names are cut: a subject is read at a glance, and a client may call itself anything.
const LONGEST_NAME: usize = 80;

/// The words of one email. What came from a client is [`tame`]d here, once, for every place it shows up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The subject: one line.
    pub subject: String,
    /// What happened, in a sentence.
    pub headline: String,
    /// The probability in percent.
    pub probability: String,
    /// What the probability means.
    pub verdict: String,
    /// The particulars: what, and how much.
    pub rows: Vec<(&'static str, String)>,
    /// Where it comes from.
    pub environment: String,
    /// Why the reader got it.
    pub reason: String,
    high_risk: bool,
}

#[derive(Template)]
#[template(path = "prediction.html")]
struct Html<'a> {
    content: &'a Content,
}

#[derive(Template)]
#[template(path = "prediction.txt")]
struct Text<'a> {
    content: &'a Content,
}

impl Content {
    /// What to say about a prediction.
    pub fn of(email: &SendPredictionEmail) -> Self {
        let high_risk = email.high_risk.as_deref() == Some("yes");
        let client = email.client_id.as_deref().map(tame).filter(|name| !name.is_empty());
        let who = client.as_ref().map_or("A client without an id".to_owned(), |id| format!("Client {id}"));
        let probability = match email.prediction {
            Some(probability) => format!("{:.2} %", probability * 100.0),
            None => "no prediction".to_owned(),
        };
        let (subject, headline) = if high_risk {
            (format!("High churn risk: {who} ({probability})"), format!("{who} is likely to leave"))
        } else {
            (format!("Churn prediction: {who} ({probability})"), format!("{who} was scored"))
        };
        let verdict = match (email.prediction, high_risk) {
            (None, _) => "no probability of churn was given",
            (_, true) => "probability of churn: high risk",
            (_, false) => "probability of churn: not high risk",
        };
        let answered_by = match (email.treatment, &email.model) {
            (Treatment::Model, Some(model)) => tame(model),
            (treatment, _) => treatment.as_str().to_owned(),
        };
        let environment = tame(&email.environment);
        Self {
            subject,
            headline,
            probability,
            verdict: verdict.to_owned(),
            rows: vec![
                ("Client", client.unwrap_or_else(|| "not named".to_owned())),
                ("High risk", if high_risk { "yes" } else { "no" }.to_owned()),
                ("Lifetime value", format!("{:.2}", email.ltv)),
                ("Answered by", answered_by),
                ("Config version", email.config_version.to_string()),
                ("Answered at", email.answered_at.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
                ("Prediction", email.uid.to_string()),
            ],
            reason: format!(
                "You receive this because you are a recipient of prediction emails in {environment}."
            ),
            environment,
            high_risk,
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

    fn tint(&self) -> &'static str {
        if self.high_risk { "#fef3f2" } else { "#f0f9ff" }
    }

    fn ink(&self) -> &'static str {
        if self.high_risk { "#b42318" } else { "#026aa2" }
    }
}

/// Foreign text made fit for a line of an email: no line breaks or other control characters, which could
/// start a header or a line of their own, none that turn the direction of writing, and not too long.
/// HTML is escaped by the template.
pub(super) fn tame(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut tamed: String = text
        .chars()
        .filter(|c| !turns(*c))
        .map(|c| if breaks(c) { ' ' } else { c })
        .take(LONGEST_NAME + 1)
        .collect();
    if tamed.chars().count() > LONGEST_NAME {
        tamed = tamed.chars().take(LONGEST_NAME - 1).chain(['…']).collect();
    }
    tamed.trim().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "content_tests.rs"]
mod tests;
