//! Client ids of nobody, chosen for how they are drawn.

use bellwether_core::config::ConfigDocument;
use bellwether_core::treatment::{Assignment, Treatment, assign};

/// So many are looked through: the rarest arm of the rarest treatment that a document can ask for may take more.
const MOST: u64 = 20_000_000;

/// The `number`th id.
pub(super) fn id(number: u64) -> String {
    format!("bellwether-trial-{number}")
}

/// The first id that is drawn as `wanted`, looked for on a thread of its own.
pub(super) async fn drawn(
    document: &ConfigDocument,
    wanted: impl Fn(Assignment) -> bool + Send + 'static,
) -> Option<String> {
    let document = document.clone();
    let look = move || (0..MOST).map(id).find(|id| wanted(assign(&document, id)));
    tokio::task::spawn_blocking(look).await.ok().flatten()
}

/// An id that gets a prediction, by a model where any client does: what is sent with it has an answer that can be
/// held against something. None where everybody is held out.
pub(super) async fn answered(document: &ConfigDocument) -> Option<String> {
    let treatment = match shares(document) {
        [_, _, model] if model > 0 => Treatment::Model,
        [_, heuristic, _] if heuristic > 0 => Treatment::Heuristic,
        _ => return None,
    };
    drawn(document, move |assignment| assignment.treatment == treatment).await
}

/// The shares of holdout, heuristic and model, in buckets of 10,000.
pub(super) fn shares(document: &ConfigDocument) -> [u16; 3] {
    let (holdout, heuristic) =
        (document.holdout_percentage.buckets(), document.heuristic_percentage.buckets());
    [holdout, heuristic, 10_000_u16.saturating_sub(holdout).saturating_sub(heuristic)]
}
