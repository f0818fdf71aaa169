//! Sessions: begun by a login, used by every page, ended by time, by their owner, or with their owner's rights.

use actix_web::HttpRequest;
use bellwether_store::console::Session;
use bellwether_store::{StoreError, Users};
use chrono::TimeDelta;

use crate::{Actor, Entrance, Site, cookies};

/// What a page sends along when it renews itself.
const LIVE: &str = "x-live";
/// A session's use is noted so often at most: a page shall not cost a write each time.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Where they are logged in.
    pub site: &'static Site,
    /// Who, with the role they have now.
    pub actor: Actor,
    /// What forms have to carry.
    pub csrf: String,
    /// Names the session among its owner's.
    pub session: String,
}

impl Entrance {
    /// Who is logged in with this browser; none where nobody is, or no longer. A person's role and whether they are
    /// kept out are read anew each time, so that a change counts at once.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot say.
    pub async fn signed(&self, request: &HttpRequest) -> Result<Option<Signed>, StoreError> {
        let Some(secret) = self.session_secret(request) else { return Ok(None) };
        // A page that renews itself is no sign that somebody is there.
        let somebody = !request.headers().contains_key(LIVE);
        self.look_up(&secret, somebody).await
    }

    /// Who is logged in by what a browser holds.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot say.
    pub(crate) async fn signed_by(&self, secret: &str) -> Result<Option<Signed>, StoreError> {
        self.look_up(secret, true).await
    }

    async fn look_up(&self, secret: &str, somebody: bool) -> Result<Option<Signed>, StoreError> {
        let id_hash = self.session_id(secret);
        let Some(session) = self.database.session(&id_hash).await? else { return Ok(None) };
        let now = self.clock.now();
        if now >= session.expires_at || now - session.seen_at >= self.options.idle {
            return Ok(None);
        }
        let Some(user) = Users::find(&*self.database, &session.user).await?.filter(|user| !user.disabled)
        else {
            return Ok(None);
        };
        if somebody && now - session.seen_at >= NOTED_EVERY.min(self.options.idle / 4) {
            self.database.touch_session(&id_hash, now).await?;
        }
        let actor = Actor { name: user.name, role: user.role, token: None };
        Ok(Some(Signed { site: self.site, actor, csrf: session.csrf, session: id_hash }))
    }

    /// Begins a session; answers what the browser shall hold. Always a new secret: one that the browser brought may
    /// have been planted there.
    pub(crate) async fn begin(&self, user: &str, address: String, agent: &str) -> Result<String, StoreError> {
        let secret = cookies::secret();
        let now = self.clock.now();
        let session = Session {
            id_hash: self.session_id(&secret),
            user: user.to_owned(),
            csrf: cookies::secret(),
            created_at: now,
            seen_at: now,
            expires_at: now + self.options.longest,
            address,
            agent: self.as_told(agent).chars().filter(|c| !c.is_control()).take(255).collect(),
        };
        self.database.open_session(&session).await?;
        Ok(secret)
    }

    /// A browser's name, after that of the realm where there is one: so people can tell their sessions apart.
    fn as_told(&self, agent: &str) -> String {
        let realm = self.options.realm;
        if realm.is_empty() { agent.to_owned() } else { format!("{realm} · {agent}") }
    }

    /// How long a session may lie unused.
    pub fn idle(&self) -> TimeDelta {
        self.options.idle
    }

    /// Ends the session of this browser.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn end(&self, request: &HttpRequest) -> Result<(), StoreError> {
        if let Some(secret) = self.session_secret(request) {
            self.database.close_session(&self.session_id(&secret)).await?;
        }
        Ok(())
    }

    /// Forgets what has run out: sessions, and counted guesses. For a regular call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tidy(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.database.drop_expired_sessions(now).await?;
        self.database.drop_login_failures(crate::guesses::forgotten_before(now)).await?;
        Ok(())
    }
}
