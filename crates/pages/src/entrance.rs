//! Where people come in: by whose database, for how long, and under which names.

use std::sync::Arc;

use actix_web::HttpRequest;
use bellwether_store::{Clock, SharedDatabase};
use chrono::TimeDelta;
use tokio::sync::Semaphore;

use crate::newcomer::LoginRefused;
use crate::{Refused, Signed, Site};

/// Password checks at once: each takes 19 MiB and a core.
const CHECKS_AT_ONCE: usize = 2;

/// Lets people in. Cheap to clone.
#[derive(Clone)]
pub struct Entrance {
    pub(crate) site: &'static Site,
    pub(crate) database: SharedDatabase,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Arc<EntranceOptions>,
    checks: Arc<Semaphore>,
}

/// How people are let in.
#[derive(Debug, Clone)]
pub struct EntranceOptions {
    /// What its cookies are named by. Browsers send a cookie to every port of a host, so services that share a host
    /// have names of their own.
    pub cookie: String,
    /// Which sessions are good here: those that were begun by an entrance with the same word, whatever else the
    /// database holds.
    pub realm: &'static str,
    /// Where people reach the pages, as `https://…`; empty where it was not set.
    pub public_url: String,
    /// How long a session may lie unused.
    pub idle: TimeDelta,
    /// How long a session may last.
    pub longest: TimeDelta,
}

impl Entrance {
    /// An entrance for the people of this database.
    pub fn new(
        site: &'static Site,
        database: SharedDatabase,
        clock: Arc<dyn Clock>,
        options: EntranceOptions,
    ) -> Self {
        let checks = Arc::new(Semaphore::new(CHECKS_AT_ONCE));
        Self { site, database, clock, options: Arc::new(options), checks }
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// [`Refused::LoginNeeded`], which leads back here.
    pub async fn enter(&self, request: &HttpRequest) -> Result<Signed, Refused> {
        let next = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        self.signed(request).await?.ok_or(Refused::LoginNeeded { next })
    }

    /// Compares a password with a hash, on a thread of its own and few at a time. Without a hash the same work is done
    /// for nothing.
    pub(crate) async fn check(&self, hash: Option<String>, password: String) -> Result<bool, LoginRefused> {
        let _turn = self.checks.acquire().await.map_err(|_| LoginRefused::Check)?;
        let check = move || bellwether_people::verify_password(hash.as_deref(), &password);
        tokio::task::spawn_blocking(check).await.map_err(|_| LoginRefused::Check)
    }

    /// Hashes a password that is new, on a thread of its own and few at a time.
    ///
    /// # Errors
    /// [`LoginRefused::Check`] where it cannot be hashed.
    pub async fn hash_password(&self, password: String) -> Result<String, LoginRefused> {
        let _turn = self.checks.acquire().await.map_err(|_| LoginRefused::Check)?;
        let hash = tokio::task::spawn_blocking(move || bellwether_people::hash_password(&password)).await;
        hash.map_err(|_| LoginRefused::Check)?.map_err(|_| LoginRefused::Check)
    }
}
