use bellwether_core::treatment::Treatment;
use uuid::Uuid;

use super::*;

fn email(recipients: &[&str]) -> SendPredictionEmail {
    SendPredictionEmail {
        schema: 1,
        uid: Uuid::nil(),
        recipients: recipients.iter().map(ToString::to_string).collect(),
        client_id: Some("Zoë\r\nBcc: all@example.org".to_owned()),
        prediction: Some(0.9),
        high_risk: Some("yes".to_owned()),
        ltv: 0.0,
        treatment: Treatment::Model,
        model: None,
        config_version: 1,
        environment: "prod".to_owned(),
        answered_at: DateTime::UNIX_EPOCH,
        dedupe_key: None,
        trace: None,
    }
}

fn book() -> AddressBook {
    AddressBook::new("Bellwether <bellwether@example.org>", &["ops@example.org".to_owned()]).unwrap()
}

fn headers(letter: &Letter) -> String {
    let text = String::from_utf8(letter.bytes.clone()).unwrap();
    text.split_once("\r\n\r\n").unwrap().0.to_owned()
}

#[test]
fn a_letter_has_the_headers_of_one() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let letter = letter(&book(), &email(&[]), &[], now).unwrap();
    let headers = headers(&letter);
    for line in [
        "From: Bellwether <bellwether@example.org>",
        "To: ops@example.org",
        "Message-ID: <00000000-0000-0000-0000-000000000000@bellwether.prod>",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
    ] {
        assert!(headers.contains(line), "{line} in\n{headers}");
    }
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert!(letter.bytes.is_ascii(), "encoded, so that any server takes it");
}

#[test]
fn those_who_have_it_are_named_but_not_sent_to_again() {
    let email = email(&["a@example.org", "B <b@example.org>", "a@example.org"]);
    let letter = letter(&book(), &email, &["a@example.org".to_owned()], DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(letter.to, ["b@example.org".parse().unwrap()]);
    let headers = headers(&letter);
    assert!(headers.contains("To: a@example.org, B <b@example.org>"), "{headers}");
}

#[test]
fn bad_and_missing_recipients_are_told() {
    let bad = letter(&book(), &email(&["no address"]), &[], DateTime::UNIX_EPOCH).unwrap_err();
    assert!(bad.to_string().contains("no address"), "{bad}");
    let injected =
        letter(&book(), &email(&["a@example.org\r\nBcc: b@example.org"]), &[], DateTime::UNIX_EPOCH);
    assert!(injected.is_err());
    let nobody = AddressBook::new("a@example.org", &[]).unwrap();
    let error = letter(&nobody, &email(&[]), &[], DateTime::UNIX_EPOCH).unwrap_err();
    assert!(matches!(error, MessageError::NoRecipient));
}
