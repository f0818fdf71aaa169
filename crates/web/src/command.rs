//! What a service's binary can be told on its command line: nothing, and it serves; or to check its settings, or to ask
//! the one that runs beside it how it is. What else there is to do is the `bellwether` command's.

use bellwether_settings::{Problems, Settings};

use crate::healthcheck::{self, Unhealthy};

const USAGE: &str = "expected nothing (it serves), `check` (its settings are loaded, and all that is wrong with them is \
                     told), `healthcheck` (the one that runs with these settings is asked whether it is ready) or \
                     `--version`";

/// Why what was asked for cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line is not understood.
    #[error("`{0}` is not understood; {USAGE}")]
    Misunderstood(String),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// The process that was asked is not well.
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
}

/// What a binary is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Serve,
    Check,
    Healthcheck,
    Version,
}

impl Command {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, CommandError> {
        let arguments: Vec<_> = arguments.collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok(Self::Serve),
            ["check"] => Ok(Self::Check),
            ["healthcheck"] => Ok(Self::Healthcheck),
            ["--version" | "-V"] => Ok(Self::Version),
            _ => Err(CommandError::Misunderstood(arguments.join(" "))),
        }
    }
}

/// Does what this process's command line asks for. Answers the settings to serve with, or `None` where it was something
/// else, which is done. `bind` names the setting of the address that the service's `/ready` is on.
///
/// # Errors
/// [`CommandError`]: of `check`, every problem in the settings; of `healthcheck`, why the service is not ready.
pub async fn begin(bind: &str) -> Result<Option<Settings>, CommandError> {
    match Command::parse(std::env::args().skip(1))? {
        Command::Serve => Ok(Some(bellwether_settings::load().await?)),
        Command::Check => {
            let settings = bellwether_settings::load().await?;
            println!("settings: complete, for {}", settings.environment.as_str());
            Ok(None)
        }
        Command::Healthcheck => {
            println!("{}", healthcheck::ask(bind).await?);
            Ok(None)
        }
        Command::Version => {
            println!("{}", env!("CARGO_PKG_VERSION"));
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        Command::parse(arguments.iter().map(|argument| (*argument).to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_arguments_it_serves_and_what_it_does_not_know_it_does_not_do() {
        assert_eq!(parsed(&[]), Ok(Command::Serve));
        assert_eq!(parsed(&["healthcheck"]), Ok(Command::Healthcheck));
        for wrong in [&["serve"][..], &["check", "healthcheck"], &["--port", "1"], &[""]] {
            let told = parsed(wrong).unwrap_err();
            assert!(told.contains("is not understood") && told.contains("healthcheck"), "{told}");
        }
    }
}
