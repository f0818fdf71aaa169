//! The one place where errors become status codes: RFC 9457 problem+json.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use bellwether_core::config::ConfigDocument;
use bellwether_core::customer::{FieldError, InvalidCustomer};
use bellwether_core::model::ScoreError;
use bellwether_core::outcome::InvalidOutcome;
use bellwether_store::StoreError;
use bellwether_store::journal::JournalError;
use serde::Serialize;

/// An answer that is an error. It never carries a prediction, a stack or a query.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong here, for a person.
    detail: String,
    /// Every field at fault, where fields are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
    /// What a caller has to show, as `WWW-Authenticate` says it.
    #[serde(skip)]
    challenge: Option<Box<str>>,
}

impl Problem {
    /// A problem of this status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: None,
            challenge: None,
        }
    }

    /// The same, with what the caller has to show.
    #[must_use]
    pub fn challenge(self, challenge: impl Into<Box<str>>) -> Self {
        Self { challenge: Some(challenge.into()), ..self }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: the thing's state forbids it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 422: fields cannot be taken.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields cannot be taken", several.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// The same, naming fields.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// 422: one field cannot be taken.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// 429: this caller asks too often; by then it may ask again.
    pub fn too_many(detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        let retry_after_seconds = Some(retry_after_seconds);
        Self { retry_after_seconds, ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// 503: not now; try again in a second.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after_seconds: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// 500: our fault; what it was is in the log.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(%cause, "an answer failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something failed on our side")
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The status in words.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Every field at fault, where fields are.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// What went wrong here, for a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status, self.title, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((
            HeaderName::from_static("content-type"),
            HeaderValue::from_static("application/problem+json"),
        ));
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(challenge) = &self.challenge {
            response.insert_header((WWW_AUTHENTICATE, &**challenge));
        }
        match serde_json::to_vec(self) {
            Ok(body) => response.body(body),
            Err(_) => response.insert_header(ContentType::plaintext()).body(self.detail.clone()),
        }
    }
}

impl From<InvalidCustomer> for Problem {
    fn from(error: InvalidCustomer) -> Self {
        match error {
            InvalidCustomer::NotJson(_) => Self::bad_request(error.to_string()),
            InvalidCustomer::Fields(fields) => Self::fields(fields),
        }
    }
}

impl From<InvalidOutcome> for Problem {
    fn from(error: InvalidOutcome) -> Self {
        match error {
            InvalidOutcome::NotJson(_) => Self::bad_request(error.to_string()),
            InvalidOutcome::Fields(fields) => Self::fields(fields),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::conflict(error.to_string()),
            error if error.is_transient() => {
                tracing::warn!(cause = %error, "the database is away");
                Self::unavailable("the database cannot be reached at the moment")
            }
            error => Self::internal(&error),
        }
    }
}

impl From<JournalError> for Problem {
    /// A prediction that cannot be written down is not answered.
    fn from(error: JournalError) -> Self {
        tracing::error!(cause = %error, "a prediction could not be journaled");
        Self::unavailable("predictions cannot be recorded at the moment, so none is answered")
    }
}

impl From<ScoreError> for Problem {
    fn from(error: ScoreError) -> Self {
        Self::internal(&error)
    }
}

/// Reads a config document.
///
/// # Errors
/// A 422 naming every field at fault.
pub fn config_document(json: &str) -> Result<ConfigDocument, Problem> {
    ConfigDocument::parse(json).map_err(Problem::fields)
}
