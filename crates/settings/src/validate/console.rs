//! What the console is told, and what nobody but the console needs: nothing of it may keep another service from
//! starting that leaves it alone.

use secrecy::ExposeSecret as _;

use super::{DATABASE, REDIS, is_database, is_redis, is_safe};
use crate::load::{Problem, Problems};
use crate::sections::{Environment, Settings};

const LOOKED_AFTER: [Environment; 2] = [Environment::Stage, Environment::Prod];

pub(super) fn check(settings: &Settings, expect: &mut impl FnMut(bool, &str, &str)) {
    let console = &settings.console;
    let url = console.public_url.as_str();
    let (open, secure) = (is_origin(url, "http://"), is_origin(url, "https://"));
    if console.bind.ip().is_loopback() {
        let message = "expected https://host, http://host or nothing";
        expect(url.is_empty() || open || secure, "console.public_url", message);
    } else {
        // On loopback, where the port of a container is published, people come from this very machine.
        let message =
            "expected https://host, since console.bind is no loopback address; http:// is taken of one";
        expect((open || secure) && is_safe(url), "console.public_url", message);
    }
    let page = settings.model_page.public_url.as_str();
    let known = page.is_empty() || is_origin(page, "http://") || is_origin(page, "https://");
    expect(known, "model_page.public_url", "expected https://host, http://host or nothing");
    let positive = [
        ("console.session_idle_minutes", u64::from(console.session_idle_minutes)),
        ("console.session_hours", u64::from(console.session_hours)),
        ("console.acknowledge_seconds", console.acknowledge_seconds),
        ("console.replay_inputs", u64::from(console.replay_inputs)),
        ("console.replay_max_p99_milliseconds", console.replay_max_p99_milliseconds),
        ("console.call_timeout_seconds", console.call_timeout_seconds),
    ];
    for (key, value) in positive {
        expect(value > 0, key, "expected at least 1");
    }
    let percent = console.replay_max_flip_percent <= 100;
    expect(percent, "console.replay_max_flip_percent", "expected 0 to 100");
    for environment in LOOKED_AFTER {
        reach(settings, environment, expect);
    }
}

/// How an environment is reached, if anything is said of it.
fn reach(settings: &Settings, environment: Environment, expect: &mut impl FnMut(bool, &str, &str)) {
    let given = settings.environments.get(environment).filter(|access| access.is_given());
    let Some(access) = given else { return };
    let key = |name: &str| format!("environments.{}.{name}", environment.as_str());
    expect(is_database(access.database.url.expose_secret()), &key("database.url"), DATABASE);
    let redis = access.redis.url.expose_secret();
    expect(redis.is_empty() || is_redis(redis), &key("redis.url"), REDIS);
    let api = access.api.url.as_str();
    let known = is_url(api, "http://") || is_url(api, "https://");
    expect(known, &key("api.url"), "expected http://host:port or https://host");
}

/// Whether a URL is what browsers name an origin by: one without a path.
fn is_origin(url: &str, scheme: &str) -> bool {
    url.trim_end_matches('/').matches('/').count() == 2 && is_url(url, scheme)
}

/// Whether a URL is of a scheme and names a host, and nothing behind its path.
fn is_url(url: &str, scheme: &str) -> bool {
    let plain = !url.contains(['?', '#', '@']) && !url.contains(char::is_whitespace);
    plain && url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

impl Settings {
    /// Whether the console can be started with these settings: both environments have to be given. What is given
    /// has been checked before.
    ///
    /// # Errors
    /// [`Problems`], naming what is missing.
    pub fn complete_for_console(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for environment in LOOKED_AFTER {
            if self.environments.get(environment).is_some_and(|access| !access.is_given()) {
                let name = environment.as_str();
                for key in ["database.url", "api.url"] {
                    problems.push(Problem {
                        key: format!("environments.{name}.{key}"),
                        message: format!("the console looks after {name} and has to be told where it is"),
                    });
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}
