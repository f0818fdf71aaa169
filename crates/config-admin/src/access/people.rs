//! What admins do about people, and people about themselves. Each change is a line in the audit log; whoever loses
//! rights loses their sessions with them.

use bellwether_pages::LoginRefused;
use bellwether_store::console::{ConsoleToken, NewAuditEntry, Session, Step};
use bellwether_store::{Role, StoreError, User, Users};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Access;
use crate::ConsoleError;
use crate::console::Actor;

/// The longest that a token may last.
const MAX_TOKEN_DAYS: u32 = 366;
const MAX_TOKEN_NAME: usize = 64;

/// Somebody to be added.
pub(crate) struct NewPerson<'a> {
    pub(crate) name: &'a str,
    pub(crate) email: Option<&'a str>,
    pub(crate) role: Role,
    pub(crate) password: &'a str,
}

impl Access {
    /// Everyone, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn people(&self) -> Result<Vec<User>, StoreError> {
        Users::list(&*self.database).await
    }

    /// One person.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`].
    pub(crate) async fn person(&self, name: &str) -> Result<User, ConsoleError> {
        let user = Users::find(&*self.database, name).await?;
        user.ok_or_else(|| ConsoleError::NotFound(format!("there is nobody called `{name}`")))
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`ConsoleError::Faults`] for a name, address or password that will not do; [`ConsoleError::State`] where
    /// the name is taken.
    pub(crate) async fn add(&self, actor: &Actor, new: NewPerson<'_>) -> Result<(), ConsoleError> {
        actor.must_be(Role::Admin, "add people")?;
        bellwether_people::check_name(new.name).map_err(|why| ConsoleError::fault("name", why))?;
        bellwether_people::check_password(new.password)
            .map_err(|why| ConsoleError::fault("new_password", why))?;
        let email = address(new.email)?;
        let user = User {
            name: new.name.to_owned(),
            password_hash: self.hash(new.password.to_owned()).await?,
            role: new.role,
            created_at: self.clock.now(),
            disabled: false,
            email: email.clone(),
        };
        let detail = json!({ "role": new.role, "email": email });
        match self.note(actor, "user.added", new.name, detail, vec![Step::AddUser(user)]).await {
            Err(ConsoleError::Overtaken(_)) => {
                Err(ConsoleError::State(format!("the name `{}` is taken", new.name)))
            }
            outcome => outcome,
        }
    }

    /// Gives somebody else another role, and ends their sessions.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub(crate) async fn set_role(&self, actor: &Actor, name: &str, role: Role) -> Result<(), ConsoleError> {
        another(actor, name)?;
        let before = self.person(name).await?.role;
        let steps = vec![Step::SetRole { name: name.to_owned(), role }, close(name)];
        self.note(actor, "user.role", name, json!({ "from": before, "to": role }), steps).await
    }

    /// Keeps somebody else out and ends their sessions, or lets them in again.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub(crate) async fn set_disabled(
        &self,
        actor: &Actor,
        name: &str,
        disabled: bool,
    ) -> Result<(), ConsoleError> {
        another(actor, name)?;
        let steps = vec![Step::SetDisabled { name: name.to_owned(), disabled }, close(name)];
        let action = if disabled { "user.disabled" } else { "user.enabled" };
        self.note(actor, action, name, Value::Null, steps).await
    }

    /// Ends somebody's sessions.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub(crate) async fn end_sessions(&self, actor: &Actor, name: &str) -> Result<(), ConsoleError> {
        another(actor, name)?;
        self.person(name).await?;
        self.note(actor, "user.sessions_ended", name, Value::Null, vec![close(name)]).await
    }

    /// Changes one's own password; every other session of theirs ends, and, where they wish, every token: whoever knew
    /// the password may have made some.
    ///
    /// # Errors
    /// [`ConsoleError::Faults`] for a wrong current password, or a new one that will not do.
    pub(crate) async fn change_password(
        &self,
        actor: &Actor,
        session: &str,
        current: &str,
        new: &str,
        end_tokens: bool,
    ) -> Result<(), ConsoleError> {
        let user = self.person(&actor.name).await?;
        match self.entrance.confirm(&actor.name, user.password_hash, current).await {
            Ok(true) => {}
            Ok(false) => return Err(ConsoleError::fault("password", "this is not your current password")),
            Err(LoginRefused::Wait { seconds }) => {
                let told = format!("too many attempts have failed: try again in {seconds} s");
                return Err(ConsoleError::fault("password", told));
            }
            Err(LoginRefused::Store(error)) => return Err(error.into()),
            Err(error) => return Err(ConsoleError::Api(error.to_string())),
        }
        bellwether_people::check_password(new).map_err(|why| ConsoleError::fault("new_password", why))?;
        let name = actor.name.clone();
        let mut steps = vec![
            Step::SetPasswordHash { name: name.clone(), hash: self.hash(new.to_owned()).await? },
            Step::CloseSessions { user: name.clone(), except: Some(session.to_owned()) },
        ];
        let tokens = if end_tokens { self.standing_tokens(&name).await? } else { Vec::new() };
        let ended: Vec<_> = tokens.into_iter().map(|token| token.id).collect();
        let detail = if ended.is_empty() { Value::Null } else { json!({ "tokens_ended": ended }) };
        steps.extend(ended.into_iter().map(|id| Step::RevokeToken { id }));
        self.note(actor, "user.password", &name, detail, steps).await
    }

    /// Sets one's own address.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub(crate) async fn change_email(&self, actor: &Actor, email: &str) -> Result<(), ConsoleError> {
        let email = address(Some(email))?;
        let step = Step::SetEmail { name: actor.name.clone(), email: email.clone() };
        self.note(actor, "user.email", &actor.name, json!({ "email": email }), vec![step]).await
    }

    /// A person's sessions that still stand, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn sessions_of(&self, name: &str) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let sessions = self.database.sessions_of(name).await?.into_iter();
        Ok(sessions.filter(|one| now < one.expires_at && now - one.seen_at < self.entrance.idle()).collect())
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn end_own_session(&self, actor: &Actor, id_hash: &str) -> Result<bool, StoreError> {
        let own = self.database.sessions_of(&actor.name).await?;
        if !own.iter().any(|session| session.id_hash == id_hash) {
            return Ok(false);
        }
        self.database.close_session(id_hash).await
    }

    /// A person's tokens, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn tokens_of(&self, name: &str) -> Result<Vec<ConsoleToken>, StoreError> {
        Ok(self.database.tokens().await?.into_iter().filter(|token| token.owner == name).collect())
    }

    /// A person's tokens that still work, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn standing_tokens(&self, name: &str) -> Result<Vec<ConsoleToken>, StoreError> {
        let now = self.clock.now();
        let tokens = self.tokens_of(name).await?.into_iter();
        Ok(tokens.filter(|token| token.revoked_at.is_none() && now < token.expires_at).collect())
    }

    /// Makes a token for oneself; answers it, this once.
    ///
    /// # Errors
    /// [`ConsoleError`].
    pub(crate) async fn make_token(
        &self,
        actor: &Actor,
        name: &str,
        role: Role,
        days: u32,
    ) -> Result<String, ConsoleError> {
        let plain = !name.trim().is_empty()
            && name.chars().count() <= MAX_TOKEN_NAME
            && !name.chars().any(char::is_control);
        if !plain {
            return Err(ConsoleError::fault("name", "expected 1 to 64 characters"));
        }
        if !(1..=MAX_TOKEN_DAYS).contains(&days) {
            return Err(ConsoleError::fault("days", format!("expected 1 to {MAX_TOKEN_DAYS}")));
        }
        actor.must_be(role, "make such a token")?;
        let made = bellwether_people::make_token();
        let now = self.clock.now();
        let token = ConsoleToken {
            id: made.id.clone(),
            hash: made.hash,
            name: name.trim().to_owned(),
            owner: actor.name.clone(),
            role,
            created_at: now,
            expires_at: now + TimeDelta::days(i64::from(days)),
            revoked_at: None,
            used_at: None,
        };
        let detail = json!({ "id": made.id, "token": token.name, "role": role, "days": days });
        self.note(actor, "token.made", &actor.name, detail, vec![Step::AddToken(token)]).await?;
        Ok(made.text)
    }

    /// Ends one of one's own tokens.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`].
    pub(crate) async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<(), ConsoleError> {
        self.end_token(actor, &actor.name, id).await
    }

    /// Ends a token of somebody else.
    ///
    /// # Errors
    /// [`ConsoleError::Forbidden`], [`ConsoleError::NotFound`].
    pub(crate) async fn revoke_token_of(
        &self,
        actor: &Actor,
        owner: &str,
        id: &str,
    ) -> Result<(), ConsoleError> {
        another(actor, owner)?;
        self.end_token(actor, owner, id).await
    }

    async fn end_token(&self, actor: &Actor, owner: &str, id: &str) -> Result<(), ConsoleError> {
        let Some(token) = self.database.token(id).await?.filter(|token| token.owner == owner) else {
            return Err(ConsoleError::NotFound(format!("there is no such token of {owner}")));
        };
        let step = Step::RevokeToken { id: id.to_owned() };
        let detail = json!({ "id": id, "token": token.name });
        self.note(actor, "token.revoked", owner, detail, vec![step]).await
    }

    async fn hash(&self, password: String) -> Result<String, ConsoleError> {
        let hash = self.entrance.hash_password(password).await;
        hash.map_err(|error| ConsoleError::Api(format!("the password cannot be hashed: {error}")))
    }

    async fn note(
        &self,
        actor: &Actor,
        action: &str,
        name: &str,
        detail: Value,
        steps: Vec<Step>,
    ) -> Result<(), ConsoleError> {
        let line = NewAuditEntry {
            at: self.clock.now(),
            actor: actor.to_string(),
            action: action.to_owned(),
            subject: format!("user {name}"),
            detail,
        };
        match self.database.commit(line, steps).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict { what }) => Err(ConsoleError::Overtaken(what)),
            Err(error) => Err(error.into()),
        }
    }
}

/// An admin acts on others: nobody may lock the last admin out by themselves.
fn another(actor: &Actor, name: &str) -> Result<(), ConsoleError> {
    actor.must_be(Role::Admin, "manage people")?;
    if actor.name == name {
        return Err(ConsoleError::Forbidden("Somebody else has to do that to you.".to_owned()));
    }
    Ok(())
}

fn close(name: &str) -> Step {
    Step::CloseSessions { user: name.to_owned(), except: None }
}

/// An address, or none where nothing was typed.
fn address(typed: Option<&str>) -> Result<Option<String>, ConsoleError> {
    let Some(typed) = typed.map(str::trim).filter(|typed| !typed.is_empty()) else { return Ok(None) };
    if !bellwether_core::config::looks_like_address(typed) {
        return Err(ConsoleError::fault("email", "expected an email address"));
    }
    Ok(Some(typed.to_owned()))
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
