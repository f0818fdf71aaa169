//! Stands in for the state that pages and routes share, by the signature agreed on; goes with the merge.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use bellwether_store::Role;
use bellwether_web::Problem;

use crate::console::{Actor, Console};

pub(crate) struct State {
    pub(crate) console: Console,
    pub(crate) access: Access,
    pub(crate) bake_minutes: u64,
}

pub(crate) struct Access;

impl Access {
    #[allow(clippy::unused_async, reason = "goes with the merge")]
    pub(crate) async fn bearer(&self, _: &HttpRequest, least: Role) -> Result<Actor, Problem> {
        Err(Problem::new(StatusCode::UNAUTHORIZED, format!("this needs the role {least}")))
    }
}
