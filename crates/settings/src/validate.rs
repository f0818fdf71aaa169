//! What no type can say: bounds, and settings that do not go together.

use secrecy::ExposeSecret as _;

use crate::load::{Problem, Problems};
use crate::sections::{AuthMode, Settings};

const MIN_TOKEN_CHARS: usize = 16;

pub(crate) fn check(settings: Settings) -> Result<Settings, Problems> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, key: &str, message: &str| {
        if !holds {
            problems.push(Problem { key: key.to_owned(), message: message.to_owned() });
        }
    };
    let token = settings.auth.token.expose_secret();
    match settings.auth.mode {
        AuthMode::Off => {
            let loopback = settings.server.bind.ip().is_loopback();
            expect(loopback, "auth.mode", "\"off\" is refused unless server.bind is a loopback address");
        }
        AuthMode::Required => {
            let long = token.chars().count() >= MIN_TOKEN_CHARS;
            expect(long, "auth.token", "expected at least 16 characters, since auth.mode is \"required\"");
        }
    }
    let metrics = &settings.server.metrics_bind;
    let bindable = metrics.is_empty() || metrics.parse::<std::net::SocketAddr>().is_ok();
    expect(bindable, "server.metrics_bind", "expected an address and port as 127.0.0.1:9000, or nothing");
    let database = settings.database.url.expose_secret();
    let known = ["sqlite://", "mysql://"].iter().any(|scheme| database.starts_with(scheme));
    expect(
        known,
        "database.url",
        "expected sqlite://path/to/file or mysql://user:password@host:port/database",
    );
    let redis = settings.redis.url.expose_secret();
    let known = redis.is_empty() || redis.starts_with("redis://") || redis.starts_with("rediss://");
    expect(known, "redis.url", "expected redis://host:port, rediss://host:port or nothing");
    let smtp = settings.smtp.url.expose_secret();
    let known = ["smtp://", "smtps://", "file:///"].iter().any(|scheme| smtp.starts_with(scheme));
    expect(known, "smtp.url", "expected smtp://…, smtps://… or file:///folder");
    let archive = &settings.archive.url;
    expect(
        ["file:///", "s3://"].iter().any(|scheme| archive.starts_with(scheme)) || archive.is_empty(),
        "archive.url",
        "expected file:///folder, s3://bucket/prefix or nothing",
    );
    expect(
        ["", "AES256", "aws:kms"].contains(&settings.archive.encryption.as_str()),
        "archive.encryption",
        "expected \"AES256\", \"aws:kms\" or nothing",
    );
    let positive = [
        ("server.max_body_bytes", settings.server.max_body_bytes as u64),
        ("server.max_batch_bytes", settings.server.max_batch_bytes as u64),
        ("server.max_batch_rows", settings.server.max_batch_rows as u64),
        ("server.request_timeout_seconds", settings.server.request_timeout_seconds),
        ("archive.batch_records", settings.archive.batch_records as u64),
        ("archive.batch_seconds", settings.archive.batch_seconds),
        ("config.poll_seconds", settings.config.poll_seconds),
        ("ltv.ttl_seconds", settings.ltv.ttl_seconds),
        ("ltv.max_clients", settings.ltv.max_clients),
        ("smtp.concurrency", settings.smtp.concurrency as u64),
    ];
    for (key, value) in positive {
        expect(value > 0, key, "expected at least 1");
    }
    for recipient in &settings.smtp.recipients {
        let message = format!("expected email addresses, not `{recipient}`");
        expect(recipient.contains('@'), "smtp.recipients", &message);
    }
    if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
}
