//! A request that came by http is sent to https, where the operator wants that.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::error::InternalError;
use actix_web::http::header::{HOST, LOCATION};
use actix_web::http::uri::Authority;
use actix_web::http::{Method, StatusCode};

use crate::Problem;

/// What a request that came by http gets: the same address by https, or, where its body is sent already
/// and a browser would not repeat it, the reason why not.
pub(crate) fn instead(request: &ServiceRequest) -> actix_web::Error {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    match (request.method(), host) {
        (&Method::GET | &Method::HEAD, Some(host)) => {
            let host = host.as_str().trim_end_matches(":80");
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let mut answer = HttpResponse::PermanentRedirect();
            answer.insert_header((LOCATION, format!("https://{host}{path}")));
            InternalError::from_response("to https", answer.finish()).into()
        }
        _ => Problem::new(StatusCode::FORBIDDEN, "https is required here").into(),
    }
}
