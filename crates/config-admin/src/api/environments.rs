//! `GET /api/environments/…`: the line of versions of an environment.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::change::differences;
use bellwether_core::config::ConfigDocument;
use bellwether_settings::Environment;
use bellwether_store::{Role, StoredVersion};
use bellwether_web::Problem;

use super::query::{self, Query};
use super::wire::{self, Diff, HistoryVersion, VersionWithReport, Versions};
use crate::ConsoleError;
use crate::console::Console;
use crate::pages::State;

#[utoipa::path(
    get, path = "/api/environments/{environment}/config", tag = "environments", operation_id = "live",
    params(("environment" = String, Path, description = "`stage` or `prod`")),
    responses((status = 200, description = "the newest version: the one that is to be live", body = HistoryVersion)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn live(
    request: HttpRequest,
    environment: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let environment = query::environment(&environment)?;
    let live = newest(&state.console, environment).await?;
    Ok(HttpResponse::Ok().json(HistoryVersion::from(live)))
}

#[utoipa::path(
    get, path = "/api/environments/{environment}/history", tag = "environments", operation_id = "history",
    params(
        ("environment" = String, Path, description = "`stage` or `prod`"),
        ("before" = Option<u64>, Query, description = "only versions before this one", minimum = 1),
        ("limit" = Option<u64>, Query, description = "how many at most; 50 where nothing is said", minimum = 1, maximum = 200),
    ),
    responses((status = 200, description = "versions, newest first", body = Versions)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn history(
    request: HttpRequest,
    environment: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let environment = query::environment(&environment)?;
    let mut query = Query::of(&request);
    let (before, limit) = (query.entry("before"), query.limit());
    query.finish()?;
    let versions = state.console.history(environment, before, limit).await?;
    let last = versions.last().map(|version| version.version);
    Ok(HttpResponse::Ok().json(Versions {
        next_before: wire::next_before(last, versions.len(), limit),
        versions: versions.into_iter().map(HistoryVersion::from).collect(),
    }))
}

#[utoipa::path(
    get, path = "/api/environments/{environment}/versions/{version}", tag = "environments", operation_id = "version",
    params(
        ("environment" = String, Path, description = "`stage` or `prod`"),
        ("version" = u64, Path, description = "its number"),
    ),
    responses((status = 200, description = "the version, with the report of its trial", body = VersionWithReport)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn version(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    query::none(&request)?;
    let (environment, version) = named(&path)?;
    let (version, report) = state.console.version(environment, version).await?;
    Ok(HttpResponse::Ok().json(VersionWithReport { version: version.into(), report }))
}

#[utoipa::path(
    get, path = "/api/environments/{environment}/versions/{version}/diff", tag = "environments", operation_id = "diff",
    params(
        ("environment" = String, Path, description = "`stage` or `prod`"),
        ("version" = u64, Path, description = "its number"),
        ("to" = Option<u64>, Query, description = "the version that it is compared with; its parent where nothing is said", minimum = 1),
    ),
    responses((status = 200, description = "what it has otherwise, field by field", body = Diff)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn diff(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    state.access.bearer(&request, Role::Viewer).await?;
    let (environment, number) = named(&path)?;
    let mut query = Query::of(&request);
    let to = query.entry("to");
    query.finish()?;
    let (version, _) = state.console.version(environment, number).await?;
    let Some(to) = to.or(version.parent) else {
        let message = format!("version {number} has no parent: name the version to compare with");
        return Err(Problem::field("to", message));
    };
    let (other, _) = state.console.version(environment, to).await?;
    let differences = differences(&document(other)?, &document(version)?);
    let environment = environment.as_str().to_owned();
    Ok(HttpResponse::Ok().json(Diff { environment, version: number, to, differences }))
}

/// The newest version of an environment.
pub(super) async fn newest(console: &Console, environment: Environment) -> Result<StoredVersion, Problem> {
    let newest = console.history(environment, None, 1).await?.into_iter().next();
    newest.ok_or_else(|| Problem::not_found(format!("`{}` has no config yet", environment.as_str())))
}

fn named((environment, version): &(String, String)) -> Result<(Environment, u64), Problem> {
    Ok((query::environment(environment)?, query::number(version, "version")?))
}

fn document(version: StoredVersion) -> Result<ConfigDocument, ConsoleError> {
    version.document.map_err(|unreadable| {
        let reasons = unreadable.reasons.join("; ");
        ConsoleError::State(format!("version {} is no config that could be live: {reasons}", version.version))
    })
}
