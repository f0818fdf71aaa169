//! `GET /flagged`: who is at high risk now, by lifetime value at risk.

use actix_web::{HttpRequest, HttpResponse, web};
use bellwether_core::customer::FieldError;
use bellwether_core::treatment::Treatment;
use bellwether_store::{FlaggedCursor, Standing};
use bellwether_web::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::predict::live;
use crate::state::State;

/// How many clients one answer holds: at most, and where nothing is said.
const MOST: usize = 1_000;
const USUAL: usize = 100;

/// A page of those at high risk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Flagged {
    /// The config version that is live: whom it holds out is not listed.
    config_version: u64,
    /// The clients, the largest lifetime value at risk first. There may be fewer than asked for although others follow.
    clients: Vec<FlaggedClient>,
    /// What `after` has to say for the page that follows; null where none does.
    next: Option<String>,
}

/// A client at high risk, by the newest prediction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlaggedClient {
    /// Who it is.
    client_id: String,
    /// Probability of churn, 0 to 1.
    prediction: Option<f64>,
    /// The client's lifetime value then.
    ltv: f64,
    /// Lifetime value at risk: `prediction` times `ltv`.
    at_risk: f64,
    /// What the client got.
    treatment: Treatment,
    /// The bundle that answered; null for the heuristic.
    model: Option<String>,
    /// The config version that was live.
    config_version: u64,
    /// When the prediction was answered.
    predicted_at: DateTime<Utc>,
    /// The prediction's uid.
    uid: Uuid,
}

impl From<Standing> for FlaggedClient {
    fn from(standing: Standing) -> Self {
        let at_risk = standing.at_risk();
        let Standing { client_id, uid, at, treatment, model, prediction, ltv, config_version, .. } = standing;
        Self { client_id, prediction, ltv, at_risk, treatment, model, config_version, predicted_at: at, uid }
    }
}

#[utoipa::path(
    get, path = "/flagged", tag = "predictions",
    params(
        ("limit" = Option<usize>, Query, description = "How many clients; 100 where nothing is said.", minimum = 1, maximum = 1000),
        ("after" = Option<String>, Query, description = "`next` of the page before.", pattern = "^([0-6][0-9a-f]|7[0-9a-e])[0-9a-f]{14}([0-7][0-9a-f]|(c[2-9a-f]|d[0-9a-f])[89ab][0-9a-f]|e0[ab][0-9a-f][89ab][0-9a-f]|e[1-9a-cef]([89ab][0-9a-f]){2}|ed[89][0-9a-f][89ab][0-9a-f]|f0[9ab][0-9a-f]([89ab][0-9a-f]){2}|f[1-3]([89ab][0-9a-f]){3}|f48[0-9a-f]([89ab][0-9a-f]){2})+$"),
    ),
    responses(
        (status = 200, description = "clients whose newest prediction is of high risk", body = Flagged),
        (status = 422, description = "parameters at fault", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "not now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn flagged(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let Asked { limit, after } = Asked::of(request.query_string())?;
    let live = live(&state)?;
    let page = state.flagged.page(&live, state.clock.now(), after, limit).await?;
    Ok(HttpResponse::Ok().json(Flagged {
        config_version: live.config.version,
        clients: page.clients.into_iter().map(FlaggedClient::from).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// What a query asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    limit: usize,
    after: Option<FlaggedCursor>,
}

impl Asked {
    fn of(query: &str) -> Result<Self, Problem> {
        let (mut limit, mut after) = (None, None);
        let mut faults = Vec::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let read = match &*name {
                "limit" if limit.is_none() => {
                    limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    limit.map(drop).ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
                }
                "after" if after.is_none() => {
                    let cursor = text.parse::<FlaggedCursor>();
                    cursor.map(|cursor| after = Some(cursor)).map_err(|error| error.to_string())
                }
                "limit" | "after" => Err("is given twice".to_owned()),
                _ => Err("is not known here".to_owned()),
            };
            if let Err(message) = read {
                faults.push(FieldError { field: name.chars().take(64).collect(), message });
            }
        }
        if faults.is_empty() {
            Ok(Self { limit: limit.unwrap_or(USUAL), after })
        } else {
            Err(Problem::fields(faults))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_every_parameter_at_fault_is_named() {
        assert_eq!(Asked::of("").unwrap(), Asked { limit: 100, after: None });
        let asked = Asked::of("limit=7&after=3ff000000000000063").unwrap();
        assert_eq!((asked.limit, asked.after.unwrap().to_string().as_str()), (7, "3ff000000000000063"));
        for query in
            ["limit=0", "limit=1001", "limit=", "limit=x", "after=", "after=zz", "more=1", "limit=1&limit=2"]
        {
            assert_eq!(Asked::of(query).unwrap_err().status(), 422, "{query}");
        }
        let both = Asked::of("limit=0&after=x&colour=red").unwrap_err();
        let fields: Vec<_> = both.errors().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["limit", "after", "colour"]);
    }
}
