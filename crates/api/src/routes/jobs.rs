//! `GET /jobs/{id}`: how far an email has come.

use actix_web::{HttpResponse, web};
use bellwether_store::EmailJob;
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::state::State;

/// A job as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    /// The prediction's uid.
    id: Uuid,
    /// `queued`, `sending`, `retrying`, `sent` or `parked`.
    state: &'static str,
    /// How often it was tried; a mail server that cannot be reached does not count.
    attempts: u32,
    /// Why the last try failed, or why it is parked.
    last_error: Option<String>,
    /// When it was first asked for.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it may be tried next.
    next_attempt_at: Option<DateTime<Utc>>,
    /// What came of it; null until it is sent.
    result: Option<JobResult>,
}

/// What came of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobResult {
    /// When the mail server took the email.
    sent_at: DateTime<Utc>,
}

#[utoipa::path(
    get, path = "/jobs/{id}", tag = "emails",
    params(("id" = Uuid, Path, description = "the job's id: the prediction's uid")),
    responses(
        (status = 200, description = "the job as it stands", body = Job),
        (status = 404, description = "no such job", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn job(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let none = || Problem::not_found("there is no such job");
    let uid = Uuid::try_parse(&id).map_err(|_| none())?;
    let job = state.jobs.find(uid).await?.ok_or_else(none)?;
    Ok(HttpResponse::Ok().json(Job::from(job)))
}

impl From<EmailJob> for Job {
    fn from(job: EmailJob) -> Self {
        Self {
            id: job.uid,
            state: job.state.as_str(),
            attempts: job.attempts,
            last_error: job.last_error,
            created_at: job.created_at,
            updated_at: job.updated_at,
            next_attempt_at: job.next_attempt_at,
            result: job.sent_at.map(|sent_at| JobResult { sent_at }),
        }
    }
}
