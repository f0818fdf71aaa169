//! Logging in and out. A form that was sent with a session that had ended comes back after the login, as it was.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bellwether_pages::login;

use super::{Frame, PageError, State};

/// `GET /login`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    Ok(login::show(&state.access.entrance, &request).await?)
}

/// `POST /login`
pub(crate) async fn log_in(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    login::log_in(&state.access.entrance, &request, payload, async |signed, kept| {
        let frame = Frame::of(signed, &request, "").telling("back");
        if super::propose::takes(&kept.path) {
            return super::propose::resumed(&state, signed, frame, &kept).await;
        }
        Ok(login::resumed(frame, kept)?)
    })
    .await
}

/// `POST /logout`
pub(crate) async fn log_out(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, PageError> {
    Ok(login::log_out(&state.access.entrance, &request, payload).await?)
}
