//! References to secrets, as an operator writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bellwether_settings::{SecretError, SecretSource, Settings, load_from, load_with};
use secrecy::{ExposeSecret as _, SecretString};

const TOKEN: (&str, &str) = ("BELLWETHER__AUTH__TOKEN", "secret:api#token");
const API: (&str, &str) = ("api", r#"{"token": "a-token-of-many-letters"}"#);

/// Holds secrets, and remembers which were read.
#[derive(Default)]
struct Vault {
    texts: BTreeMap<&'static str, &'static str>,
    read: Mutex<Vec<String>>,
}

#[async_trait]
impl SecretSource for Vault {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        self.read.lock().unwrap().push(name.to_owned());
        let text = self.texts.get(name).copied().map(SecretString::from);
        text.ok_or_else(|| SecretError::Missing("the vault knows none of that name".to_owned()))
    }
}

fn vault(texts: &[(&'static str, &'static str)]) -> Arc<Vault> {
    Arc::new(Vault { texts: texts.iter().copied().collect(), ..Vault::default() })
}

fn owned(variables: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let all = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    all.collect::<Vec<_>>().into_iter()
}

async fn load(vault: &Arc<Vault>, variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let loaded = load_with(None, owned(variables), vault.clone()).await;
    loaded.map_err(|problems| problems.0.into_iter().map(|p| format!("{}: {}", p.key, p.message)).collect())
}

#[tokio::test]
async fn a_field_of_a_secret_and_a_whole_secret_become_values() {
    let vault = vault(&[API, ("relay", "smtps://mail.example.org")]);
    let settings = load(&vault, &[TOKEN, ("BELLWETHER__SMTP__URL", "secret:relay")]).await.unwrap();
    assert_eq!(settings.auth.token.expose_secret(), "a-token-of-many-letters");
    assert_eq!(settings.smtp.url.expose_secret(), "smtps://mail.example.org");
    let current = settings.rotating.current("auth.token").unwrap();
    assert_eq!(current.expose_secret(), "a-token-of-many-letters");
    assert!(settings.rotating.current("database.url").is_none());
}

#[tokio::test]
async fn a_secret_that_many_settings_refer_to_is_read_once() {
    let vault = vault(&[API, ("mail", r#"{"user": "u", "password": "p", "port": 7}"#)]);
    let variables = [
        TOKEN,
        ("BELLWETHER__SMTP__USER", "secret:mail#user"),
        ("BELLWETHER__SMTP__PASSWORD", "secret:mail#password"),
        ("BELLWETHER__SMTP__CONCURRENCY", "secret:mail#port"),
    ];
    let settings = load(&vault, &variables).await.unwrap();
    assert_eq!((settings.smtp.user.expose_secret(), settings.smtp.concurrency), ("u", 7));
    let mut read = vault.read.lock().unwrap().clone();
    read.sort();
    assert_eq!(read, ["api", "mail"]);
}

#[tokio::test]
async fn a_file_may_refer_to_secrets_whatever_the_type_of_the_setting() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = "[auth]\ntoken = \"secret:api#token\"\n[server]\nthreads = \"secret:sizes#threads\"\n\
                [archive]\npath_style = \"secret:sizes#redirect\"\n[smtp]\nrecipients = [\"secret:who#boss\", \"c@d\"]\n";
    file.write_all(text.as_bytes()).unwrap();
    let texts = [API, ("sizes", r#"{"threads": 3, "redirect": true}"#), ("who", r#"{"boss": "a@b"}"#)];
    let settings = load_with(Some(file.path()), std::iter::empty(), vault(&texts)).await.unwrap();
    assert_eq!((settings.server.threads, settings.archive.path_style), (3, true));
    assert_eq!(settings.smtp.recipients, ["a@b", "c@d"]);
}

#[tokio::test]
async fn a_list_may_be_one_reference_to_a_json_list_or_to_text_with_commas() {
    let texts = r#"{"list": ["a@b", "c@d"], "text": "a@b, c@d", "json": "[\"a@b\", \"c@d\"]"}"#;
    let vault = vault(&[API, ("who", texts)]);
    for field in ["list", "text", "json"] {
        let recipients = format!("secret:who#{field}");
        let settings = load(&vault, &[TOKEN, ("BELLWETHER__SMTP__RECIPIENTS", &recipients)]).await.unwrap();
        assert_eq!(settings.smtp.recipients, ["a@b", "c@d"], "{field}");
    }
}

#[tokio::test]
async fn all_problems_with_secrets_are_reported_at_once_by_setting_with_the_others_and_without_values() {
    let vault = vault(&[("mail", r#"{"user": "hunter2", "nothing": null}"#), ("text", "hunter2")]);
    let variables = [
        TOKEN,
        ("BELLWETHER__SMTP__PASSWORD", "secret:mail#password"),
        ("BELLWETHER__SMTP__USER", "secret:mail#nothing"),
        ("BELLWETHER__SMTP__CONCURRENCY", "secret:mail#user"),
        ("BELLWETHER__DATABASE__PASSWORD", "secret:text#password"),
        ("BELLWETHER__DATABASE__URL", "secret:text"),
        ("BELLWETHER__DATABASE__USER", "secret:#user"),
        ("BELLWETHER__LOG__FORMAT", "secret:text"),
        ("BELLWETHER__REDIS__URL", "http://wrong"),
        ("BELLWETHER__SMTP__RECIPIENTS", "secret:text"),
    ];
    let mut problems = load(&vault, &variables).await.unwrap_err();
    problems.sort();
    assert_eq!(
        problems,
        [
            "auth.token: the secret `api` is not there: the vault knows none of that name",
            "database.password: the secret `text` is no JSON object, and so has no field `password`",
            "database.user: expected secret:NAME or secret:NAME#field",
            "log.format: what its secret holds is not what this setting takes",
            "smtp.concurrency: the field `user` of the secret `mail` is not what this setting takes: \
             expected a whole number of at least 0",
            "smtp.password: the secret `mail` has no field `password`",
            "smtp.user: the secret `mail` has null as its field `nothing`",
        ]
    );
    // What only the whole can tell is told once every value is had.
    let fit = [
        ("BELLWETHER__AUTH__TOKEN", "a-token-of-many-letters"),
        ("BELLWETHER__DATABASE__URL", "secret:text"),
        ("BELLWETHER__REDIS__URL", "http://wrong"),
        ("BELLWETHER__SMTP__PASSWORD", "secret:mail#password"),
        ("BELLWETHER__SMTP__RECIPIENTS", "secret:text"),
    ];
    assert_eq!(
        load(&vault, &fit).await.unwrap_err(),
        [
            "smtp.password: the secret `mail` has no field `password`",
            "database.url: what its secret holds is not what this setting takes",
            "redis.url: expected redis://host:port, rediss://host:port or nothing",
            "smtp.recipients: what its secret holds is not what this setting takes",
        ]
    );
}

#[tokio::test]
async fn problems_of_layers_come_with_those_of_secrets() {
    let variables = [TOKEN, ("BELLWETHER__SERVER__BINDD", "x")];
    let problems = load(&vault(&[]), &variables).await.unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[tokio::test]
async fn the_provider_is_no_secret_itself() {
    for provider in ["secret:api#token", "vault"] {
        let problems = load(&vault(&[API]), &[TOKEN, ("BELLWETHER__SECRETS__PROVIDER", provider)]).await;
        assert_eq!(problems.unwrap_err(), ["secrets.provider: expected \"aws\" or \"env\""]);
    }
}

#[tokio::test]
async fn debug_output_holds_nothing_from_a_secret_even_where_a_setting_is_plain_text() {
    let vault = vault(&[API, ("place", "s3://bucket-hunter2/prefix"), ("who", "hunter2@example.org")]);
    let variables = [
        TOKEN,
        ("BELLWETHER__ARCHIVE__URL", "secret:place"),
        ("BELLWETHER__SMTP__RECIPIENTS", "secret:who,c@d"),
        ("BELLWETHER__REPLICA", "secret:place"),
    ];
    let settings = load(&vault, &variables).await.unwrap();
    assert_eq!(settings.archive.url, "s3://bucket-hunter2/prefix");
    assert_eq!(settings.smtp.recipients, ["hunter2@example.org", "c@d"]);
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("many-letters"), "{shown}");
    assert!(shown.contains("127.0.0.1:8000"), "the rest is shown: {shown}");
}

#[tokio::test]
async fn secrets_in_the_environment_are_named_in_capitals() {
    let variables = [
        TOKEN,
        ("BELLWETHER_SECRET_API", API.1),
        ("BELLWETHER__SMTP__PASSWORD", "secret:prod/mail-1#password"),
        ("BELLWETHER_SECRET_PROD_MAIL_1", r#"{"password": "p"}"#),
    ];
    let settings = load_from(None, owned(&variables)).await.unwrap();
    assert_eq!(settings.smtp.password.expose_secret(), "p");
    let problems = load_from(None, owned(&variables[..3])).await.unwrap_err();
    assert_eq!(
        problems.to_string(),
        "the settings cannot be used:\n  smtp.password: the secret `prod/mail-1` is not there: \
         the variable BELLWETHER_SECRET_PROD_MAIL_1 is not set"
    );
}

#[tokio::test]
async fn a_syntax_error_in_the_file_does_not_show_the_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[auth]\ntoken = hunter2hunter2hunter2\n").unwrap();
    let problems = load_from(Some(file.path()), std::iter::empty()).await.unwrap_err().to_string();
    assert!(problems.contains("line 2") && !problems.contains("hunter2"), "{problems}");
}
