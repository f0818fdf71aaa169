//! `bellwether user list`

use bellwether_store::console::ConsoleToken;
use bellwether_store::{User, Users};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Desk;
use crate::span::ago;
use crate::table::Table;

/// A person, and by how many ways they are in.
struct Known {
    user: User,
    sessions: usize,
    tokens: usize,
}

/// Prints everyone. A session that was not used for `idle` counts as ended.
pub(super) async fn run(desk: &Desk<'_>, idle: TimeDelta, json: bool) -> anyhow::Result<()> {
    let tokens = desk.database.tokens().await?;
    let mut people = Vec::new();
    for user in Users::list(desk.database).await? {
        let sessions = desk.database.sessions_of(&user.name).await?;
        let open = sessions.iter().filter(|s| s.expires_at > desk.now && s.seen_at + idle > desk.now);
        let sessions = open.count();
        let usable = |token: &&ConsoleToken| {
            token.owner == user.name && token.revoked_at.is_none() && token.expires_at > desk.now
        };
        let tokens = tokens.iter().filter(usable).count();
        people.push(Known { user, sessions, tokens });
    }
    if json {
        println!("{}", people.iter().map(told).collect::<Value>());
        return Ok(());
    }
    let mut table = Table::new(&["name", "role", "state", "email", "sessions", "tokens", "age"]);
    for Known { user, sessions, tokens } in &people {
        table.row(vec![
            user.name.clone(),
            user.role.to_string(),
            if user.disabled { "disabled" } else { "active" }.to_owned(),
            user.email.clone().unwrap_or_else(|| "-".to_owned()),
            sessions.to_string(),
            tokens.to_string(),
            ago(user.created_at, desk.now),
        ]);
    }
    table.print();
    Ok(())
}

fn told(known: &Known) -> Value {
    let Known { user, sessions, tokens } = known;
    json!({
        "name": user.name, "role": user.role, "disabled": user.disabled, "email": user.email,
        "sessions": sessions, "tokens": tokens, "created_at": user.created_at,
    })
}
