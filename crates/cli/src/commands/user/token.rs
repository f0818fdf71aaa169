//! `bellwether user token`

use anyhow::{Context as _, anyhow, ensure};
use bellwether_people::{MadeToken, check_name, make_token};
use bellwether_store::Role;
use bellwether_store::console::{ConsoleToken, Step};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::Desk;
use crate::args::Token;
use crate::span::ago;
use crate::table::Table;

const DAYS: u16 = 90;

pub(super) async fn run(desk: &Desk<'_>, asked: &Token) -> anyhow::Result<()> {
    let role = asked.role.map_or(Role::Viewer, Role::from);
    match (&asked.name, &asked.revoke) {
        (Some(name), _) => make(desk, &asked.owner, name, role, asked.days.unwrap_or(DAYS)).await,
        (None, Some(id)) => revoke(desk, &asked.owner, id).await,
        (None, None) => list(desk, &asked.owner).await,
    }
}

/// Makes a token. It alone goes to standard output, so that a script can take it from there.
async fn make(desk: &Desk<'_>, owner: &str, name: &str, role: Role, days: u16) -> anyhow::Result<()> {
    check_name(name).map_err(|expected| anyhow!("--name: {expected}"))?;
    let person = desk.person(owner).await?;
    ensure!(!person.disabled, "`{owner}` is disabled: a token of theirs would be refused");
    let may = person.role;
    ensure!(role <= may, "`{owner}` is {may}: a token of theirs can do no more, and so not be {role}");
    let MadeToken { id, text, hash } = make_token();
    let token = ConsoleToken {
        id: id.clone(),
        hash,
        name: name.to_owned(),
        owner: owner.to_owned(),
        role,
        created_at: desk.now,
        expires_at: desk.now + TimeDelta::days(days.into()),
        revoked_at: None,
        used_at: None,
    };
    let ends = token.expires_at;
    let detail = json!({ "name": name, "owner": owner, "role": role, "expires_at": ends });
    let added = desk.write("token.made", format!("token {id}"), detail, vec![Step::AddToken(token)]).await;
    added.context("the token cannot be added")?;
    println!("{text}");
    eprintln!("The token {id} of {owner}, as {role} until {}. It is not shown again.", day(ends));
    Ok(())
}

async fn revoke(desk: &Desk<'_>, owner: &str, id: &str) -> anyhow::Result<()> {
    let token = desk.database.token(id).await?.filter(|token| token.owner == owner);
    let token = token.with_context(|| format!("`{id}`: {owner} has no such token"))?;
    if let Some(at) = token.revoked_at {
        println!("the token {id} ({}) was revoked {} ago", token.name, ago(at, desk.now));
        return Ok(());
    }
    let detail = json!({ "name": token.name, "owner": owner });
    let steps = vec![Step::RevokeToken { id: id.to_owned() }];
    let revoked = desk.write("token.revoked", format!("token {id}"), detail, steps).await;
    revoked.context("the token cannot be revoked")?;
    println!("revoked the token {id} ({})", token.name);
    Ok(())
}

async fn list(desk: &Desk<'_>, owner: &str) -> anyhow::Result<()> {
    desk.person(owner).await?;
    let mut table = Table::new(&["id", "name", "role", "state", "until", "last used"]);
    for token in desk.database.tokens().await?.into_iter().filter(|token| token.owner == owner) {
        let used = token.used_at.map_or("never".to_owned(), |at| format!("{} ago", ago(at, desk.now)));
        table.row(vec![
            token.id.clone(),
            token.name.clone(),
            token.role.to_string(),
            state(&token, desk.now).to_owned(),
            day(token.expires_at),
            used,
        ]);
    }
    table.print();
    Ok(())
}

fn state(token: &ConsoleToken, now: DateTime<Utc>) -> &'static str {
    match token.revoked_at {
        Some(_) => "revoked",
        None if token.expires_at <= now => "expired",
        None => "active",
    }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
