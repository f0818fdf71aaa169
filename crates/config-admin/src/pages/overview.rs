//! `GET /`: staging and production side by side.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bellwether_settings::Environment;
use bellwether_store::{Role, StoredVersion};
use chrono::{DateTime, Utc};

use super::proposals::{ProposalRow, rows};
use super::shown::{Badge, DifferenceRow, Fact, ago, difference_rows, facts, provenance_badge, time};
use super::{Frame, PageError, State, page};
use crate::console::{EnvironmentView, Health, ReplicaState, ReplicaView};

/// How many of the newest proposals are looked through for open ones.
const LOOKED_THROUGH: u32 = 50;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    may_propose: bool,
    environments: [EnvironmentCard; 2],
    differences: Vec<DifferenceRow>,
    open: Vec<ProposalRow>,
}

struct EnvironmentCard {
    name: &'static str,
    title: &'static str,
    health: Badge,
    unavailable: Option<String>,
    live: Option<LiveCard>,
    synced: Badge,
    replicas: Vec<ReplicaRow>,
}

struct LiveCard {
    version: u64,
    author: String,
    reason: String,
    at: String,
    age: String,
    badge: Option<Badge>,
    facts: Vec<Fact>,
    faults: Vec<String>,
}

/// One replica in a table.
pub(super) struct ReplicaRow {
    pub(super) name: String,
    pub(super) badge: Badge,
    pub(super) reasons: Vec<String>,
    pub(super) version: String,
    pub(super) heard: String,
    /// The environment that may forget it, where it is silent and whoever looks may say so.
    pub(super) forget: Option<&'static str>,
}

/// `GET /`
pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    let signed = state.enter(&request).await?;
    let (now, may_forget) = (state.clock.now(), signed.actor.role >= Role::Approver);
    let overview = state.console.overview().await;
    let newest = state.console.proposals(None, LOOKED_THROUGH).await?;
    let open: Vec<_> = newest.into_iter().filter(|proposal| !proposal.state.is_final()).collect();
    page(&OverviewPage {
        frame: Frame::of(&signed, &request, "/"),
        may_propose: signed.actor.role >= Role::Editor,
        environments: [&overview.stage, &overview.prod].map(|view| card(view, may_forget, now)),
        differences: difference_rows(&overview.differences),
        open: rows(&open, now),
    })
}

fn card(view: &EnvironmentView, may_forget: bool, now: DateTime<Utc>) -> EnvironmentCard {
    let (name, title) = match view.environment {
        Environment::Stage => ("stage", "Staging"),
        Environment::Prod => ("prod", "Production"),
        Environment::Local => ("local", "Local"),
    };
    EnvironmentCard {
        name,
        title,
        health: health_badge(&view.health),
        unavailable: view.unavailable.clone(),
        live: view.live.as_ref().map(|live| live_card(live, now)),
        synced: synced_badge(view.synced(), view.replicas.len()),
        replicas: replica_rows(&view.replicas, may_forget.then_some(name), now),
    }
}

fn live_card(live: &StoredVersion, now: DateTime<Utc>) -> LiveCard {
    let (facts, faults) = match &live.document {
        Ok(document) => (facts(document), Vec::new()),
        Err(unreadable) => (Vec::new(), unreadable.reasons.clone()),
    };
    LiveCard {
        version: live.version,
        author: live.author.clone(),
        reason: live.reason.clone(),
        at: time(live.created_at),
        age: ago(live.created_at, now),
        badge: provenance_badge(live.provenance.as_ref()),
        facts,
        faults,
    }
}

fn health_badge(health: &Health) -> Badge {
    match health {
        Health::Ready => Badge::new("good", "ready"),
        Health::NotReady(why) => Badge::new("bad", format!("not ready: {why}")),
        Health::Unreachable(why) => Badge::new("bad", format!("does not answer: {why}")),
    }
}

/// How many of the replicas have it.
pub(super) fn synced_badge(synced: usize, expected: usize) -> Badge {
    let class = if synced == expected && expected > 0 { "good" } else { "warn" };
    Badge::new(class, format!("{synced}/{expected} synced"))
}

/// The replicas as rows. Those of `forgettable`, an environment, are offered to be forgotten where they are silent.
pub(super) fn replica_rows(
    replicas: &[ReplicaView],
    forgettable: Option<&'static str>,
    now: DateTime<Utc>,
) -> Vec<ReplicaRow> {
    let row = |replica: &ReplicaView| ReplicaRow {
        name: replica.name.clone(),
        badge: match replica.state {
            ReplicaState::Synced => Badge::new("good", "synced"),
            ReplicaState::Behind => Badge::new("warn", "behind"),
            ReplicaState::Refused => Badge::new("bad", "refuses it"),
            ReplicaState::Silent => Badge::new("bad", "silent"),
        },
        reasons: replica.reasons.clone(),
        version: replica.version.map_or_else(|| "none".to_owned(), |version| version.to_string()),
        heard: ago(replica.heard_at, now),
        forget: forgettable.filter(|_| replica.state == ReplicaState::Silent),
    };
    replicas.iter().map(row).collect()
}
