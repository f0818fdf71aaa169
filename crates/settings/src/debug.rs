//! The settings for developers' eyes. A section whose text came out of a secret is not shown: not every setting is
//! of a type that hides itself.

use std::fmt;

use crate::Settings;

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Taken apart, so that a new section cannot be forgotten.
        let Self {
            environment,
            replica,
            server,
            auth,
            models,
            scoring,
            database,
            redis,
            journal,
            queue,
            archive,
            config,
            ltv,
            explain,
            smtp,
            worker,
            model_page,
            flagged,
            console,
            environments,
            replicas,
            secrets,
            sentry,
            retention,
            log,
            rotating,
            within,
        } = self;
        let sections: &[(&str, &dyn fmt::Debug)] = &[
            ("environment", environment),
            ("replica", replica),
            ("server", server),
            ("auth", auth),
            ("models", models),
            ("scoring", scoring),
            ("database", database),
            ("redis", redis),
            ("journal", journal),
            ("queue", queue),
            ("archive", archive),
            ("config", config),
            ("ltv", ltv),
            ("explain", explain),
            ("smtp", smtp),
            ("worker", worker),
            ("model_page", model_page),
            ("flagged", flagged),
            ("console", console),
            ("environments", environments),
            ("replicas", replicas),
            ("secrets", secrets),
            ("sentry", sentry),
            ("retention", retention),
            ("log", log),
            ("within", within),
        ];
        let mut shown = formatter.debug_struct("Settings");
        for (name, section) in sections {
            let hidden: &dyn fmt::Debug = &format_args!("[from secrets]");
            shown.field(name, if rotating.touches_section(name) { hidden } else { section });
        }
        shown.field("rotating", rotating).finish()
    }
}
