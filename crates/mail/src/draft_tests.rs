use super::*;

fn draft(to: &[&str]) -> Draft {
    Draft {
        uid: Uuid::nil(),
        environment: "prod".to_owned(),
        to: to.iter().map(ToString::to_string).collect(),
        subject: "Version 7\r\nBcc: all@example.org".to_owned(),
        text: "Größe\n.\n".to_owned(),
        html: None,
    }
}

fn book() -> AddressBook {
    AddressBook::new("Bellwether <bellwether@example.org>", &["ops@example.org".to_owned()]).unwrap()
}

fn written(draft: Draft) -> (String, String) {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let letter = draft.write(&book(), now).unwrap();
    assert!(letter.bytes.is_ascii(), "encoded, so that any server takes it");
    let text = String::from_utf8(letter.bytes).unwrap();
    let (headers, body) = text.split_once("\r\n\r\n").unwrap();
    (headers.to_owned(), body.to_owned())
}

#[test]
fn a_plain_text_letter_has_the_headers_of_one() {
    let (headers, body) = written(draft(&["Zoë <zoe@example.org>"]));
    for line in [
        "From: Bellwether <bellwether@example.org>",
        "<zoe@example.org>",
        "Message-ID: <00000000-0000-0000-0000-000000000000@bellwether.prod>",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(headers.contains(line), "{line} in\n{headers}");
    }
    assert!(!body.contains("Größe") && !body.is_empty());
}

#[test]
fn a_subject_starts_no_header_of_its_own() {
    let (headers, _) = written(draft(&[]));
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert!(headers.contains("Version 7"), "{headers}");
}

#[test]
fn an_environment_adds_nothing_to_the_message_id_but_letters_and_digits() {
    let (headers, _) = written(Draft { environment: ">\r\nBcc: x".to_owned(), ..draft(&[]) });
    assert!(headers.contains("@bellwether.Bccx>"), "{headers}");
}

#[test]
fn recipients_are_those_named_once_each_or_the_operators() {
    let now = DateTime::UNIX_EPOCH;
    let to = |names: &[&str]| draft(names).write(&book(), now).unwrap().to;
    assert_eq!(to(&["a@example.org", "A <a@example.org>"]), ["a@example.org".parse().unwrap()]);
    assert_eq!(to(&[]), ["ops@example.org".parse().unwrap()]);
    let nobody = AddressBook::new("a@example.org", &[]).unwrap();
    assert!(matches!(draft(&[]).write(&nobody, now), Err(MessageError::NoRecipient)));
    for wrong in ["no address", "a@example.org\r\nBcc: b@example.org"] {
        assert!(matches!(draft(&[wrong]).write(&book(), now), Err(MessageError::Address { .. })), "{wrong}");
    }
}
