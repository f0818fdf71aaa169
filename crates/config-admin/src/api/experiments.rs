//! `GET /api/experiments/…`: experiments, and the report of one.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_experiments::{ExperimentOutline, ExperimentReport, Progress, Silence};
use bellwether_store::Role;
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{self, Query};
use crate::experiments::Standing;
use crate::pages::State;

/// Every experiment of an environment.
#[derive(Debug, Serialize, ToSchema)]
struct Experiments {
    /// That with the newest version first.
    experiments: Vec<ExperimentOutline>,
}

/// How a report stands.
#[derive(Debug, Serialize, ToSchema)]
struct ReportNow {
    /// The last one that was made; null while the first is being made.
    report: Option<ExperimentReport>,
    /// When it was made, in UTC.
    made_at: Option<DateTime<Utc>>,
    /// Whether another is being made.
    under_way: bool,
    /// How far that is; null while it waits for its turn.
    progress: Option<Progress>,
    /// Why the last try failed, where it did.
    failed: Option<String>,
}

impl From<Standing> for ReportNow {
    fn from(standing: Standing) -> Self {
        let (report, made_at) = standing.done.unzip();
        Self {
            report: report.map(|report| ExperimentReport::clone(&report)),
            made_at,
            under_way: standing.under_way,
            progress: standing.progress,
            failed: standing.failed.map(|(why, _)| why),
        }
    }
}

#[utoipa::path(
    get, path = "/api/experiments/{environment}", tag = "experiments", operation_id = "experiments",
    params(("environment" = String, Path, description = "`stage` or `prod`")),
    responses((status = 200, description = "every experiment, that with the newest version first", body = Experiments)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn list(
    request: HttpRequest,
    environment: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let environment = query::environment(&environment)?;
    let experiments = state.console.experiments(environment).await?;
    Ok(HttpResponse::Ok().json(Experiments { experiments }))
}

#[utoipa::path(
    get, path = "/api/experiments/{environment}/{salt}", tag = "experiments", operation_id = "experiment",
    params(
        ("environment" = String, Path, description = "`stage` or `prod`"),
        ("salt" = String, Path, description = "its salt"),
        ("stayed" = Option<u64>, Query, description = "1: who is silent once the window is over is taken to have stayed; 0, or nothing said: unknown", minimum = 0, maximum = 1),
    ),
    responses(
        (status = 200, description = "the report, at most a minute old or with another under way", body = ReportNow),
        (status = 202, description = "the first report is being made: ask again", body = ReportNow),
    ),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn one(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let (environment, salt) = path.into_inner();
    let environment = query::environment(&environment)?;
    let mut query = Query::of(&request);
    let stayed = query.number("stayed", 0..=1) == Some(1);
    query.finish()?;
    let silence = if stayed { Silence::Stayed } else { Silence::Unknown };
    let now = ReportNow::from(state.console.experiment(environment, &salt, silence).await?);
    let waits = now.report.is_none() && now.under_way;
    Ok(if waits { HttpResponse::Accepted().json(now) } else { HttpResponse::Ok().json(now) })
}
