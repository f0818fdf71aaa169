//! Who may enter the console: logging in and out, sessions, forms that only our own pages can send, tokens of
//! pipelines, and back-off for those who guess. What a role may do is asked by the operations themselves too
//! ([`crate::console`]).

mod cookies;
mod fields;
mod guesses;
mod login;
mod people;
mod posted;
mod sessions;
mod tokens;

use std::sync::Arc;

use bellwether_store::{Clock, SharedDatabase};
use chrono::TimeDelta;
use tokio::sync::Semaphore;

pub(crate) use cookies::{clear_session, login_cookie, login_secret, session_cookie};
pub(crate) use fields::Fields;
pub(crate) use login::{LoginRefused, Newcomer};
pub(crate) use people::NewPerson;
pub(crate) use posted::{Kept, address, form, posted};
pub(crate) use sessions::Signed;

/// Password checks at once: each takes 19 MiB and a core.
const CHECKS_AT_ONCE: usize = 2;

/// Lets people and pipelines in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Access {
    database: SharedDatabase,
    clock: Arc<dyn Clock>,
    /// How long a session may lie unused.
    idle: TimeDelta,
    /// How long a session may last.
    longest: TimeDelta,
    checks: Arc<Semaphore>,
}

impl Access {
    /// Access by the people, sessions and tokens of this database.
    pub(crate) fn new(
        database: SharedDatabase,
        clock: Arc<dyn Clock>,
        settings: &bellwether_settings::Console,
    ) -> Self {
        Self {
            database,
            clock,
            idle: TimeDelta::minutes(i64::from(settings.session_idle_minutes)),
            longest: TimeDelta::hours(i64::from(settings.session_hours)),
            checks: Arc::new(Semaphore::new(CHECKS_AT_ONCE)),
        }
    }
}
