//! Secrets that change while the process runs: what is held now, and how it is asked for anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

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
    references: BTreeMap<String, Reference>,
    /// Settings that hold anything from a secret.
    touched: BTreeSet<String>,
    held: BTreeMap<String, Held>,
    now: Now,
}

/// What time it is, for pauses only.
pub(crate) type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// One secret.
struct Held {
    text: RwLock<SecretString>,
    /// When it was last asked for; locked while it is, so that those who want it at once share one answer.
    asked: Mutex<Option<Instant>>,
}

impl Held {
    fn new(text: SecretString) -> Self {
        Self { text: RwLock::new(text), asked: Mutex::default() }
    }

    fn text(&self) -> SecretString {
        self.text.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

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
        let held = held.into_iter().map(|(name, text)| (name, Held::new(text))).collect();
        Self(Some(Arc::new(Secrets { source, references, touched, held, now })))
    }

    /// The value now held for a setting, as `smtp.password`; none where the setting is not a reference.
    pub fn current(&self, key: &str) -> Option<SecretString> {
        let (_, reference, held) = self.secret_of(key)?;
        text::value(&held.text(), reference).ok()
    }

    /// Asks the provider for a setting's secret anew, as after a refused login, and answers the value then
    /// held; none where the setting is not a reference. A secret is asked for at most once in 5 s, and by one
    /// caller for all who wait. Where the provider fails, the old value stays.
    pub async fn renewed(&self, key: &str) -> Option<SecretString> {
        let (secrets, reference, held) = self.secret_of(key)?;
        secrets.renew(&reference.name, held).await;
        text::value(&held.text(), reference).ok()
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

    fn secret_of(&self, key: &str) -> Option<(&Secrets, &Reference, &Held)> {
        let secrets = self.0.as_deref()?;
        let reference = secrets.references.get(key)?;
        Some((secrets, reference, secrets.held.get(&reference.name)?))
    }
}

impl Secrets {
    async fn renew_all(&self) {
        for (name, held) in &self.held {
            self.renew(name, held).await;
        }
    }

    async fn renew(&self, name: &str, held: &Held) {
        let mut asked = held.asked.lock().await;
        if asked.is_some_and(|at| (self.now)().duration_since(at) < LEAST_PAUSE) {
            return;
        }
        let outcome = self.source.read(name).await;
        *asked = Some((self.now)());
        match outcome.map_err(|error| error.to_string()).and_then(|text| self.whole(name, text)) {
            Ok(text) => *held.text.write().unwrap_or_else(PoisonError::into_inner) = text,
            Err(error) => {
                tracing::warn!(
                    secret = name,
                    error,
                    "a secret could not be renewed; its old value stays in use"
                );
            }
        }
    }

    /// A new text, if it has every field that settings refer to.
    fn whole(&self, name: &str, text: SecretString) -> Result<SecretString, String> {
        for reference in self.references.values().filter(|reference| reference.name == name) {
            text::value(&text, reference)?;
        }
        Ok(text)
    }
}

impl fmt::Debug for Rotating {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let references = self.0.iter().flat_map(|secrets| &secrets.references);
        formatter
            .debug_map()
            .entries(references.map(|(key, reference)| (key, reference.to_string())))
            .finish()
    }
}

#[cfg(test)]
#[path = "rotating_tests.rs"]
mod tests;
