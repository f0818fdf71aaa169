use proptest::prelude::*;

use super::*;
use crate::config::{Arm, EmailPolicy, Percentage};

fn arm(model: &str, percent: f64) -> Arm {
    Arm { model: model.to_owned(), percentage: Percentage::try_from(percent).unwrap() }
}

fn document() -> ConfigDocument {
    ConfigDocument { arms: vec![arm("a", 70.0), arm("b", 30.0)], ..ConfigDocument::initial("a") }
}

/// `field: before -> after`, as JSON; `-` where there is none.
fn told(before: &ConfigDocument, after: &ConfigDocument) -> Vec<String> {
    let value = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
    let differences = differences(before, after).into_iter();
    differences.map(|d| format!("{}: {} -> {}", d.field, value(d.before), value(d.after))).collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn equal_documents_differ_in_nothing() {
    assert_eq!(differences(&document(), &document()), []);
    assert_eq!(three_way(Some(&document()), &document(), &document()), []);
    assert_eq!(three_way(None, &document(), &document()), []);
}

#[test]
fn every_field_is_told_by_the_name_it_has_in_the_document() {
    let after = ConfigDocument {
        schema: 2,
        proba_cutoff: 0.7,
        arms: vec![arm("a", 60.5), arm("c", 39.5)],
        shadow: texts(&["d"]),
        heuristic_percentage: Percentage::try_from(5.0).unwrap(),
        holdout_percentage: Percentage::try_from(2.5).unwrap(),
        experiment_salt: "summer".to_owned(),
        email: EmailPolicy::All,
        email_recipients: Some(texts(&["a@example.org"])),
        recent_window_seconds: 60,
        drift: Some(DriftLimits { psi: 0.3, ..DriftLimits::default() }),
        outcome_window_days: Some(60),
        contact_value: Some(ContactValue { contact_cost: 2.5, kept_share: 0.25 }),
    };
    let expected = [
        "schema: 1 -> 2",
        "proba_cutoff: 0.65 -> 0.7",
        "arms[a]: 70 -> 60.5",
        "arms[b]: 30 -> -",
        "arms[c]: - -> 39.5",
        r#"shadow[d]: - -> "d""#,
        "heuristic_percentage: 0 -> 5",
        "holdout_percentage: 0 -> 2.5",
        r#"experiment_salt: "bellwether" -> "summer""#,
        r#"email: "high_risk" -> "all""#,
        r#"email_recipients: - -> ["a@example.org"]"#,
        "recent_window_seconds: 86400 -> 60",
        "drift.psi: - -> 0.3",
        "drift.ks: - -> 0.1",
        "drift.cramers_v: - -> 0.1",
        "drift.missing_change: - -> 0.05",
        "drift.unseen_share: - -> 0.01",
        "drift.minimum_rows: - -> 1000",
        "outcome_window_days: - -> 60",
        "contact_value.contact_cost: - -> 2.5",
        "contact_value.kept_share: - -> 0.25",
    ];
    assert_eq!(told(&document(), &after), expected);
}

#[test]
fn of_what_both_documents_say_only_what_changed_is_told() {
    let with = |limits| ConfigDocument { drift: Some(limits), ..document() };
    let stricter = DriftLimits { ks: 0.05, ..DriftLimits::default() };
    assert_eq!(told(&with(DriftLimits::default()), &with(stricter)), ["drift.ks: 0.1 -> 0.05"]);
}

#[test]
fn lists_are_told_by_entry_and_by_order_where_that_changed() {
    let with = |shadow: &[&str]| ConfigDocument { shadow: texts(shadow), ..document() };
    assert_eq!(
        told(&with(&["x", "y"]), &with(&["z", "x"])),
        [r#"shadow[y]: "y" -> -"#, r#"shadow[z]: - -> "z""#]
    );
    assert_eq!(told(&with(&["x", "y"]), &with(&["y", "x"])), [r#"shadow: ["x","y"] -> ["y","x"]"#]);
    // The order of arms decides who gets which.
    let turned = ConfigDocument { arms: vec![arm("b", 30.0), arm("a", 70.0)], ..document() };
    assert_eq!(told(&document(), &turned), [r#"arms: ["a","b"] -> ["b","a"]"#]);
}

#[test]
fn recipients_that_nobody_named_are_not_the_same_as_none() {
    let with = |list: Option<&[&str]>| ConfigDocument { email_recipients: list.map(texts), ..document() };
    assert_eq!(told(&with(None), &with(Some(&[]))), ["email_recipients: - -> []"]);
    assert_eq!(told(&with(Some(&["a@b"])), &with(Some(&[]))), [r#"email_recipients[a@b]: "a@b" -> -"#]);
    assert_eq!(
        told(&with(Some(&["a@b", "a@b"])), &with(Some(&["a@b"]))),
        [r#"email_recipients: ["a@b","a@b"] -> ["a@b"]"#]
    );
}

/// `field`, and `!` behind it where it clashes.
fn three(base: Option<&ConfigDocument>, live: &ConfigDocument, proposed: &ConfigDocument) -> Vec<String> {
    let fields = three_way(base, live, proposed).into_iter();
    fields.map(|three| three.field + if three.clash { "!" } else { "" }).collect()
}

#[test]
fn what_both_changed_differently_clashes_and_what_one_changed_is_told_all_the_same() {
    let base = document();
    let live = ConfigDocument {
        proba_cutoff: 0.7,
        arms: vec![arm("a", 50.0), arm("b", 50.0)],
        shadow: texts(&["s"]),
        recent_window_seconds: 60,
        ..document()
    };
    let proposed = ConfigDocument {
        proba_cutoff: 0.8,
        arms: vec![arm("a", 50.0), arm("c", 50.0)],
        experiment_salt: "summer".to_owned(),
        recent_window_seconds: 60,
        ..document()
    };
    let expected = [
        "proba_cutoff!",
        "arms[a]",
        "arms[b]!",
        "arms[c]",
        "shadow[s]",
        "experiment_salt",
        "recent_window_seconds",
    ];
    assert_eq!(three(Some(&base), &live, &proposed), expected);
    let cutoff = three_way(Some(&base), &live, &proposed).swap_remove(0);
    let seen = (cutoff.base, cutoff.live, cutoff.proposed);
    assert_eq!(seen, (Some(json!(0.65)), Some(json!(0.7)), Some(json!(0.8))));
}

#[test]
fn without_a_base_whatever_differs_clashes() {
    let live = ConfigDocument { proba_cutoff: 0.7, ..document() };
    assert_eq!(three(None, &live, &document()), ["proba_cutoff!"]);
}

#[test]
fn arms_that_both_added_in_another_order_clash() {
    let with = |models: &[&str]| ConfigDocument {
        arms: models.iter().map(|model| arm(model, 20.0)).collect(),
        ..document()
    };
    let fields = three(Some(&with(&["a"])), &with(&["a", "b", "c"]), &with(&["a", "c", "b"]));
    assert_eq!(fields, ["arms!", "arms[b]", "arms[c]"]);
    // One turned the order, the other only added: that clashes with nothing.
    let fields = three(Some(&with(&["a", "b"])), &with(&["b", "a"]), &with(&["a", "b", "c"]));
    assert_eq!(fields, ["arms", "arms[c]"]);
}

fn any_document() -> impl Strategy<Value = ConfigDocument> {
    let models = prop::sample::subsequence(vec!["a", "b", "c", "d"], 1..=3).prop_shuffle();
    let recipients = prop::option::of(prop::collection::vec("[ab]@b", 0..3));
    let shadow = prop::sample::subsequence(vec!["x", "y"], 0..=2).prop_shuffle();
    let rest = (0_u16..3, 0_u32..2, "[ab]", shadow, recipients);
    let judged = (prop::option::of(0_u8..2), prop::option::of(1_u16..3), prop::option::of(0_u8..2));
    (models, 0_u16..=10_000, rest, judged).prop_map(|(models, first, rest, (drift, days, contact))| {
        let (percent, window, salt, shadow, recipients) = rest;
        let share = |buckets| Percentage::from_buckets(buckets).unwrap();
        let shares = match models.len() {
            1 => vec![10_000],
            2 => vec![first, 10_000 - first],
            _ => vec![first, 0, 10_000 - first],
        };
        let arms = models.iter().zip(shares);
        ConfigDocument {
            arms: arms
                .map(|(model, buckets)| Arm { model: (*model).to_owned(), percentage: share(buckets) })
                .collect(),
            proba_cutoff: 0.5 + f64::from(percent) / 10.0,
            shadow: texts(&shadow),
            heuristic_percentage: share(percent * 100),
            experiment_salt: salt,
            email_recipients: recipients,
            recent_window_seconds: window + 1,
            drift: drift.map(|psi| DriftLimits { psi: psi.into(), ..DriftLimits::default() }),
            outcome_window_days: days,
            contact_value: contact.map(|kept| ContactValue { contact_cost: 1.0, kept_share: kept.into() }),
            ..document()
        }
    })
}

proptest! {
    #[test]
    fn only_equal_documents_differ_in_nothing(before in any_document(), after in any_document()) {
        prop_assert_eq!(differences(&before, &after).is_empty(), before == after);
    }

    #[test]
    fn the_way_back_differs_in_the_same_fields(before in any_document(), after in any_document()) {
        let turned = |mut all: Vec<Difference>| { all.sort_by(|a, b| a.field.cmp(&b.field)); all };
        let back = differences(&after, &before).into_iter();
        let back = back.map(|d| Difference { field: d.field, before: d.after, after: d.before }).collect();
        prop_assert_eq!(turned(differences(&before, &after)), turned(back));
    }

    #[test]
    fn what_only_one_side_changed_never_clashes(base in any_document(), other in any_document()) {
        prop_assert!(three_way(Some(&base), &other, &base).iter().all(|three| !three.clash));
        prop_assert!(three_way(Some(&base), &base, &other).iter().all(|three| !three.clash));
        prop_assert!(three_way(Some(&base), &other, &other).iter().all(|three| !three.clash));
        prop_assert_eq!(three_way(Some(&base), &base, &other).len(), differences(&base, &other).len());
    }
}
