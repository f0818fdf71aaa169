//! How things are shown: shares, amounts, times and treatments in words, and where a client's page is.

use bellwether_core::treatment::Treatment;
use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// A probability in percent, to a tenth.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// An amount with two decimals and spaces between thousands.
pub(super) fn amount(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let digits: Vec<char> = whole.chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(|group| group.iter().collect()).collect();
    let sign = if value < 0.0 && text != "0.00" { "−" } else { "" };
    format!("{sign}{}.{cents}", groups.join("\u{202f}"))
}

/// A moment, to the minute.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// What a client gets, in words.
pub(super) fn treatment(treatment: Treatment, model: Option<&str>) -> String {
    match (treatment, model) {
        (Treatment::Model, Some(model)) => format!("model {model}"),
        (Treatment::Model, None) => "a model".to_owned(),
        (Treatment::Heuristic, _) => "simple rule".to_owned(),
        (Treatment::Holdout, _) => "held out".to_owned(),
    }
}

/// Where a client's page is. None for the two ids that browsers take for a folder.
pub(super) fn page_of(client_id: &str) -> Option<String> {
    if [".", ".."].contains(&client_id) {
        return None;
    }
    Some(format!("/model_interface/clients/{}", utf8_percent_encode(client_id, NON_ALPHANUMERIC)))
}

/// An input's value as it is typed.
pub(super) fn typed(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_keep_their_sign() {
        assert_eq!(amount(1_234_567.891), "1\u{202f}234\u{202f}567.89");
        assert_eq!(amount(-0.001), "0.00");
        assert_eq!(amount(-12.5), "−12.50");
    }

    #[test]
    fn an_id_in_a_path_is_one_segment_whatever_it_holds() {
        assert_eq!(page_of("a/b?c#d%2e").as_deref(), Some("/model_interface/clients/a%2Fb%3Fc%23d%252e"));
        assert_eq!(page_of(".."), None);
    }
}
