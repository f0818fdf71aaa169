use super::*;

fn parse(url: &str) -> Result<SmtpUrl, String> {
    let parsed = Url::parse(url).unwrap();
    SmtpUrl::parse(&parsed, None).map_err(|error| error.to_string())
}

#[test]
fn scheme_and_tls_parameter_say_port_and_encryption() {
    let plain = parse("smtp://mail.example.org").unwrap();
    assert!(matches!((plain.port, plain.encryption), (25, Encryption::None)));
    let starttls = parse("smtp://mail.example.org?tls=required").unwrap();
    assert!(matches!((starttls.port, starttls.encryption), (587, Encryption::StartTls(_))));
    let wrapped = parse("smtps://mail.example.org").unwrap();
    assert!(matches!((wrapped.port, wrapped.encryption), (465, Encryption::Wrapped(_))));
    assert_eq!(parse("smtp://[::1]:2525").unwrap().host, "::1");
}

#[test]
fn user_and_password_are_percent_decoded() {
    let url = parse("smtps://me%40example.org:p%3Aa%2Fss%25@mail.example.org").unwrap();
    let expected = Credentials::new("me@example.org".to_owned(), "p:a/ss%".to_owned());
    assert_eq!(url.credentials, Some(expected));
}

#[test]
fn what_makes_no_sense_is_refused_without_repeating_it() {
    for url in [
        "smtp://mail.example.org?tls=maybe",
        "http://mail.example.org",
        "smtp://user@mail.example.org",
        "smtp://user:%ff@mail.example.org",
    ] {
        let error = parse(url).err().unwrap();
        assert!(!error.contains("mail.example.org"), "{error}");
    }
}
