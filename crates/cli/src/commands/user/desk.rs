//! Where people are written down: the database, who writes, and when.

use anyhow::Context as _;
use bellwether_store::console::{NewAuditEntry, Step};
use bellwether_store::{Database, StoreError, User, Users};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// One command's way to the people.
pub(crate) struct Desk<'a> {
    pub(super) database: &'a dyn Database,
    pub(super) now: DateTime<Utc>,
    actor: String,
}

impl<'a> Desk<'a> {
    /// A desk at which `actor` writes, as the audit log names them.
    pub(crate) fn new(database: &'a dyn Database, actor: impl Into<String>) -> Self {
        Self { database, now: Utc::now(), actor: actor.into() }
    }

    /// A person, who has to be there.
    pub(super) async fn person(&self, name: &str) -> anyhow::Result<User> {
        let person = Users::find(self.database, name).await?;
        person.with_context(|| format!("`{name}`: there is no such person"))
    }

    /// Makes a change to a person, with its line in the audit log: all of it or nothing.
    pub(super) async fn change(
        &self,
        name: &str,
        action: &str,
        detail: Value,
        steps: Vec<Step>,
    ) -> Result<(), StoreError> {
        self.write(action, format!("user {name}"), detail, steps).await
    }

    /// Makes a change to anything.
    pub(super) async fn write(
        &self,
        action: &str,
        subject: String,
        detail: Value,
        steps: Vec<Step>,
    ) -> Result<(), StoreError> {
        let (at, actor) = (self.now, self.actor.clone());
        let line = NewAuditEntry { at, actor, action: action.to_owned(), subject, detail };
        self.database.commit(line, steps).await.map(drop)
    }
}
