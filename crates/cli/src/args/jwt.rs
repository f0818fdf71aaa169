//! `bellwether jwt`

use bellwether_web::auth::Scope;

/// `bellwether jwt`
#[derive(Debug, clap::Args)]
pub(crate) struct Jwt {
    /// Whom it is for, as logs and rate limits shall know them
    #[arg(long, value_parser = subject)]
    pub(crate) subject: String,
    /// What they may do, separated by commas: predict, emails, config, outcomes, admin
    #[arg(long, required = true, value_delimiter = ',', value_parser = scope)]
    pub(crate) scopes: Vec<Scope>,
    /// For how many days it is good
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
}

fn scope(text: &str) -> Result<Scope, String> {
    let found = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    found.ok_or_else(|| format!("expected one of {}", Scope::ALL.map(Scope::as_str).join(", ")))
}

fn subject(text: &str) -> Result<String, String> {
    let fit = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fit { Ok(text.to_owned()) } else { Err("expected 1 to 255 printable characters".to_owned()) }
}
