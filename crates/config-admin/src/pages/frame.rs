//! What the console's pages have around them, in its own words: its links, its files, and what was just done.

use std::sync::LazyLock;

use bellwether_pages::{Assets, Site, SiteLink};
use bellwether_store::Role;

pub(crate) use bellwether_pages::Frame;

/// What was just done, by the name that stands in the address: no text of a caller's is shown.
const TOLD: [(&str, &str); 19] = [
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
    ("overtaken", "Somebody else was quicker: this is how it stands now."),
    ("session-ended", "That session has ended."),
    ("replica-forgotten", "The replica is forgotten. It is known again as soon as it reports."),
    ("unchanged", "There was nothing to change."),
];

/// The navigation.
const LINKS: [SiteLink; 8] = [
    link("/", "Overview", Role::Viewer),
    link("/proposals", "Proposals", Role::Viewer),
    link("/history", "History", Role::Viewer),
    link("/experiments", "Experiments", Role::Viewer),
    link("/drift", "Drift", Role::Viewer),
    link("/payloads", "Payloads", Role::Viewer),
    link("/audit", "Audit", Role::Viewer),
    link("/people", "People", Role::Admin),
];

/// The console's pages.
pub(crate) static CONSOLE: Site = Site {
    name: "console",
    subject: "console",
    home: "/",
    home_text: "To the overview",
    account: Some("/account"),
    links: &LINKS,
    told: &TOLD,
    assets: LazyLock::new(|| Assets::new("", include_str!("../../assets/console.js"))),
};

const fn link(href: &'static str, text: &'static str, least: Role) -> SiteLink {
    SiteLink { href, text, least }
}
