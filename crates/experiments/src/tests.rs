//! Who is counted how, and what a report says and does not say; from the log's records, and from a database.

use bellwether_core::prediction::Purpose;
use bellwether_core::treatment::{Treatment, assign};
use bellwether_store::sqlite::{Sqlite, SqliteOptions};
use bellwether_store::{
    ConfigStore as _, Database as _, NewConfigVersion, Outcome, Outcomes as _, PredictionLog as _,
};
use serde_json::json;

use crate::world::{blank, day, document, predict, record, spec, versions};
use crate::{
    Cohort, ExperimentReport, ExperimentSpec, Group, NoteKind, Population, ReportError, Silence, Verdict,
    experiments, report,
};

fn group(report: &ExperimentReport, treatment: Treatment) -> &Group {
    let named = |group: &&Group| group.name.treatment == treatment && group.name.model.is_none();
    report.groups.iter().find(named).unwrap()
}

fn says(report: &ExperimentReport, kind: NoteKind, words: &str) -> bool {
    report.notes.iter().any(|note| note.kind == kind && note.text.contains(words))
}

#[test]
fn a_client_enters_once_and_only_by_predictions_that_count() {
    let live = versions(vec![(0.0, document("s", 0, 0, &["m"]))]);
    let mut cohort = Cohort::new(spec(&live, 100.0));
    let first = record(&live[0], "a", 1.0, &json!({}));
    cohort.saw(&first);
    cohort.saw(&record(&live[0], "a", 2.0, &json!({})));
    for purpose in [Purpose::Trial, Purpose::Canary, Purpose::Load] {
        let mut other = record(&live[0], "b", 3.0, &json!({}));
        other.purpose = Some(purpose);
        cohort.saw(&other);
    }
    let mut lookup = record(&live[0], "c", 3.0, &json!({}));
    lookup.purpose = Some(Purpose::Lookup);
    cohort.saw(&lookup);
    let mut nobody = record(&live[0], "d", 3.0, &json!({}));
    nobody.client_id = None;
    cohort.saw(&nobody);
    let mut elsewhere = record(&live[0], "e", 3.0, &json!({}));
    elsewhere.environment = "stage".to_owned();
    cohort.saw(&elsewhere);
    cohort.saw(&record(&live[0], "f", 101.0, &json!({})));
    let report = cohort.report();
    assert_eq!((report.clients, report.predictions), (2, 3));
}

#[test]
fn what_became_of_clients_is_counted_as_it_was_stated() {
    let live = versions(vec![(0.0, document("s", 0, 0, &["m"]))]);
    let all = |silence| {
        let mut cohort = Cohort::new(ExperimentSpec { silence, ..spec(&live, 60.0) });
        for client in
            ["left", "left last", "left later", "stayed", "seen early", "silent", "retracted", "back"]
        {
            cohort.saw(&record(&live[0], client, 10.0, &json!({})));
        }
        cohort.saw(&record(&live[0], "young", 30.001, &json!({})));
        cohort.saw(&record(&live[0], "ripe", 30.0, &json!({})));
        cohort.outcome("left", Some(true), day(10.5));
        cohort.outcome("left", Some(false), day(50.0));
        cohort.outcome("left last", Some(true), day(40.0));
        cohort.outcome("left later", Some(true), day(40.001));
        cohort.outcome("stayed", Some(false), day(40.0));
        cohort.outcome("seen early", Some(false), day(39.999));
        cohort.outcome("retracted", None, day(20.0));
        cohort.outcome("back", Some(true), day(10.0));
        cohort.outcome("young", Some(true), day(31.0));
        cohort.outcome("ripe", Some(true), day(59.0));
        cohort.outcome("a stranger", Some(true), day(20.0));
        let report = cohort.report();
        assert!(says(&report, NoteKind::Information, "1 clients are said to have left before"));
        group(&report, Treatment::Model).clone()
    };
    let unknown = all(Silence::Unknown);
    assert_eq!((unknown.entered, unknown.immature, unknown.moved), (10, 1, 0));
    assert_eq!((unknown.compared, unknown.churned, unknown.unknown), (5, 3, 4));
    let stayed = all(Silence::Stayed);
    assert_eq!((stayed.compared, stayed.churned, stayed.unknown), (9, 3, 0));
}

/// A client whom a version within the window gives something else is out whether seen again or not.
#[test]
fn who_is_given_something_else_within_the_window_is_left_out_seen_or_not() {
    let live = versions(vec![
        (0.0, document("s", 10, 0, &["m"])),
        (50.0, document("s", 60, 0, &["m"])),
        (52.0, document("s", 10, 0, &["m"])),
    ]);
    let of = |holdout, wanted| {
        let fitting = (0..).map(|number| format!("client-{number}"));
        let drawn =
            move |client: &String| assign(&document("s", holdout, 0, &["m"]), client).treatment == wanted;
        fitting.filter(drawn)
    };
    let moving: Vec<String> = of(60, Treatment::Holdout)
        .filter(|c| assign(&live[0].document, c).treatment == Treatment::Model)
        .take(3)
        .collect();
    let steady: Vec<String> = of(60, Treatment::Model).take(2).collect();
    let mut cohort = Cohort::new(ExperimentSpec { silence: Silence::Stayed, ..spec(&live, 200.0) });
    // The first one's window is over before the change; the second is not seen again; the third is.
    cohort.saw(&record(&live[0], &moving[0], 15.0, &json!({})));
    cohort.saw(&record(&live[0], &moving[1], 40.0, &json!({})));
    cohort.saw(&record(&live[0], &moving[2], 40.0, &json!({})));
    cohort.saw(&record(&live[0], &steady[0], 40.0, &json!({})));
    cohort.saw(&record(&live[1], &moving[0], 51.0, &json!({})));
    cohort.saw(&record(&live[1], &moving[2], 51.0, &json!({})));
    cohort.saw(&record(&live[1], &steady[0], 51.0, &json!({})));
    let report = cohort.report();
    let model = group(&report, Treatment::Model);
    assert_eq!((model.entered, model.moved, model.moved_seen, model.compared), (4, 2, 1, 2));
    assert!(says(&report, NoteKind::Information, "2 clients are left out"));
    assert_eq!(report.regimes, 3);
}

/// Another salt that comes between, and goes again, draws everyone anew while it is live.
#[test]
fn another_salt_within_the_window_moves_clients_and_lets_nobody_in() {
    let live = versions(vec![
        (0.0, document("s", 0, 0, &["m"])),
        (10.0, document("t", 100, 0, &["m"])),
        (11.0, document("s", 0, 0, &["m"])),
    ]);
    let mut cohort = Cohort::new(spec(&live, 100.0));
    cohort.saw(&record(&live[0], "before", 5.0, &json!({})));
    cohort.saw(&record(&live[1], "between", 10.5, &json!({})));
    cohort.saw(&record(&live[2], "after", 12.0, &json!({})));
    let report = cohort.report();
    let model = group(&report, Treatment::Model);
    assert_eq!((report.clients, model.moved, model.unknown), (2, 1, 1));
    assert_eq!(report.versions, [1, 3]);
}

#[test]
fn an_arm_that_changes_hands_moves_clients_between_arms_and_not_between_treatments() {
    let live = versions(vec![(0.0, document("s", 0, 0, &["m"])), (10.0, document("s", 0, 0, &["n"]))]);
    let mut cohort = Cohort::new(ExperimentSpec { silence: Silence::Stayed, ..spec(&live, 100.0) });
    cohort.saw(&record(&live[0], "a", 5.0, &json!({})));
    cohort.saw(&record(&live[1], "b", 12.0, &json!({})));
    let report = cohort.report();
    assert_eq!((group(&report, Treatment::Model).moved, group(&report, Treatment::Model).compared), (0, 2));
    let arm = |model: &str| report.groups.iter().find(|group| group.name.label() == model).unwrap();
    assert_eq!((arm("m").moved, arm("m").compared, arm("n").compared), (1, 0, 1));
}

#[test]
fn a_draw_that_loses_clients_is_found_and_a_sound_one_is_not() {
    let live = versions(vec![(0.0, document("s", 50, 10, &["m", "n"]))]);
    let told = |lost: fn(Treatment, u32) -> bool| {
        let mut cohort = Cohort::new(spec(&live, 100.0));
        let mut record = blank(&live[0]);
        for number in 0..4_000 {
            let treatment = predict(&mut record, &live[0], &format!("client {number}"), 1.0);
            if !lost(treatment, number) {
                cohort.saw(&record);
            }
        }
        cohort.report()
    };
    let sound = told(|_, _| false);
    let ratio = sound.sample_ratio.as_ref().unwrap();
    assert!(!ratio.mismatch && ratio.cells.len() == 4 && ratio.degrees == 3, "{ratio:?}");
    assert!((ratio.cells.iter().map(|cell| cell.expected).sum::<f64>() - 4_000.0).abs() < 1e-6);
    let lossy = told(|treatment, number| treatment == Treatment::Model && number % 5 == 0);
    assert!(lossy.sample_ratio.as_ref().unwrap().mismatch);
    assert!(says(&lossy, NoteKind::Warning, "Sample ratio mismatch"));
}

#[test]
fn outcomes_that_are_missing_more_often_for_one_treatment_are_warned_of() {
    let live = versions(vec![(0.0, document("s", 50, 0, &["m"]))]);
    let mut cohort = Cohort::new(spec(&live, 100.0));
    let mut record = blank(&live[0]);
    for number in 0..1_000 {
        let client = format!("client {number}");
        let treatment = predict(&mut record, &live[0], &client, 1.0);
        cohort.saw(&record);
        if treatment == Treatment::Holdout || number % 4 != 0 {
            cohort.outcome(&client, Some(number % 3 == 0), day(31.0));
        }
    }
    let report = cohort.report();
    assert!(report.missing_outcomes.unwrap().p_value < 1e-6);
    assert!(says(&report, NoteKind::Warning, "not known equally often"));
}

#[test]
fn of_too_few_nothing_is_said_but_that() {
    let live = versions(vec![(0.0, document("s", 50, 0, &["m"]))]);
    let mut cohort = Cohort::new(ExperimentSpec { silence: Silence::Stayed, ..spec(&live, 100.0) });
    for number in 0..30 {
        let client = format!("client {number}");
        cohort.saw(&record(&live[0], &client, 1.0, &json!({"m": 0.3})));
        cohort.outcome(&client, (number % 10 == 0).then_some(true), day(3.0));
    }
    let report = cohort.report();
    let difference = &report.differences[0];
    assert_eq!((difference.verdict, difference.estimate, difference.fixed), (Verdict::TooFew, None, None));
    assert!(difference.days.is_empty() && difference.always_valid_p.is_none());
    assert!(report.models.iter().all(|on| on.models.is_empty()));
    assert!(report.value_differences.iter().all(|difference| difference.value.is_none()));
    assert!(report.groups.iter().all(|group| group.sequential.is_none() && group.fixed.is_some()));
    for words in ["Too few to compare model with holdout", "Too few to judge models on everyone"] {
        assert!(says(&report, NoteKind::Information, words), "{words}: {:?}", report.notes);
    }
    let nobody = Cohort::new(spec(&live, 100.0)).report();
    assert!(nobody.groups.is_empty() && says(&nobody, NoteKind::Warning, "No client entered"));
}

#[test]
fn models_are_judged_on_the_clients_whom_all_of_them_scored() {
    let mut newest = document("s", 20, 0, &["good"]);
    newest.shadow = vec!["bad".to_owned(), "new".to_owned()];
    let live = versions(vec![(0.0, newest)]);
    let mut asked = ExperimentSpec { silence: Silence::Stayed, ..spec(&live, 100.0) };
    (asked.contact_cost, asked.kept_share) = (2.0, 0.5);
    let mut cohort = Cohort::new(asked);
    for number in 0..2_000_u32 {
        let (client, churns) = (format!("client {number}"), number % 4 == 0);
        let noise = f64::from(number * 7_919 % 1_000) / 1_000.0;
        let good = if churns { 0.4 + 0.6 * noise } else { 0.75 * noise };
        let mut scores = json!({"good": good, "bad": noise});
        if number % 10 == 3 {
            scores.as_object_mut().unwrap().remove("bad");
        }
        if number > 1_900 {
            scores["new"] = json!(noise);
        }
        cohort.saw(&record(&live[0], &client, 1.0, &scores));
        cohort.outcome(&client, churns.then_some(true), day(3.0));
    }
    let report = cohort.report();
    assert!(says(&report, NoteKind::Information, "Model new is not compared: it scored 99 clients"));
    assert!(says(&report, NoteKind::Information, "200 clients were not scored by every model"));
    let everyone = &report.models[0];
    assert_eq!((everyone.population, everyone.clients), (Population::Everyone, 1_800));
    let names: Vec<&str> = everyone.models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(names, ["good", "bad", "heuristic"]);
    let [good, bad, heuristic] = &everyone.models[..] else { panic!("three") };
    assert!(good.auc.interval.low > 0.75 && bad.auc.interval.holds(0.5), "{:?} {:?}", good.auc, bad.auc);
    assert!((heuristic.auc.value - 0.5).abs() < 1e-12, "one score for all orders nobody");
    assert!(everyone.pairs[0].auc.interval.low > 0.2 && everyone.pairs[0].p_value.unwrap() < 1e-6);
    assert_eq!(good.calibration.iter().map(|bin| bin.clients).sum::<u64>(), 1_800);
    // With a cutoff of 0.65, of those who churn 7 in 12 are contacted, of whom each keeps 50.
    let value = good.contact_value.unwrap().value;
    let expected = 500.0 / 1_800.0 * (7.0 / 12.0) * 50.0 - 2.0 * good.high_risk;
    assert!((value - expected).abs() < 0.6, "{value} {expected}");
    let holdout = &report.models[1];
    assert!(holdout.population == Population::Holdout && holdout.clients < 500 && holdout.models.len() == 3);
    let agreement = report.agreement.as_ref().unwrap();
    assert_eq!((agreement.clients, agreement.pairs.len()), (1_800, 3));
    assert!(agreement.pairs[0].spearman.unwrap() > 0.3 && agreement.pairs[1].spearman.is_none());
}

#[test]
fn values_are_of_those_who_stayed_less_contacts() {
    let live = versions(vec![(0.0, document("s", 50, 0, &["m"]))]);
    let asked = ExperimentSpec { silence: Silence::Stayed, contact_cost: 5.0, ..spec(&live, 100.0) };
    let mut cohort = Cohort::new(asked);
    let mut record = blank(&live[0]);
    for number in 0..200 {
        let client = format!("client {number}");
        if predict(&mut record, &live[0], &client, 1.0) == Treatment::Model {
            record.output.high_risk = Some("yes".into());
        } else {
            cohort.outcome(&client, Some(true), day(2.0));
        }
        cohort.saw(&record);
        if record.output.treatment == Treatment::Holdout {
            cohort.outcome(&client, Some(true), day(2.0));
        }
    }
    let report = cohort.report();
    let of = |label: &str| report.values.iter().find(|value| value.name.label() == label).unwrap();
    assert!(
        (of("model").value.unwrap().value - 95.0).abs() < 1e-9
            && of("model").contacted == of("model").clients
    );
    assert!(of("holdout").value.unwrap().value.abs() < 1e-9 && of("holdout").contacted == 0);
    assert!((report.value_differences[0].value.unwrap().value - 95.0).abs() < 1e-9);
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let live = versions(vec![(0.0, document("s", 0, 0, &["m"]))]);
    let sound = spec(&live, 100.0);
    assert_eq!(sound.fault(), None);
    let faulty = [
        ExperimentSpec { window_days: 0, ..sound.clone() },
        ExperimentSpec { alpha: 0.0, ..sound.clone() },
        ExperimentSpec { contact_cost: -1.0, ..sound.clone() },
        ExperimentSpec { kept_share: f64::NAN, ..sound.clone() },
        ExperimentSpec { salt: "t".to_owned(), ..sound.clone() },
        ExperimentSpec { as_of: day(-1.0), ..sound },
    ];
    assert!(faulty.iter().all(|spec| spec.fault().is_some()));
}

#[tokio::test]
async fn a_report_is_read_from_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.sqlite");
    let sqlite = Sqlite::connect(path.to_str().unwrap(), SqliteOptions::default()).await.unwrap();
    sqlite.migrate().await.unwrap();
    let documents = [
        (0.0, document("one", 0, 0, &["m"])),
        (10.0, document("two", 50, 0, &["m"])),
        (11.0, document("one", 0, 0, &["m"])),
    ];
    let live = versions(documents.into());
    for version in &live {
        let new = NewConfigVersion {
            environment: "prod".to_owned(),
            parent: version.parent,
            document: version.document.clone(),
            author: version.author.clone(),
            reason: version.reason.clone(),
            created_at: version.created_at,
            provenance: None,
            stage_report: None,
        };
        sqlite.append(new).await.unwrap();
    }
    let known = experiments(&sqlite, "prod").await.unwrap();
    assert_eq!(known.iter().map(|outline| outline.salt.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((known[0].numbers.clone(), known[0].to, known[0].from), (vec![1, 3], None, day(0.0)));
    assert_eq!(
        (known[1].numbers.clone(), known[1].to, known[1].versions.len()),
        (vec![2], Some(day(11.0)), 2)
    );

    // More than a page of each, and predictions of others around them.
    let clients: Vec<String> = (0..2_500).map(|number| format!("client {number}")).collect();
    let records: Vec<_> =
        clients.iter().map(|client| record(&live[1], client, 10.5, &json!({"m": 0.5}))).collect();
    sqlite.insert(&records).await.unwrap();
    sqlite
        .insert(&[record(&live[0], "early", 1.0, &json!({})), record(&live[2], "late", 41.2, &json!({}))])
        .await
        .unwrap();
    let outcome = |(at, client): (usize, &String)| Outcome {
        client_id: client.clone(),
        id: "1".to_owned(),
        churned: Some(at % 5 == 0),
        occurred_at: day(if at % 5 == 0 { 12.0 } else { 41.0 }),
        corrected_at: day(42.0),
    };
    let outcomes: Vec<Outcome> = clients.iter().enumerate().map(outcome).collect();
    sqlite.record_outcomes(&outcomes).await.unwrap();
    let heard = std::sync::Mutex::new(Vec::new());
    let asked = ExperimentSpec { window_days: 30, ..ExperimentSpec::of(&known[1], day(60.0)) };
    let found = report(&sqlite, &asked, &|progress| heard.lock().unwrap().push(progress)).await.unwrap();
    assert_eq!((found.clients, found.predictions), (2_500, 2_500));
    let holdout = group(&found, Treatment::Holdout);
    // Version 3, live within everybody's window, holds nobody out.
    assert_eq!((holdout.moved, holdout.compared), (holdout.entered, 0));
    let model = group(&found, Treatment::Model);
    assert_eq!(model.compared, model.entered);
    assert!((model.rate.unwrap() - 0.2).abs() < 0.03);
    let heard = heard.into_inner().unwrap();
    assert!(heard.iter().any(|progress| progress.share.is_some_and(|share| share > 0.0)) && heard.len() >= 5);
    let none = ExperimentSpec { window_days: 400, ..asked };
    assert!(matches!(report(&sqlite, &none, &|_| ()).await, Err(ReportError::Spec(_))));
}
