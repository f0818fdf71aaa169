//! Logging in: one message for every wrong name and password, the same work for a name that nobody has.

use std::net::IpAddr;

use bellwether_store::console::NewAuditEntry;
use bellwether_store::{StoreError, Users};
use serde_json::{Value, json};

use crate::Entrance;
use crate::guesses::Keys;

/// Somebody who wants to log in.
pub(crate) struct Newcomer<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
    pub(crate) address: IpAddr,
    /// The browser, as it names itself.
    pub(crate) agent: &'a str,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginRefused {
    /// No such person, another password, or a person who is kept out: which, is not told.
    #[error("The name or the password is not right.")]
    Wrong,
    /// Too many failures in a row.
    #[error("Too many attempts have failed. Try again in {seconds} s.")]
    Wait {
        /// How long to wait.
        seconds: i64,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be checked.
    #[error("the password check failed")]
    Check,
}

impl Entrance {
    /// Lets a person in; answers what the browser shall hold from now on.
    ///
    /// # Errors
    /// [`LoginRefused`].
    pub(crate) async fn log_in(&self, newcomer: Newcomer<'_>) -> Result<String, LoginRefused> {
        let address = newcomer.address.to_string();
        let keys = Keys::new(newcomer.name, &address);
        if let Some(wait) = self.admit(&keys).await? {
            return Err(LoginRefused::Wait { seconds: (wait.num_milliseconds() + 999) / 1_000 });
        }
        let user = Users::find(&*self.database, newcomer.name).await?;
        let known = user.as_ref().map(|user| user.name.clone());
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let right = self.check(hash, newcomer.password.to_owned()).await?;
        let Some(user) = user.filter(|user| right && !user.disabled) else {
            if self.failed(&keys).await? {
                // What was typed may be anything, a password too: only a name that somebody has is told.
                let detail = json!({ "address": address, "person": known });
                self.note_login("login.held_back", bellwether_people::NOBODY, detail).await?;
            }
            return Err(LoginRefused::Wrong);
        };
        self.succeeded(&keys).await?;
        let secret = self.begin(&user.name, address.clone(), newcomer.agent).await?;
        self.note_login("session.opened", &user.name, json!({ "address": address })).await?;
        Ok(secret)
    }

    /// Whether somebody who is logged in knows their password, asked once more. Guesses are counted, apart from those at
    /// the login.
    ///
    /// # Errors
    /// [`LoginRefused::Wait`] where too many have failed.
    pub async fn confirm(&self, name: &str, hash: String, password: &str) -> Result<bool, LoginRefused> {
        let keys = Keys::of_account(name);
        if let Some(wait) = self.admit(&keys).await? {
            return Err(LoginRefused::Wait { seconds: (wait.num_milliseconds() + 999) / 1_000 });
        }
        let right = self.check(Some(hash), password.to_owned()).await?;
        if right {
            self.succeeded(&keys).await?;
        }
        Ok(right)
    }

    async fn note_login(&self, action: &str, actor: &str, detail: Value) -> Result<(), StoreError> {
        let line = NewAuditEntry {
            at: self.clock.now(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject: self.site.subject.to_owned(),
            detail,
        };
        self.database.commit(line, Vec::new()).await.map(|_| ())
    }
}
