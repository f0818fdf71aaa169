//! The console's settings, and the environments it looks after, as an operator meets them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::io::Write as _;
use std::path::Path;

use bellwether_settings::{Approval, Embedded, Environment, Problems, Settings, load_from};
use secrecy::ExposeSecret as _;

const TOKEN: (&str, &str) = ("AUTH__TOKEN", "1234567890123456");
const GIVEN: [(&str, &str); 4] = [
    ("ENVIRONMENTS__STAGE__DATABASE__URL", "mysql://stage:3306/bellwether"),
    ("ENVIRONMENTS__STAGE__API__URL", "http://api.stage:8000"),
    ("ENVIRONMENTS__PROD__DATABASE__URL", "mysql://prod:3306/bellwether"),
    ("ENVIRONMENTS__PROD__API__URL", "https://api.example.org"),
];

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let named = |(name, value): &(&str, &str)| (format!("BELLWETHER__{name}"), (*value).to_owned());
    variables.iter().chain([&TOKEN]).map(named).collect()
}

fn keys(problems: Problems) -> Vec<String> {
    problems.0.into_iter().map(|problem| problem.key).collect()
}

async fn load(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    load_from(None, owned(variables).into_iter()).await.map_err(keys)
}

#[tokio::test]
async fn a_service_starts_without_any_environment_and_the_console_does_not() {
    let settings = load(&[]).await.unwrap();
    assert_eq!(settings.console.bind.to_string(), "127.0.0.1:8001");
    assert_eq!((settings.console.approval, settings.console.replay_inputs), (Approval::OnePerson, 1000));
    let stage = ["environments.stage.database.url", "environments.stage.api.url"];
    let prod = ["environments.prod.database.url", "environments.prod.api.url"];
    assert_eq!(keys(settings.complete_for_console().unwrap_err()), [stage, prod].concat());
    let settings = load(&GIVEN[2..]).await.unwrap();
    assert_eq!(keys(settings.complete_for_console().unwrap_err()), stage);
    assert!(load(&GIVEN).await.unwrap().complete_for_console().is_ok());
}

#[tokio::test]
async fn environments_come_from_variables_three_deep_and_from_the_file() {
    let settings =
        load(&[&GIVEN[..], &[("ENVIRONMENTS__STAGE__REDIS__CLUSTER", "true")]].concat()).await.unwrap();
    let stage = settings.environments.get(Environment::Stage).unwrap();
    assert_eq!(stage.database.url.expose_secret(), "mysql://stage:3306/bellwether");
    assert_eq!((stage.api.url.as_str(), stage.redis.cluster), ("http://api.stage:8000", true));
    assert_eq!(settings.environments.prod.api.url, "https://api.example.org");
    assert!(settings.environments.get(Environment::Local).is_none());

    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = "[environments.prod.database]\nurl = \"mysql://db/x\"\n[environments.prod.api]\nurl = \"http://a\"\nurls = \"\"\n";
    file.write_all(text.as_bytes()).unwrap();
    let problems = load_from(Some(file.path()), owned(&[]).into_iter()).await.unwrap_err();
    assert_eq!(keys(problems), ["environments.prod.api.urls"]);
}

#[tokio::test]
async fn every_problem_is_named() {
    let wrong = [
        ("CONSOLE__PUBLIC_URL", "config.example.org"),
        ("CONSOLE__SESSION_IDLE_MINUTES", "0"),
        ("CONSOLE__SESSION_HOURS", "0"),
        ("CONSOLE__ACKNOWLEDGE_SECONDS", "0"),
        ("CONSOLE__REPLAY_INPUTS", "0"),
        ("CONSOLE__REPLAY_MAX_P99_MILLISECONDS", "0"),
        ("CONSOLE__CALL_TIMEOUT_SECONDS", "0"),
        ("CONSOLE__REPLAY_MAX_FLIP_PERCENT", "101"),
        ("ENVIRONMENTS__STAGE__API__TOKEN", "t"),
        ("ENVIRONMENTS__PROD__DATABASE__URL", "postgres://db"),
        ("ENVIRONMENTS__PROD__REDIS__URL", "http://cache"),
        ("ENVIRONMENTS__PROD__API__URL", "api.example.org"),
    ];
    let expected = [
        "console.public_url",
        "console.session_idle_minutes",
        "console.session_hours",
        "console.acknowledge_seconds",
        "console.replay_inputs",
        "console.replay_max_p99_milliseconds",
        "console.call_timeout_seconds",
        "console.replay_max_flip_percent",
        "environments.stage.database.url",
        "environments.stage.api.url",
        "environments.prod.database.url",
        "environments.prod.redis.url",
        "environments.prod.api.url",
    ];
    assert_eq!(load(&wrong).await.unwrap_err(), expected);
    assert_eq!(load(&[("CONSOLE__APPROVAL", "three_person")]).await.unwrap_err(), ["console.approval"]);
    assert_eq!(load(&[("CONSOLE__BIND", "8001")]).await.unwrap_err(), ["console.bind"]);
    // Neither a bake nor a flip has to be.
    let none = [("CONSOLE__BAKE_MINUTES", "0"), ("CONSOLE__REPLAY_MAX_FLIP_PERCENT", "0")];
    assert!(load(&none).await.is_ok());
}

#[tokio::test]
async fn beyond_loopback_the_console_has_a_public_https_url() {
    let open = ("CONSOLE__BIND", "0.0.0.0:8001");
    for url in [
        "",
        "http://config.example.org",
        "https://",
        "http://127.0.0.1.example.org:8001",
        "http://localhost.example.org",
        "http://0.0.0.0:8001",
        "http://127.0.0.1:8001/console",
        "https:///x",
        "https://user:pw@host",
        "https://host?x",
        "https://host/console",
    ] {
        let problems = load(&[open, ("CONSOLE__PUBLIC_URL", url)]).await.unwrap_err();
        assert_eq!(problems, ["console.public_url"], "{url}");
    }
    for url in
        ["https://config.example.org", "http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:80/"]
    {
        assert!(load(&[open, ("CONSOLE__PUBLIC_URL", url)]).await.is_ok(), "{url}");
    }
    assert!(load(&[("CONSOLE__PUBLIC_URL", "http://localhost:8001/")]).await.is_ok());
}

#[tokio::test]
async fn within_an_environment_database_redis_and_name_are_its_own_and_all_else_stays() {
    let more = [
        ("ENVIRONMENTS__PROD__DATABASE__USER", "u"),
        ("ENVIRONMENTS__PROD__REDIS__URL", "rediss://cache:6379"),
        ("ENVIRONMENTS__PROD__REDIS__PREFIX", "p"),
        ("DATABASE__MAX_CONNECTIONS", "3"),
        ("DATABASE__PASSWORD", "not of prod"),
        ("SMTP__FROM", "b@example.org"),
    ];
    let settings = load(&[&GIVEN[..], &more].concat()).await.unwrap();
    let prod = settings.within(Environment::Prod);
    assert_eq!((prod.environment, prod.database.max_connections), (Environment::Prod, 3));
    assert_eq!(prod.database.url.expose_secret(), "mysql://prod:3306/bellwether");
    assert_eq!((prod.database.user.expose_secret(), prod.database.password.expose_secret()), ("u", ""));
    assert_eq!((prod.redis.url.expose_secret(), prod.redis.prefix.as_str()), ("rediss://cache:6379", "p"));
    assert_eq!(prod.smtp.from, "b@example.org");
    assert_eq!(prod.name_of("database"), "environments.prod.database");
    let stage = prod.within(Environment::Stage);
    assert_eq!(stage.database.url.expose_secret(), "mysql://stage:3306/bellwether");
    assert_eq!(stage.redis.url.expose_secret(), "");
    let own = settings.within(Environment::Local);
    assert_eq!((own.environment, own.name_of("redis")), (Environment::Local, "redis".to_owned()));
}

#[tokio::test]
async fn secrets_of_environments_are_read_rotate_and_are_not_shown() {
    let secrets = [
        ("ENVIRONMENTS__PROD__DATABASE__PASSWORD", "secret:db#password"),
        ("ENVIRONMENTS__PROD__API__TOKEN", "secret:api"),
        ("ENVIRONMENTS__STAGE__API__URL", "secret:place"),
    ];
    let mut variables = owned(&[&GIVEN[..1], &GIVEN[2..], &secrets].concat());
    for (name, text) in
        [("DB", r#"{"password": "hunter2"}"#), ("API", "hunter3"), ("PLACE", "http://hunter4")]
    {
        variables.push((format!("BELLWETHER_SECRET_{name}"), text.to_owned()));
    }
    let settings = load_from(None, variables.clone().into_iter()).await.unwrap();
    assert_eq!(settings.environments.prod.database.password.expose_secret(), "hunter2");
    assert_eq!(settings.environments.stage.api.url, "http://hunter4");
    let token = settings.rotating.current("environments.prod.api.token").unwrap();
    assert_eq!(token.expose_secret(), "hunter3");
    for shown in [format!("{settings:?}"), format!("{:?}", settings.within(Environment::Prod))] {
        assert!(!shown.contains("hunter"), "{shown}");
    }
    let without = variables.into_iter().filter(|(name, _)| !name.ends_with("SECRET_API"));
    let problems = load_from(None, without).await.unwrap_err();
    assert_eq!(keys(problems), ["environments.prod.api.token"]);
}

#[tokio::test]
async fn the_embedded_console_looks_after_both_embedded_environments() {
    let variables = owned(&[("ENVIRONMENTS__PROD__API__URL", "http://elsewhere"), ("LOG__LEVEL", "debug")]);
    let data = Path::new("/data");
    let settings = Embedded::console(data, 1, 2, 3, None, variables.into_iter()).await.unwrap();
    assert!(settings.complete_for_console().is_ok());
    assert_eq!(settings.console.bind.to_string(), "127.0.0.1:3");
    assert_eq!((settings.environment, settings.log.level.as_str()), (Environment::Prod, "debug"));
    assert_eq!(settings.smtp.url.expose_secret(), "file:///data/outbox");
    for (environment, port) in [(Environment::Prod, 1), (Environment::Stage, 2)] {
        let embedded = Embedded { data: data.to_owned(), environment, port };
        let own = embedded.settings(None, owned(&[]).into_iter()).await.unwrap();
        let seen = settings.within(environment);
        assert_eq!(seen.database.url.expose_secret(), own.database.url.expose_secret());
        let api = &settings.environments.get(environment).unwrap().api;
        assert_eq!(api.url, format!("http://{}", own.server.bind));
        assert_eq!(api.token.expose_secret(), TOKEN.1, "an api that demands a token is called by it");
    }
    let bare = Embedded::console(data, 1, 2, 3, None, std::iter::empty()).await.unwrap();
    assert_eq!(bare.environments.prod.api.token.expose_secret(), "");
}

#[tokio::test]
async fn the_console_needs_no_token_of_an_api_and_an_api_does() {
    let without_token = |given: &[(&str, &str)]| {
        let named = |(name, value): &(&str, &str)| (format!("BELLWETHER__{name}"), (*value).to_owned());
        given.iter().map(named).collect::<Vec<_>>()
    };
    let console = load_from(None, without_token(&GIVEN).into_iter()).await.unwrap();
    assert!(console.complete_for_console().is_ok());
    let api = load_from(None, without_token(&[]).into_iter()).await;
    assert_eq!(keys(api.unwrap_err()), ["auth.token"]);
}
