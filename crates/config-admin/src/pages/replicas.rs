//! `/replicas/forget`: the button beside a replica that is silent. The table it stands in is of the pages that show
//! it, [`super::overview`] and [`super::proposal`].

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bellwether_settings::Environment;
use bellwether_store::Role;

use super::{PageError, State, go};
use crate::access::posted;

/// `POST /replicas/forget`
pub(crate) async fn forget(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    let (signed, fields) = posted(&request, payload, &state, Role::Approver).await?;
    let environment = match fields.first("environment") {
        "stage" => Environment::Stage,
        "prod" => Environment::Prod,
        // The console looks after none such, and says so.
        _ => Environment::Local,
    };
    state.console.forget_replica(&signed.actor, environment, fields.first("name")).await?;
    Ok(go("/?done=replica-forgotten"))
}
