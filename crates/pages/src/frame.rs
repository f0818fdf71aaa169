//! What every page has around it: navigation, who is logged in, what was just done.

use actix_web::HttpRequest;
use bellwether_store::Role;

use crate::{Fields, Signed, Site};

/// What stands around a page. `layout.html` shows it.
pub struct Frame {
    /// Whose page it is.
    pub site: &'static Site,
    /// Who is logged in, if anybody is.
    pub person: Option<Person>,
    /// What forms have to carry.
    pub csrf: String,
    /// What was just done.
    pub told: Option<&'static str>,
    here: &'static str,
}

/// Who is logged in.
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A link of the navigation.
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub text: &'static str,
    /// Whether it leads to this very page.
    pub here: bool,
}

impl Frame {
    /// Around a page for somebody; `here` is the link that leads to it.
    pub fn of(signed: &Signed, request: &HttpRequest, here: &'static str) -> Self {
        let Signed { site, actor, csrf, .. } = signed;
        let person = Some(Person { name: actor.name.clone(), role: actor.role });
        let query = Fields::parse(request.query_string().as_bytes());
        Self { site, person, csrf: csrf.clone(), told: site.sentence(query.first("done")), here }
    }

    /// Around a page for nobody in particular.
    pub fn bare(site: &'static Site) -> Self {
        Self { site, person: None, csrf: String::new(), told: None, here: "" }
    }

    /// The same, telling what this name stands for.
    #[must_use]
    pub fn telling(self, name: &str) -> Self {
        Self { told: self.site.sentence(name), ..self }
    }

    /// What the site's files are named by.
    pub fn assets(&self) -> &str {
        self.site.assets.version()
    }

    /// The navigation, as far as the person's role goes.
    pub fn links(&self) -> Vec<Link> {
        let role = self.person.as_ref().map(|person| person.role);
        let allowed = self.site.links.iter().filter(|link| role.is_some_and(|role| role >= link.least));
        allowed.map(|link| Link { href: link.href, text: link.text, here: link.href == self.here }).collect()
    }
}
