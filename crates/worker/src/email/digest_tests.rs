use bellwether_core::treatment::Treatment;
use chrono::DateTime;
use uuid::Uuid;

use super::*;

fn standing(client_id: &str, prediction: f64, ltv: f64) -> Standing {
    Standing {
        client_id: client_id.to_owned(),
        uid: Uuid::nil(),
        at: DateTime::UNIX_EPOCH,
        treatment: Treatment::Model,
        model: Some("m".to_owned()),
        prediction: Some(prediction),
        high_risk: true,
        ltv,
        config_version: 1,
    }
}

fn content(top: Vec<Standing>, clients: u64, link: Option<&str>) -> DigestContent {
    let at_risk = top.iter().map(Standing::at_risk).sum();
    let day = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
    DigestContent::of("prod", day, &FlaggedSummary { top, clients, at_risk }, link.map(str::to_owned))
}

#[test]
fn the_text_says_it_all() {
    let top = vec![standing("c-1", 0.8731, 1_234_567.5), standing("c-2", 0.7, 99.0)];
    let content = content(top, 1_702, Some("https://predict.example.org/model_interface/flagged"));
    let expected = "1,702 clients are at high risk on 2026-11-30

Lifetime value at risk, in all: 1,077,970.18

1. c-1: 87.31 %, lifetime value 1,234,567.50, at risk 1,077,900.88
2. c-2: 70.00 %, lifetime value 99.00, at risk 69.30

The first 2 are listed; 1,700 follow.

The whole list: https://predict.example.org/model_interface/flagged

-- 
Bellwether, prod
You receive this because you are a recipient of prediction emails in prod.";
    assert_eq!(content.text().unwrap().trim_end(), expected);
    assert_eq!(
        content.subject,
        "1,702 clients are at high risk on 2026-11-30, lifetime value at risk 1,077,970.18"
    );
}

#[test]
fn the_html_says_the_same_and_loads_nothing() {
    let content = content(vec![standing("c-1", 0.9, 10.0)], 2, Some("https://predict.example.org/x"));
    let html = content.html().unwrap();
    for words in
        [&content.headline, &content.total, &content.rest, &content.reason, &content.clients[0].at_risk]
    {
        assert!(html.contains(words.as_str()), "{words}");
    }
    assert!(html.contains("href=\"https://predict.example.org/x\""));
    for remote in ["src=", "url(", "<link", "<script", "@import"] {
        assert!(!html.contains(remote), "{remote}");
    }
}

#[test]
fn a_day_on_which_nobody_is_at_risk_says_so() {
    let content = content(Vec::new(), 0, None);
    assert_eq!(content.headline, "No client is at high risk on 2026-11-30");
    let text = content.text().unwrap();
    assert!(!text.contains("whole list") && !text.contains("1."), "{text}");
    assert!(!content.html().unwrap().contains("<th"), "no empty table");
}

#[test]
fn a_client_cannot_write_headers_markup_or_lines() {
    let hostile = "<img src=x>\r\nBcc: all@example.org\n\n\u{202e}<script>\u{2028}&";
    let content = content(vec![standing(hostile, 0.9, -5.0)], 1, None);
    let text = content.text().unwrap();
    assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    assert!(text.contains("lifetime value -5.00, at risk -4.50"), "{text}");
    let html = content.html().unwrap();
    assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
}
