//! What the console does about who may enter: people and their rights, and tokens of pipelines. Logging in, sessions
//! and forms are those of every service with pages ([`bellwether_pages`]). What a role may do is asked by the
//! operations themselves too ([`crate::console`]).

mod people;
mod tokens;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use bellwether_pages::{Entrance, EntranceOptions};
use bellwether_store::{Clock, Role, SharedDatabase};
use chrono::TimeDelta;

pub(crate) use bellwether_pages::{Fields, Kept, Signed};
pub(crate) use people::NewPerson;

use crate::pages::{CONSOLE, PageError, State};

/// People and pipelines of the console. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Access {
    /// Where people come in.
    pub(crate) entrance: Entrance,
    database: SharedDatabase,
    clock: Arc<dyn Clock>,
}

impl Access {
    /// Access by the people, sessions and tokens of this database.
    pub(crate) fn new(
        database: SharedDatabase,
        clock: Arc<dyn Clock>,
        settings: &bellwether_settings::Console,
    ) -> Self {
        let options = EntranceOptions {
            cookie: "bellwether".to_owned(),
            realm: "",
            public_url: settings.public_url.clone(),
            idle: TimeDelta::minutes(i64::from(settings.session_idle_minutes)),
            longest: TimeDelta::hours(i64::from(settings.session_hours)),
        };
        let entrance = Entrance::new(&CONSOLE, database.clone(), clock.clone(), options);
        Self { entrance, database, clock }
    }
}

/// A form sent by one of our pages, by somebody who has this role at least.
///
/// # Errors
/// [`PageError`]: the login page that keeps the fields, or a refusal.
pub(crate) async fn posted(
    request: &HttpRequest,
    payload: Payload,
    state: &State,
    least: Role,
) -> Result<(Signed, Fields), PageError> {
    Ok(state.access.entrance.posted(request, payload, least).await?)
}
