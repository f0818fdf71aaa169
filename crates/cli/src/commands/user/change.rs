//! `bellwether user disable`, `enable`, `passwd`, `role`, `email`

use anyhow::Context as _;
use bellwether_people::hash_password;
use bellwether_store::Role;
use bellwether_store::console::Step;
use serde_json::json;

use super::Desk;
use super::add::check_address;
use crate::password::new_password;

pub(super) async fn disabled(desk: &Desk<'_>, name: &str, disabled: bool) -> anyhow::Result<()> {
    desk.person(name).await?;
    let set = Step::SetDisabled { name: name.to_owned(), disabled };
    let (action, told) = if disabled {
        ("user.disabled", "can no longer log in; sessions have ended, and tokens are refused")
    } else {
        ("user.enabled", "can log in again")
    };
    let steps = if disabled { vec![set, close_sessions(name)] } else { vec![set] };
    desk.change(name, action, json!({}), steps).await.with_context(|| unchanged(name))?;
    println!("{name} {told}");
    Ok(())
}

pub(super) async fn password(desk: &Desk<'_>, name: &str) -> anyhow::Result<()> {
    desk.person(name).await?;
    let hash = hash_password(&new_password()?)?;
    let steps = vec![Step::SetPasswordHash { name: name.to_owned(), hash }, close_sessions(name)];
    let changed = desk.change(name, "user.password_changed", json!({}), steps).await;
    changed.with_context(|| unchanged(name))?;
    println!("{name} has another password; sessions have ended, tokens have not");
    Ok(())
}

pub(super) async fn role(desk: &Desk<'_>, name: &str, role: Role) -> anyhow::Result<()> {
    let before = desk.person(name).await?.role;
    let steps = vec![Step::SetRole { name: name.to_owned(), role }, close_sessions(name)];
    let detail = json!({ "from": before, "to": role });
    desk.change(name, "user.role_changed", detail, steps).await.with_context(|| unchanged(name))?;
    println!("{name} was {before} and is {role}; sessions have ended");
    Ok(())
}

pub(super) async fn email(desk: &Desk<'_>, name: &str, address: Option<&str>) -> anyhow::Result<()> {
    if let Some(address) = address {
        check_address(address)?;
    }
    desk.person(name).await?;
    let steps = vec![Step::SetEmail { name: name.to_owned(), email: address.map(str::to_owned) }];
    let detail = json!({ "email": address });
    desk.change(name, "user.email_changed", detail, steps).await.with_context(|| unchanged(name))?;
    match address {
        Some(address) => println!("{name} is written to at {address}"),
        None => println!("{name} is not written to any more"),
    }
    Ok(())
}

fn close_sessions(name: &str) -> Step {
    Step::CloseSessions { user: name.to_owned(), except: None }
}

fn unchanged(name: &str) -> String {
    format!("`{name}` cannot be changed")
}
