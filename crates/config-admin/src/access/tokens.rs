//! Tokens of pipelines: `Authorization: Bearer bwc_…` for the JSON API. A token does what its role says, and never
//! more than its owner may at the moment.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use bellwether_store::{Role, StoreError, Users};
use bellwether_web::Problem;
use chrono::TimeDelta;
use subtle::ConstantTimeEq as _;

use super::Access;
use crate::console::Actor;

/// A token's use is noted so often at most.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

impl Access {
    /// Whom a request's token stands for, if they may do what needs this role.
    ///
    /// # Errors
    /// 401 without a good token, 403 where it may not do this.
    pub(crate) async fn bearer(&self, request: &HttpRequest, least: Role) -> Result<Actor, Problem> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = header.and_then(|value| value.strip_prefix("Bearer "));
        let Some(given) = given else {
            let detail = "expected `Authorization: Bearer TOKEN` with a token of the console";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, detail).challenge("Bearer"));
        };
        let Some(actor) = self.actor_of(given.trim()).await? else {
            let detail = "the token is not known, has ended, or its owner may not enter";
            return Err(
                Problem::new(StatusCode::UNAUTHORIZED, detail).challenge("Bearer error=\"invalid_token\"")
            );
        };
        if actor.role < least {
            let detail = format!("this needs the role {least}; the token has {}", actor.role);
            return Err(
                Problem::new(StatusCode::FORBIDDEN, detail).challenge("Bearer error=\"insufficient_scope\"")
            );
        }
        Ok(actor)
    }

    async fn actor_of(&self, given: &str) -> Result<Option<Actor>, StoreError> {
        let Some(id) = bellwether_people::token_id(given) else { return Ok(None) };
        let Some(token) = self.database.token(id).await? else { return Ok(None) };
        let now = self.clock.now();
        let hash = bellwether_people::token_hash(given);
        let right = bool::from(token.hash.as_bytes().ct_eq(hash.as_bytes()));
        if !right || token.revoked_at.is_some() || now >= token.expires_at {
            return Ok(None);
        }
        let Some(owner) = Users::find(&*self.database, &token.owner).await?.filter(|owner| !owner.disabled)
        else {
            return Ok(None);
        };
        if token.used_at.is_none_or(|used| now - used >= NOTED_EVERY) {
            self.database.touch_token(id, now).await?;
        }
        Ok(Some(Actor { name: owner.name, role: owner.role.min(token.role), token: Some(token.name) }))
    }
}
