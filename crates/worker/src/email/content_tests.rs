use chrono::DateTime;
use uuid::Uuid;

use super::*;

fn email() -> SendPredictionEmail {
    SendPredictionEmail {
        schema: 1,
        uid: Uuid::nil(),
        recipients: Vec::new(),
        client_id: Some("c-4711".to_owned()),
        prediction: Some(0.8731),
        high_risk: Some("yes".to_owned()),
        ltv: 1234.5,
        treatment: Treatment::Model,
        model: Some("random_forest_20261122T101500".to_owned()),
        config_version: 7,
        environment: "prod".to_owned(),
        answered_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        dedupe_key: None,
        trace: None,
    }
}

#[test]
fn the_text_says_it_all() {
    let text = Content::of(&email()).text().unwrap();
    let expected = "Client c-4711 is likely to leave

87.31 % - probability of churn: high risk

Client: c-4711
High risk: yes
Lifetime value: 1234.50
Answered by: random_forest_20261122T101500
Config version: 7
Answered at: 2027-01-15 08:00:00 UTC
Prediction: 00000000-0000-0000-0000-000000000000

-- 
Bellwether, prod
You receive this because you are a recipient of prediction emails in prod.";
    assert_eq!(text.trim_end(), expected);
}

#[test]
fn the_html_says_the_same_and_loads_nothing() {
    let content = Content::of(&email());
    let html = content.html().unwrap();
    for (label, value) in &content.rows {
        assert!(html.contains(&format!(">{label}<")) && html.contains(&format!(">{value}<")), "{label}");
    }
    for words in [&content.headline, &content.probability, &content.verdict, &content.reason] {
        assert!(html.contains(words.as_str()), "{words}");
    }
    for remote in ["http", "src=", "url(", "<link", "<script", "@import"] {
        assert!(!html.contains(remote), "{remote}");
    }
}

#[test]
fn low_risk_the_heuristic_and_nameless_clients_read_well() {
    let mut email = email();
    email.client_id = None;
    email.prediction = Some(0.05);
    email.high_risk = Some("no".to_owned());
    email.treatment = Treatment::Heuristic;
    email.model = None;
    let content = Content::of(&email);
    assert_eq!(content.subject, "Churn prediction: A client without an id (5.00 %)");
    let text = content.text().unwrap();
    assert!(text.contains("Answered by: heuristic") && text.contains("Client: not named"), "{text}");
}

#[test]
fn a_client_cannot_write_headers_markup_or_lines() {
    let mut email = email();
    email.client_id = Some("<img src=x>\r\nBcc: all@example.org\n\n\u{202e}<script>\u{2028}&".to_owned());
    let content = Content::of(&email);
    assert!(!content.subject.chars().any(char::is_control), "{:?}", content.subject);
    assert!(!content.subject.contains('\u{202e}'));
    let text = content.text().unwrap();
    assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    let html = content.html().unwrap();
    assert!(!html.contains("<img") && !html.contains("<script"), "{html}");

    email.client_id = Some("x".repeat(5_000));
    assert!(Content::of(&email).subject.chars().count() < 130);
}
