//! What was erased, and what may be left, for people and for machines.

use serde_json::{Value, json};

use super::Standings;
use super::places::Places;
use super::replicas::Standing;
use crate::table::{Table, grouped};

/// One JSON document.
pub(super) fn as_json(places: &Places, standings: &Standings, complete: bool) -> Value {
    let all = places.all();
    let removed: serde_json::Map<_, _> =
        all.iter().map(|(name, place)| ((*name).to_owned(), place.removed.into())).collect();
    let failed: serde_json::Map<_, _> = all
        .iter()
        .filter_map(|(name, place)| Some(((*name).to_owned(), place.failed.clone()?.into())))
        .collect();
    let replicas: Vec<_> = standings
        .iter()
        .map(|(replica, standing)| match standing {
            Standing::Passed => json!({ "replica": replica, "standing": "passed" }),
            Standing::Behind => json!({ "replica": replica, "standing": "behind" }),
            Standing::Silent { since } => {
                json!({ "replica": replica, "standing": "silent", "last_heard_of": since })
            }
        })
        .collect();
    json!({ "complete": complete, "removed": removed, "failed": failed, "replicas": replicas })
}

/// A table, and what to do about what may be left.
pub(super) fn print(places: &Places, standings: &Standings, complete: bool) {
    let mut table = Table::new(&["place", "removed", ""]);
    for (name, place) in places.all() {
        let note = match (&place.failed, place.left) {
            (Some(reason), _) => format!("FAILED: {reason}"),
            (None, Some(left)) => left.to_owned(),
            (None, None) => String::new(),
        };
        table.row(vec![name.replace('_', " "), grouped(place.removed), note]);
    }
    table.print();
    println!();
    if standings.is_empty() {
        println!("No replica reports to this database: none was waited for.");
    }
    for (replica, standing) in standings {
        match standing {
            Standing::Passed => println!("replica {replica}: has written down what it answered before"),
            Standing::Behind => {
                println!("replica {replica}: BEHIND, its journal may hold more of this client");
            }
            Standing::Silent { since } => {
                println!(
                    "replica {replica}: SILENT since {since:.0}, its journal may hold more of this client"
                );
            }
        }
    }
    if complete {
        println!(
            "Complete. Emails that were sent, and lifetime values cached for up to ltv.ttl_seconds, are out of reach."
        );
    } else {
        println!("NOT complete: run it again when what failed, or is behind or silent, is back.");
    }
}
