//! `bellwether jwt`: a token for a system that calls an api, where no issuer makes tokens.

use std::process::ExitCode;

use bellwether_web::auth::Grant;
use chrono::{Days, Utc};

use crate::args;
use crate::embedded::block_on;

/// Prints the token and nothing else, so that it can be put where it is needed.
pub(crate) fn run(jwt: &args::Jwt) -> anyhow::Result<ExitCode> {
    block_on(async {
        let settings = bellwether_settings::load().await?;
        let from = Utc::now();
        let until = from + Days::new(jwt.days.into());
        let grant = Grant { subject: jwt.subject.clone(), scopes: jwt.scopes.clone(), from, until };
        println!("{}", grant.token(&settings.auth)?);
        Ok(ExitCode::SUCCESS)
    })
}
