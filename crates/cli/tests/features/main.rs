//! `bellwether features import`: what a file says of clients is what the database knows, and bad rows are named.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../command/mod.rs"]
mod command;
mod experiments;
mod outcomes;

use bellwether_store::Clients as _;
use command::System;
use serde_json::json;

const CSV: &str = "client_id,ltv,xp_points,site_level,acquired_date,colour\n\
    a,120.5,18.2,level_1,2015-06-09,red\n\
    b,,3,,,blue\n";

async fn known(system: &System, id: &str) -> (Option<f64>, Option<serde_json::Value>) {
    let features = system.database.features(id).await.unwrap();
    (system.database.ltv(id).await.unwrap(), features.map(serde_json::Value::Object))
}

#[tokio::test]
async fn csv_and_ndjson_of_the_same_clients_are_the_same_and_a_second_import_changes_nothing() {
    let flat = r#"{"client_id":"a","ltv":120.5,"xp_points":18.2,"site_level":"level_1","acquired_date":"2015-06-09"}"#;
    let nested = r#"{"client_id":"b","ltv":null,"features":{"xp_points":3,"site_level":null}}"#;
    let lines = format!("{flat}\n\n{nested}\n");
    for (name, content) in [("clients.csv", CSV), ("clients.ndjson", lines.as_str())] {
        let system = System::migrated().await;
        let file = system.file(name, content);
        for _ in 0..2 {
            let ran = system.run(&["features", "import", &file], "");
            assert!(ran.ok && ran.out.contains("clients written: 2, rows left out: 0"), "{ran:?}");
            let features =
                json!({ "xp_points": 18.2, "site_level": "level_1", "acquired_date": "2015-06-09" });
            assert_eq!(known(&system, "a").await, (Some(120.5), Some(features)));
            assert_eq!(known(&system, "b").await, (None, Some(json!({ "xp_points": 3.0 }))));
            assert_eq!(system.database.count().await.unwrap(), 2);
        }
    }
}

#[tokio::test]
async fn fields_that_no_live_model_knows_are_told_and_not_kept() {
    let system = System::migrated().await;
    let file = system.file("clients.csv", CSV);
    let ran = system.run(&["features", "import", &file], "");
    assert!(ran.err.contains("ignored: `colour`, which no live model knows (rows: 2)"), "{ran:?}");
    assert!(known(&system, "a").await.1.unwrap().get("colour").is_none());
}

#[tokio::test]
async fn bad_rows_are_named_and_refuse_the_file_or_are_left_out_as_asked() {
    let system = System::migrated().await;
    let content = "client_id,ltv,xp_points,acquired_date\n\
        good,1,2,2015-06-09\n\
        ,1,2,\n\
        c,nan,2,\n\
        d,1,many,2015-13-40\n\
        e,1\n\
        also good,,,\n";
    let file = system.file("clients.csv", content);
    let told = [
        "line 3: client_id: is missing",
        "line 4: ltv: expected a finite number",
        "line 5: acquired_date: is no day of the calendar",
        "xp_points: expected a number",
        "line 6: expected 4 cells, as in the header, not 2",
    ];
    let ran = system.run(&["features", "import", &file], "");
    assert!(!ran.ok && ran.err.contains("4 of 6 rows cannot be taken: nothing was written"), "{ran:?}");
    assert!(told.iter().all(|line| ran.err.contains(line)), "{ran:?}");
    assert_eq!(known(&system, "good").await, (None, None), "nothing was written");
    let ran = system.run(&["features", "import", &file, "--on-bad", "skip"], "");
    assert!(ran.ok && ran.out.contains("clients written: 2, rows left out: 4"), "{ran:?}");
    assert!(told.iter().all(|line| ran.err.contains(line)), "{ran:?}");
    assert_eq!(known(&system, "good").await.0, Some(1.0));
    assert_eq!(known(&system, "d").await, (None, None));
    assert_eq!(known(&system, "also good").await, (None, Some(json!({}))));
}

#[tokio::test]
async fn what_a_file_says_nothing_of_stays_known() {
    let system = System::migrated().await;
    let import = |name, content| {
        let ran = system.run(&["features", "import", &system.file(name, content)], "");
        assert!(ran.ok, "{ran:?}");
    };
    import("all.csv", "client_id,ltv,xp_points\na,5,1\n");
    import("features.csv", "client_id,xp_points\na,2\n");
    assert_eq!(known(&system, "a").await, (Some(5.0), Some(json!({ "xp_points": 2.0 }))));
    import("ltv.ndjson", "{\"client_id\":\"a\",\"ltv\":6}\n{\"client_id\":\"a\",\"xp_points\":3}\n");
    assert_eq!(
        known(&system, "a").await,
        (Some(6.0), Some(json!({ "xp_points": 3.0 }))),
        "the later row adds to it"
    );
    import("forget.csv", "client_id,ltv\na,\n");
    assert_eq!(
        known(&system, "a").await,
        (None, Some(json!({ "xp_points": 3.0 }))),
        "an empty cell says unknown"
    );
}

#[tokio::test]
async fn a_file_that_is_no_list_of_clients_is_refused_by_name() {
    let system = System::migrated().await;
    for (name, content, word) in [
        ("clients.txt", "x", "expected a file that ends in"),
        ("nobody.csv", "ltv\n1\n", "names no `client_id`"),
        ("nothing.csv", "client_id,colour\n1,red\n", "neither `ltv` nor an input"),
        ("twice.csv", "client_id,ltv,ltv\n1,2,3\n", "names `ltv` twice"),
        ("array.json", "[{\"client_id\":\"1\",\"ltv\":2}]", "expected a JSON object"),
    ] {
        let ran = system.run(&["features", "import", &system.file(name, content)], "");
        assert!(!ran.ok && ran.err.contains(word), "{name}: {ran:?}");
    }
    let ran = system.run(&["features", "import", "nowhere.csv"], "");
    assert!(!ran.ok && ran.err.contains("nowhere.csv cannot be opened"), "{ran:?}");
}

#[tokio::test]
async fn batches_of_any_size_write_every_row() {
    let system = System::migrated().await;
    let rows: Vec<String> = (0..250).map(|n| format!("{n},{n},{n}")).collect();
    let file = system.file("clients.csv", &format!("client_id,ltv,xp_points\n{}\n", rows.join("\n")));
    let ran = system.run(&["features", "import", &file, "--batch", "100"], "");
    assert!(ran.ok && ran.out.contains("clients written: 250"), "{ran:?}");
    assert_eq!(system.database.count().await.unwrap(), 250);
    assert_eq!(known(&system, "249").await.0, Some(249.0));
}
