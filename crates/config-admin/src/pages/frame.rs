//! What every page has around it: navigation, who is logged in, what was just done.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use bellwether_store::Role;
use sha2::{Digest as _, Sha256};

use super::assets;
use crate::access::{Fields, Signed};

/// Changes with every change of the assets, so that browsers may keep them for long.
static ASSETS: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in [assets::CSS, assets::JS, assets::ICON] {
        hash.update(asset);
    }
    format!("{:x}", hash.finalize()).chars().take(12).collect()
});

/// What was just done, by the name that stands in the address: no text of a caller's is shown.
const TOLD: [(&str, &str); 21] = [
    ("proposed", "The proposal is written down. Try it in staging next."),
    ("edited", "The change is saved. What was tried or approved before no longer counts."),
    ("trying", "The trial has begun."),
    ("approved", "Approved."),
    ("promoted", "Promoted. Production's replicas are taking it up."),
    ("withdrawn", "Withdrawn."),
    ("revert", "The revert is ready as a proposal of its own."),
    ("payload", "The payload is saved; every trial sends it from now on."),
    ("payload-deleted", "The payload is removed."),
    ("person-added", "The person is added."),
    ("person-changed", "Saved."),
    ("sessions-ended", "The sessions are ended."),
    ("password", "The password is changed, and every other session of yours has ended."),
    ("token-revoked", "The token no longer works."),
    ("email", "The address is saved."),
    ("logged-out", "You are logged out."),
    ("back", "You are logged in again. Nothing of what you typed is lost: look it over and send it."),
    ("overtaken", "Somebody else was quicker: this is how it stands now."),
    ("session-ended", "That session has ended."),
    ("replica-forgotten", "The replica is forgotten. It is known again as soon as it reports."),
    ("unchanged", "There was nothing to change."),
];

/// What stands around a page.
pub(crate) struct Frame {
    pub(crate) person: Option<Person>,
    pub(crate) csrf: String,
    pub(crate) told: Option<&'static str>,
    pub(crate) assets: &'static str,
    here: &'static str,
}

/// Who is logged in.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// A link of the navigation.
pub(crate) struct Link {
    pub(crate) href: &'static str,
    pub(crate) text: &'static str,
    pub(crate) here: bool,
}

impl Frame {
    /// Around a page for somebody; `here` is the link that leads to it.
    pub(crate) fn of(signed: &Signed, request: &HttpRequest, here: &'static str) -> Self {
        let Signed { actor, csrf, .. } = signed;
        let person = Some(Person { name: actor.name.clone(), role: actor.role });
        Self { person, csrf: csrf.clone(), told: told(request), assets: &ASSETS, here }
    }

    /// Around a page for nobody in particular.
    pub(crate) fn bare() -> Self {
        Self { person: None, csrf: String::new(), told: None, assets: &ASSETS, here: "" }
    }

    /// The same, telling this.
    pub(crate) fn telling(self, name: &str) -> Self {
        Self { told: sentence(name), ..self }
    }

    /// The navigation, as far as the person's role goes.
    pub(crate) fn links(&self) -> Vec<Link> {
        let role = self.person.as_ref().map(|person| person.role);
        let all = [
            ("/", "Overview", Role::Viewer),
            ("/proposals", "Proposals", Role::Viewer),
            ("/history", "History", Role::Viewer),
            ("/payloads", "Payloads", Role::Viewer),
            ("/audit", "Audit", Role::Viewer),
            ("/people", "People", Role::Admin),
        ];
        let allowed = all.into_iter().filter(|(_, _, least)| role.is_some_and(|role| role >= *least));
        allowed.map(|(href, text, _)| Link { href, text, here: href == self.here }).collect()
    }
}

fn told(request: &HttpRequest) -> Option<&'static str> {
    let query = Fields::parse(request.query_string().as_bytes());
    sentence(query.first("done"))
}

fn sentence(name: &str) -> Option<&'static str> {
    TOLD.iter().find(|(known, _)| *known == name).map(|(_, sentence)| *sentence)
}
