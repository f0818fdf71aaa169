//! What tells one service's pages from another's: names, links, and what was just done, in its own words.

use std::fmt;
use std::sync::LazyLock;

use bellwether_store::Role;

use crate::Assets;

/// One service's pages. A `static` of each service.
pub struct Site {
    /// Its sheet is `/assets/NAME.css`, its script `/assets/NAME.js`.
    pub name: &'static str,
    /// As the audit log calls it.
    pub subject: &'static str,
    /// Where one is after a login.
    pub home: &'static str,
    /// What the link there says on a page that has nothing else to offer.
    pub home_text: &'static str,
    /// Where people look after their own password; none where that is done elsewhere.
    pub account: Option<&'static str>,
    /// The navigation.
    pub links: &'static [SiteLink],
    /// What was just done, by the name that stands in the address: no text of a caller's is shown.
    pub told: &'static [(&'static str, &'static str)],
    /// Its own files.
    pub assets: LazyLock<Assets>,
}

/// A link of the navigation, and the least role it is shown to.
#[derive(Debug, Clone, Copy)]
pub struct SiteLink {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub text: &'static str,
    /// The least role.
    pub least: Role,
}

/// What every site may tell.
const TOLD: [(&str, &str); 2] = [
    ("logged-out", "You are logged out."),
    ("back", "You are logged in again. Nothing of what you typed is lost: look it over and send it."),
];

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Site").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Site {
    /// The sentence of a name; none where there is none.
    pub(crate) fn sentence(&self, name: &str) -> Option<&'static str> {
        let all = self.told.iter().chain(&TOLD);
        all.into_iter().find(|(known, _)| *known == name).map(|(_, sentence)| *sentence)
    }
}
