//! Logging in and out of the model page. Ids that were sent with a session that had ended come back after the login.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bellwether_pages::answer::go;
use bellwether_pages::{Frame, login};

use super::{Desk, HOME, PageError, table};
use crate::state::State;

/// `GET /login`
pub(crate) async fn show(request: HttpRequest, desk: Data<Desk>) -> Result<HttpResponse, PageError> {
    Ok(login::show(&desk.entrance, &request).await?)
}

/// `POST /login`
pub(crate) async fn log_in(
    request: HttpRequest,
    payload: Payload,
    desk: Data<Desk>,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    login::log_in(&desk.entrance, &request, payload, async |signed, kept| {
        let frame = Frame::of(signed, &request, HOME).telling("back");
        match kept.path.as_str() {
            HOME => table::resumed(&state, frame, &kept.fields).await,
            // Sorted tables and files are made again from a new look.
            path if path.starts_with("/model_interface/table") => Ok(go(HOME)),
            _ => Ok(login::resumed(frame, kept)?),
        }
    })
    .await
}

/// `POST /logout`
pub(crate) async fn log_out(
    request: HttpRequest,
    payload: Payload,
    desk: Data<Desk>,
) -> Result<HttpResponse, PageError> {
    Ok(login::log_out(&desk.entrance, &request, payload).await?)
}
