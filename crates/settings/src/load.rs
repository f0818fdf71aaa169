//! From layers and secrets to checked settings; and every problem found on the way.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use figment::Figment;
use figment::providers::Serialized;
use figment::value::Dict;

use crate::layers::{self, Layers};
use crate::secrets::{AwsSecrets, EnvironmentSecrets, Resolved, Rotating, SecretSource, resolve};
use crate::{Settings, validate};

pub(crate) const PREFIX: &str = "BELLWETHER__";
const FILE_VARIABLE: &str = "BELLWETHER_SETTINGS";

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as `server.bind`.
    pub key: String,
    /// What was expected.
    pub message: String,
}

impl Problem {
    pub(crate) fn of(error: &figment::Error) -> Self {
        let key = if error.path.is_empty() { "settings".to_owned() } else { error.path.join(".") };
        // A syntax error quotes the line it is on, and with it perhaps a password.
        let message = error.kind.to_string();
        let unquoted: Vec<_> =
            message.lines().filter(|line| !line.contains(" | ") && !line.ends_with('|')).collect();
        Self { key, message: unquoted.join(": ") }
    }
}

/// All that is wrong with the settings, found before anything is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the settings cannot be used:")?;
        for Problem { key, message } in &self.0 {
            write!(formatter, "\n  {key}: {message}")?;
        }
        Ok(())
    }
}

/// Loads the settings of this process.
///
/// # Errors
/// [`Problems`], all of them at once.
pub async fn load() -> Result<Settings, Problems> {
    let file = std::env::var_os(FILE_VARIABLE);
    load_from(file.as_deref().map(Path::new), std::env::vars()).await
}

/// What the text of one setting of this process is (`server.bind`), before secrets are read and anything is checked:
/// for who asks a running process something, and must not depend on where secrets are kept.
pub fn peek(key: &str) -> Option<String> {
    let file = std::env::var_os(FILE_VARIABLE);
    let layers = layers::merge(file.as_deref().map(Path::new), std::env::vars(), &mut Vec::new());
    let (section, name) = key.split_once('.')?;
    layers.merged.get(section)?.find_ref(name)?.as_str().map(str::to_owned)
}

/// Loads settings from a file and from given environment variables, and secrets from the provider that these
/// name.
///
/// # Errors
/// [`Problems`], all of them at once.
pub async fn load_from(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Settings, Problems> {
    let variables: Vec<_> = variables.collect();
    let secrets = EnvironmentSecrets::new(variables.iter().cloned());
    let mut problems = Vec::new();
    let layers = layers::merge(file, variables.into_iter(), &mut problems);
    let source: Arc<dyn SecretSource> = match provider(&layers.merged) {
        Some("aws") => Arc::new(AwsSecrets::default()),
        _ => Arc::new(secrets),
    };
    finish(layers, problems, source).await
}

/// As [`load_from`], with secrets from `source`, whatever `secrets.provider` says.
///
/// # Errors
/// [`Problems`], all of them at once.
pub async fn load_with(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
    source: Arc<dyn SecretSource>,
) -> Result<Settings, Problems> {
    let mut problems = Vec::new();
    let layers = layers::merge(file, variables, &mut problems);
    finish(layers, problems, source).await
}

fn provider(merged: &Dict) -> Option<&str> {
    merged.get("secrets")?.find_ref("provider")?.as_str()
}

/// Reads the secrets, and checks what came of it all.
async fn finish(
    layers: Layers,
    mut problems: Vec<Problem>,
    source: Arc<dyn SecretSource>,
) -> Result<Settings, Problems> {
    if !matches!(provider(&layers.merged), Some("aws" | "env")) {
        let message = "expected \"aws\" or \"env\"".to_owned();
        problems.push(Problem { key: "secrets.provider".to_owned(), message });
        return Err(Problems(problems));
    }
    let Resolved { values, rotating, problems: unresolved } = resolve(layers, source).await;
    if !problems.is_empty() {
        problems.extend(unresolved);
        return Err(Problems(problems));
    }
    let checked = match Figment::from(Serialized::defaults(values)).extract::<Settings>() {
        Ok(settings) => validate::check(settings).map_err(|Problems(problems)| problems),
        Err(errors) => Err(errors.into_iter().map(|error| Problem::of(&error)).collect()),
    };
    match checked {
        Ok(settings) if unresolved.is_empty() => Ok(Settings { rotating, ..settings }),
        Ok(_) => Err(Problems(unresolved)),
        Err(found) => Err(Problems(told(found, unresolved, &rotating))),
    }
}

/// What is reported: a setting whose secret was not had is at fault for that alone, and what is wrong with a
/// secret's value is said without the value.
fn told(found: Vec<Problem>, unresolved: Vec<Problem>, rotating: &Rotating) -> Vec<Problem> {
    let without: Vec<_> = unresolved.iter().map(|problem| problem.key.clone()).collect();
    let mut told = unresolved;
    for problem in found {
        if without.contains(&problem.key) {
            continue;
        }
        let message = if rotating.is_touched(&problem.key) {
            "what its secret holds is not what this setting takes".to_owned()
        } else {
            problem.message
        };
        // A setting may be at fault more than once; the same is said of it once.
        let problem = Problem { key: problem.key, message };
        if !told.contains(&problem) {
            told.push(problem);
        }
    }
    told
}
