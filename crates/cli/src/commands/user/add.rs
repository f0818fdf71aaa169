//! `bellwether user add`

use anyhow::{Context as _, anyhow, ensure};
use bellwether_core::config::looks_like_address;
use bellwether_people::{check_name, hash_password};
use bellwether_store::console::Step;
use bellwether_store::{Role, User};
use serde_json::json;

use super::Desk;
use crate::password::new_password;

pub(super) async fn run(desk: &Desk<'_>, name: &str, role: Role, email: Option<&str>) -> anyhow::Result<()> {
    check_name(name).map_err(|expected| anyhow!("NAME: {expected}"))?;
    if let Some(address) = email {
        check_address(address)?;
    }
    let hash = hash_password(&new_password()?)?;
    add(desk, name, role, email, hash).await?;
    println!("added {name} as {role}");
    Ok(())
}

/// Writes a person down.
pub(crate) async fn add(
    desk: &Desk<'_>,
    name: &str,
    role: Role,
    email: Option<&str>,
    password_hash: String,
) -> anyhow::Result<()> {
    let user = User {
        name: name.to_owned(),
        password_hash,
        role,
        created_at: desk.now,
        disabled: false,
        email: email.map(str::to_owned),
    };
    let detail = json!({ "role": role, "email": email });
    let added = desk.change(name, "user.added", detail, vec![Step::AddUser(user)]).await;
    added.with_context(|| format!("`{name}` cannot be added"))
}

/// Whether an address looks like one.
pub(super) fn check_address(address: &str) -> anyhow::Result<()> {
    ensure!(looks_like_address(address), "expected an email address, not `{address}`");
    Ok(())
}
