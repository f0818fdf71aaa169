//! `bellwether user add`

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use argon2::password_hash::PasswordHasher as _;
use bellwether_engines::database;
use bellwether_store::console::{Ledger, NewAuditEntry, Step};
use bellwether_store::{Role, User};
use chrono::Utc;
use serde_json::json;

use crate::args::{self, RoleArg, UserCommand};
use crate::embedded::block_on;

const MIN_PASSWORD_CHARS: usize = 12;

/// Who adds people here, as the audit log names it.
const ACTOR: &str = "bellwether user add";

/// Adds a person.
pub(crate) fn run(user: &args::User) -> anyhow::Result<ExitCode> {
    let UserCommand::Add { name, role, target } = &user.command;
    ensure!(is_name(name), "NAME: expected 1 to 64 letters, digits, `.`, `_`, `-` or `@`");
    let hash = hash(&read_password()?)?;
    block_on(async {
        let settings = target.settings().await?;
        let database = database(&settings).await?;
        database.migrate().await.context("the database cannot be migrated")?;
        let role = Role::from(*role);
        add(database.as_ref(), ACTOR, name, role, hash).await?;
        println!("added {name} as {role}");
        database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes a person down, and who did.
pub(crate) async fn add(
    database: &(impl Ledger + ?Sized),
    actor: &str,
    name: &str,
    role: Role,
    hash: String,
) -> anyhow::Result<()> {
    let at = Utc::now();
    let user = User {
        name: name.to_owned(),
        password_hash: hash,
        role,
        created_at: at,
        disabled: false,
        email: None,
    };
    let line = NewAuditEntry {
        at,
        actor: actor.to_owned(),
        action: "user.added".to_owned(),
        subject: format!("user {name}"),
        detail: json!({"role": role}),
    };
    let added = database.commit(line, vec![Step::AddUser(user)]).await;
    added.map(drop).with_context(|| format!("`{name}` cannot be added"))
}

/// An argon2id hash in PHC form, with the library's default cost.
pub(crate) fn hash(password: &str) -> anyhow::Result<String> {
    let hash = argon2::Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| anyhow::anyhow!("the password cannot be hashed: {error}"))?.to_string())
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
}

fn read_password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("Password (shown as you type; pipe it in to keep it off the screen): ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("the password cannot be read")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    let long = password.chars().count() >= MIN_PASSWORD_CHARS;
    ensure!(long, "the password must have at least {MIN_PASSWORD_CHARS} characters");
    Ok(password)
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Editor => Self::Editor,
            RoleArg::Approver => Self::Approver,
            RoleArg::Admin => Self::Admin,
        }
    }
}
