//! What one document says otherwise than another, field by field as people read them: arms by their model, lists
//! by their entries.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{ConfigDocument, ContactValue, DriftLimits};

/// A field that two documents have differently. Its name is the document's, as `proba_cutoff`; of an arm
/// `arms[bw-a]`, with its percentage as value; of an entry of a list `shadow[bw-a]`, with the entry as value. The
/// bare name of a list stands for its order, where what both have stands in another one, and `email_recipients` for
/// the whole list where only one of the two has it. Of what a document need not say, such as `drift.psi`, one without
/// it has no value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// Which field.
    pub field: String,
    /// Its value in the one document; none where it is not there.
    pub before: Option<Value>,
    /// Its value in the other.
    pub after: Option<Value>,
}

/// A field that not all of three documents have alike; named as in [`Difference`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ThreeWay {
    /// Which field.
    pub field: String,
    /// What the proposer saw; none where it was not there, or is not known any more.
    pub base: Option<Value>,
    /// What is live now.
    pub live: Option<Value>,
    /// What is proposed.
    pub proposed: Option<Value>,
    /// Whether both others changed it, to different values. Where the base is not known, whether they differ.
    pub clash: bool,
}

/// Every field that the two have differently, in the document's order; none of equal documents.
pub fn differences(before: &ConfigDocument, after: &ConfigDocument) -> Vec<Difference> {
    let differing = differing([before, after]).into_iter();
    differing.map(|(field, [before, after])| Difference { field, before, after }).collect()
}

/// Every field in which any two of the three differ, in the document's order. `base` is what the proposer saw;
/// none where it cannot be read any more.
pub fn three_way(
    base: Option<&ConfigDocument>,
    live: &ConfigDocument,
    proposed: &ConfigDocument,
) -> Vec<ThreeWay> {
    let Some(base) = base else {
        let differing = differing([live, proposed]).into_iter();
        return differing
            .map(|(field, [live, proposed])| ThreeWay { field, base: None, live, proposed, clash: true })
            .collect();
    };
    let differing = differing([base, live, proposed]).into_iter();
    let told = differing.map(|(field, [base, live, proposed])| {
        let clash = live != base && proposed != base && live != proposed;
        ThreeWay { field, base, live, proposed, clash }
    });
    told.collect()
}

/// A field, and its value in each of the documents compared.
type Row<const N: usize> = (String, [Option<Value>; N]);

/// The fields that not all documents have alike.
fn differing<const N: usize>(documents: [&ConfigDocument; N]) -> Vec<Row<N>> {
    let mut rows = rows(documents);
    rows.retain(|(_, values)| values.iter().any(|value| *value != values[0]));
    rows
}

fn rows<const N: usize>(documents: [&ConfigDocument; N]) -> Vec<Row<N>> {
    let views = documents.map(View::of);
    let mut rows = plain(views.each_ref().map(|view| view.first.as_slice()));
    rows.extend(list("arms", views.each_ref().map(|view| view.arms.as_slice())));
    rows.extend(list("shadow", views.each_ref().map(|view| view.shadow.as_slice())));
    rows.extend(plain(views.each_ref().map(|view| view.middle.as_slice())));
    rows.extend(optional_list("email_recipients", views.each_ref().map(|view| view.email_recipients)));
    rows.extend(plain(views.each_ref().map(|view| view.last.as_slice())));
    rows.extend(optional(views.each_ref().map(|view| view.judging.as_slice())));
    rows
}

/// A document's fields, in its order.
struct View<'a> {
    first: [(&'static str, Value); 2],
    arms: Entries<'a>,
    shadow: Entries<'a>,
    middle: [(&'static str, Value); 4],
    email_recipients: Option<&'a [String]>,
    last: [(&'static str, Value); 1],
    judging: [(&'static str, Option<Value>); 9],
}

impl<'a> View<'a> {
    fn of(document: &'a ConfigDocument) -> Self {
        // Taken apart, so that a new field cannot be forgotten.
        let ConfigDocument {
            schema,
            proba_cutoff,
            arms,
            shadow,
            heuristic_percentage,
            holdout_percentage,
            experiment_salt,
            email,
            email_recipients,
            recent_window_seconds,
            drift,
            outcome_window_days,
            contact_value,
        } = document;
        Self {
            first: [("schema", json!(schema)), ("proba_cutoff", json!(proba_cutoff))],
            arms: arms.iter().map(|arm| (arm.model.as_str(), json!(arm.percentage))).collect(),
            shadow: entries(shadow),
            middle: [
                ("heuristic_percentage", json!(heuristic_percentage)),
                ("holdout_percentage", json!(holdout_percentage)),
                ("experiment_salt", json!(experiment_salt)),
                ("email", json!(email)),
            ],
            email_recipients: email_recipients.as_deref(),
            last: [("recent_window_seconds", json!(recent_window_seconds))],
            judging: judging(*drift, *outcome_window_days, *contact_value),
        }
    }
}

/// What a document need not say, leaf by leaf.
fn judging(
    drift: Option<DriftLimits>,
    outcome_window_days: Option<u16>,
    contact_value: Option<ContactValue>,
) -> [(&'static str, Option<Value>); 9] {
    let limits = drift.map(|drift| {
        let DriftLimits { psi, ks, cramers_v, missing_change, unseen_share, minimum_rows } = drift;
        [
            json!(psi),
            json!(ks),
            json!(cramers_v),
            json!(missing_change),
            json!(unseen_share),
            json!(minimum_rows),
        ]
    });
    let limit = |at: usize| limits.as_ref().map(|limits| limits[at].clone());
    let contact = contact_value.map(|value| {
        let ContactValue { contact_cost, kept_share } = value;
        (json!(contact_cost), json!(kept_share))
    });
    let (cost, kept) = contact.unzip();
    [
        ("drift.psi", limit(0)),
        ("drift.ks", limit(1)),
        ("drift.cramers_v", limit(2)),
        ("drift.missing_change", limit(3)),
        ("drift.unseen_share", limit(4)),
        ("drift.minimum_rows", limit(5)),
        ("outcome_window_days", outcome_window_days.map(|days| json!(days))),
        ("contact_value.contact_cost", cost),
        ("contact_value.kept_share", kept),
    ]
}

/// A list's entries: by which name each goes, and its value.
type Entries<'a> = Vec<(&'a str, Value)>;

fn entries(list: &[String]) -> Entries<'_> {
    list.iter().map(|entry| (entry.as_str(), json!(entry))).collect()
}

/// Fields that every document has.
fn plain<const N: usize>(documents: [&[(&str, Value)]; N]) -> Vec<Row<N>> {
    let named = documents[0].iter().enumerate();
    named
        .map(|(at, (name, _))| ((*name).to_owned(), documents.map(|fields| Some(fields[at].1.clone()))))
        .collect()
}

/// Fields that a document need not have.
fn optional<const N: usize>(documents: [&[(&str, Option<Value>)]; N]) -> Vec<Row<N>> {
    let named = documents[0].iter().enumerate();
    named.map(|(at, (name, _))| ((*name).to_owned(), documents.map(|fields| fields[at].1.clone()))).collect()
}

/// A list that not every document has: as a whole where one has none, since that is not the same as an empty one.
fn optional_list<const N: usize>(name: &str, lists: [Option<&[String]>; N]) -> Vec<Row<N>> {
    if lists.iter().any(Option::is_none) {
        return vec![(name.to_owned(), lists.map(|list| list.map(|list| json!(list))))];
    }
    let lists = lists.map(|list| entries(list.unwrap_or_default()));
    list(name, lists.each_ref().map(Vec::as_slice))
}

/// Every entry of any of the lists by itself; and their order, where any two have it differently.
fn list<const N: usize>(name: &str, lists: [&[(&str, Value)]; N]) -> Vec<Row<N>> {
    let mut rows: Vec<Row<N>> = Vec::new();
    if disordered(&lists) {
        rows.push((name.to_owned(), lists.map(|list| Some(json!(shared(list, &lists))))));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (entry, _) in lists.iter().copied().flatten() {
        if !seen.contains(entry) {
            seen.push(entry);
            rows.push((format!("{name}[{entry}]"), lists.map(|list| value(list, entry))));
        }
    }
    rows
}

fn value(list: &[(&str, Value)], entry: &str) -> Option<Value> {
    list.iter().find(|(name, _)| *name == entry).map(|(_, value)| value.clone())
}

/// Whether any two of the lists have what they share in another order, or another number of times.
fn disordered(lists: &[&[(&str, Value)]]) -> bool {
    let pairs = lists
        .iter()
        .enumerate()
        .flat_map(|(at, one)| lists[at + 1..].iter().map(move |other| [*one, *other]));
    pairs.into_iter().any(|pair| shared(pair[0], &pair) != shared(pair[1], &pair))
}

/// The names of those entries of a list that at least two of the lists have, in the list's order.
fn shared<'a>(list: &[(&'a str, Value)], lists: &[&[(&str, Value)]]) -> Vec<&'a str> {
    let holders =
        |entry: &str| lists.iter().filter(|list| list.iter().any(|(name, _)| *name == entry)).count();
    list.iter().map(|(entry, _)| *entry).filter(|entry| holders(entry) > 1).collect()
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
