//! Secrets that change while the process runs: what is held now, and how it is asked for anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::{Reference, SecretSource, text};

/// A secret is asked for at most once in this time, however many logins are refused.
const LEAST_PAUSE: Duration = Duration::from_secs(5);

/// The settings that are references, and the secrets behind them. Clones share what they hold. By default
/// nothing rotates.
#[derive(Clone, Default)]
pub struct Rotating(Option<Arc<Secrets>>);

struct Secrets {
    source: Arc<dyn SecretSource>,
    /// Settings that are a reference.
    settings: BTreeMap<String, Setting>,
    /// Settings that hold anything from a secret.
    touched: BTreeSet<String>,
    /// When each secret was last asked for; locked while it is, so that those who want it at once share one
    /// answer.
    asked: BTreeMap<String, Mutex<Option<Instant>>>,
    now: Now,
}

/// A setting that is a reference, and the value it has now: taken out of the secret's text once, since requests
/// read it. Reading waits for nobody.
struct Setting {
    reference: Reference,
    value: ArcSwapOption<SecretString>,
}

/// What time it is, for pauses only.
pub(crate) type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

impl Rotating {
    pub(crate) fn new(
        source: Arc<dyn SecretSource>,
        references: BTreeMap<String, Reference>,
        touched: BTreeSet<String>,
        held: BTreeMap<String, SecretString>,
        now: Now,
    ) -> Self {
        if touched.is_empty() {
            return Self::default();
        }
        let settings = references.into_iter().map(|(key, reference)| {
            let text = held.get(&reference.name);
            let value = text.and_then(|text| text::value(text, &reference).ok());
            (key, Setting { value: ArcSwapOption::from_pointee(value), reference })
        });
        let settings = settings.collect();
        let asked = held.into_keys().map(|name| (name, Mutex::default())).collect();
        Self(Some(Arc::new(Secrets { source, settings, touched, asked, now })))
    }

    /// The value now held for a setting, as `smtp.password`; none where the setting is not a reference.
    pub fn current(&self, key: &str) -> Option<SecretString> {
        let setting = self.0.as_deref()?.settings.get(key)?;
        setting.value.load().as_deref().cloned()
    }

    /// Asks the provider for a setting's secret anew, as after a refused login, and answers the value then
    /// held; none where the setting is not a reference. A secret is asked for at most once in 5 s, and by one
    /// caller for all who wait. Where the provider fails, the old value stays.
    pub async fn renewed(&self, key: &str) -> Option<SecretString> {
        let secrets = self.0.as_deref()?;
        secrets.renew(&secrets.settings.get(key)?.reference.name).await;
        self.current(key)
    }

    /// Asks for every secret anew, again and again, until `stop` completes; `every` is
    /// `secrets.refresh_seconds`, and zero means never.
    pub async fn keep_fresh(&self, every: Duration, stop: impl Future<Output = ()>) {
        let refresh = async {
            loop {
                match &self.0 {
                    Some(secrets) if !every.is_zero() => {
                        sleep(every).await;
                        secrets.renew_all().await;
                    }
                    _ => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = stop => {}
            () = refresh => {}
        }
    }

    /// Whether a setting holds anything from a secret.
    pub(crate) fn is_touched(&self, key: &str) -> bool {
        self.0.as_ref().is_some_and(|secrets| secrets.touched.contains(key))
    }

    /// Whether any setting of a section holds something from a secret.
    pub(crate) fn touches_section(&self, section: &str) -> bool {
        let inside = |key: &str| {
            key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.as_ref().is_some_and(|secrets| secrets.touched.iter().any(|key| inside(key)))
    }
}

impl Secrets {
    async fn renew_all(&self) {
        for name in self.asked.keys() {
            self.renew(name).await;
        }
    }

    async fn renew(&self, name: &str) {
        let Some(asked) = self.asked.get(name) else { return };
        let mut asked = asked.lock().await;
        if asked.is_some_and(|at| (self.now)().duration_since(at) < LEAST_PAUSE) {
            return;
        }
        let outcome = self.source.read(name).await;
        *asked = Some((self.now)());
        match outcome.map_err(|error| error.to_string()).and_then(|text| self.values(name, &text)) {
            Ok(values) => {
                for (setting, value) in values {
                    setting.value.store(Some(Arc::new(value)));
                }
            }
            Err(error) => {
                tracing::warn!(
                    secret = name,
                    error,
                    "a secret could not be renewed; its old value stays in use"
                );
            }
        }
    }

    /// What a new text gives each setting that refers to it: all of them, or an error.
    fn values(&self, name: &str, text: &SecretString) -> Result<Vec<(&Setting, SecretString)>, String> {
        let settings = self.settings.values().filter(|setting| setting.reference.name == name);
        settings.map(|setting| Ok((setting, text::value(text, &setting.reference)?))).collect()
    }
}

impl fmt::Debug for Rotating {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let references = self.0.iter().flat_map(|secrets| &secrets.settings);
        formatter
            .debug_map()
            .entries(references.map(|(key, setting)| (key, setting.reference.to_string())))
            .finish()
    }
}

#[cfg(test)]
#[path = "rotating_tests.rs"]
mod tests;
