//! Who is told of drift: Prometheus, of the last finished day; and by mail, once a day and model, those who may approve
//! and have an address, or else the operator's recipients.

use bellwether_core::config::DriftLimits;
use bellwether_experiments::drift::{Exceeded, exceeded};
use bellwether_mail::{Draft, PostError, SendError};
use bellwether_store::{Role, Users};
use metrics::gauge;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::keeping::KeptDay;
use crate::console::Console;
use crate::environment::EnvironmentParts;

/// So many measures are listed in a mail.
const LISTED: usize = 50;

/// Tells the last finished day as metrics.
pub(super) fn measured(parts: &EnvironmentParts, model: &str, kept: &KeptDay, limits: &DriftLimits) {
    let named = [("environment", parts.name().to_owned()), ("model", model.to_owned())];
    gauge!("bellwether_drift_rows", &named).set(kept.day.rows as f64);
    gauge!("bellwether_drift_exceeded", &named).set(exceeded(&kept.day, limits).len() as f64);
    for shift in kept.day.shifts() {
        let [environment, model] = named.clone();
        let labels = [environment, model, ("feature", shift.name.clone())];
        let told = [
            ("bellwether_drift_psi", shift.psi),
            ("bellwether_drift_ks", shift.ks.map(|test| test.distance)),
            ("bellwether_drift_cramers_v", shift.levels.map(|test| test.cramers_v)),
            ("bellwether_drift_missing_change", Some(shift.missing_change())),
            ("bellwether_drift_unseen_share", Some(shift.unseen_share)),
        ];
        for (name, value) in told {
            if let Some(value) = value {
                gauge!(name, &labels).set(value);
            }
        }
    }
}

/// Tells a finished day by mail where it exceeds a limit and was not told yet. A mail server that is away is tried again
/// by the next look; one that refuses for good is not.
///
/// # Errors
/// In words, where the database cannot be asked. If the note that it was told is lost, it is told twice.
pub(super) async fn by_mail(
    console: &Console,
    parts: &EnvironmentParts,
    kept: KeptDay,
    limits: &DriftLimits,
) -> Result<(), String> {
    let above = exceeded(&kept.day, limits);
    let Some(post) = console.parts().post.as_ref().filter(|_| !above.is_empty() && kept.told_at.is_none())
    else {
        return Ok(());
    };
    let users = Users::list(console.database()).await.map_err(|error| error.to_string())?;
    let concerned = users.into_iter().filter(|user| !user.disabled && user.role >= Role::Approver);
    let draft = Draft {
        uid: uid(parts, &kept),
        environment: parts.name().to_owned(),
        to: concerned.filter_map(|user| user.email).collect(),
        subject: subject(parts, &kept),
        text: text(console, parts, &kept, &above),
        html: None,
    };
    let (model, day) = (&kept.day.model, kept.day.day);
    match post.send(draft, console.now()).await {
        Ok(sent) => {
            for (_, words) in sent.refused.iter().chain(&sent.deferred) {
                tracing::error!(words, %model, %day, "the mail server does not take a recipient of word of drift");
            }
        }
        Err(PostError::Message(error)) => {
            tracing::error!(%error, %model, %day, "nobody can be told of drift");
        }
        Err(PostError::Send(SendError::Permanent(error))) => {
            tracing::error!(error, %model, %day, "the mail server refuses to tell of drift");
        }
        Err(error) => {
            tracing::warn!(%error, %model, %day, "those concerned are told of drift later");
            return Ok(());
        }
    }
    let told = KeptDay { told_at: Some(console.now()), ..kept };
    told.keep(parts, console.now()).await
}

fn subject(parts: &EnvironmentParts, kept: &KeptDay) -> String {
    format!("Bellwether: {} has drifted in {} on {}", kept.day.model, parts.name(), kept.day.day)
}

fn text(console: &Console, parts: &EnvironmentParts, kept: &KeptDay, above: &[Exceeded]) -> String {
    let settings = console.settings();
    let url = if settings.public_url.is_empty() {
        format!("http://{}", settings.bind)
    } else {
        settings.public_url.trim_end_matches('/').to_owned()
    };
    let (model, day, rows) = (&kept.day.model, kept.day.day, kept.day.rows);
    let mut lines: Vec<String> = above.iter().take(LISTED).map(|above| format!("- {above}")).collect();
    if above.len() > LISTED {
        lines.push(format!("- and {} more", above.len() - LISTED));
    }
    format!(
        "What {model} saw in {} on {day}, {rows} predictions, is further from its training than config allows:\n\n{}\n\n\
         {url}/drift?environment={}&model={model}&day={day}\n",
        parts.name(),
        lines.join("\n"),
        parts.name()
    )
}

/// The same word has the same uid, in whichever process.
fn uid(parts: &EnvironmentParts, kept: &KeptDay) -> Uuid {
    let digest = Sha256::digest(format!("drift\n{}\n{}\n{}", parts.name(), kept.day.model, kept.day.day));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}
