//! `bellwether outcomes import`: what a file says became of clients is what the database knows, however often it is
//! imported.

use bellwether_store::{Outcome, Outcomes as _};

use crate::command::System;

const CSV: &str = "client_id,churned,occurred_at,id,corrected_at\n\
    a,true,2026-10-01,crm-1,2026-10-02\n\
    a,False,2026-10-01T10:00:00+02:00,,\n\
    b,,2026-10-05,crm-2,2026-10-06\n";

async fn said(system: &System, client: &str) -> Vec<(String, Option<bool>, String)> {
    let tell = |outcome: Outcome| (outcome.id, outcome.churned, outcome.occurred_at.to_rfc3339());
    system.database.outcomes_of(client).await.unwrap().into_iter().map(tell).collect()
}

fn statement(id: &str, churned: Option<bool>, occurred_at: &str) -> (String, Option<bool>, String) {
    (id.to_owned(), churned, occurred_at.to_owned())
}

#[tokio::test]
async fn csv_and_ndjson_of_the_same_outcomes_are_the_same_and_a_second_import_changes_nothing() {
    let lines = r#"{"client_id":"a","churned":true,"occurred_at":"2026-10-01","id":"crm-1","corrected_at":"2026-10-02"}

{"client_id":"a","churned":false,"occurred_at":"2026-10-01T08:00:00Z","more":1}
{"client_id":"b","churned":null,"occurred_at":"2026-10-05","id":"crm-2","corrected_at":"2026-10-06"}
"#;
    for (name, content) in [("outcomes.csv", CSV), ("outcomes.ndjson", lines)] {
        let system = System::migrated().await;
        let file = system.file(name, content);
        let ran = system.run(&["outcomes", "import", &file, "--dry-run"], "");
        assert!(ran.ok && ran.out.contains("3 statements can be taken; nothing was written"), "{ran:?}");
        assert_eq!(said(&system, "a").await, []);
        for told in ["recorded: 3, corrected: 0, unchanged: 0", "recorded: 0, corrected: 0, unchanged: 3"] {
            let ran = system.run(&["outcomes", "import", &file], "");
            assert!(ran.ok && ran.out.contains(told), "{ran:?}");
            let expected = [
                statement("crm-1", Some(true), "2026-10-01T00:00:00+00:00"),
                statement("2026-10-01T08:00:00Z", Some(false), "2026-10-01T08:00:00+00:00"),
            ];
            assert_eq!(said(&system, "a").await, expected);
            assert_eq!(said(&system, "b").await, [statement("crm-2", None, "2026-10-05T00:00:00+00:00")]);
        }
    }
}

#[tokio::test]
async fn corrections_hold_and_what_is_older_does_not_come_back() {
    let system = System::migrated().await;
    let import = |name, rows: &str| {
        let content = format!("client_id,churned,occurred_at,id,corrected_at\n{rows}");
        system.run(&["outcomes", "import", &system.file(name, &content)], "").out
    };
    import("first.csv", "a,1,2026-10-01,x,2026-10-02\n");
    let told = import("corrected.csv", "a,0,2026-10-01,x,2026-10-04\na,1,2026-10-01,x,2026-10-03\n");
    assert!(told.contains("recorded: 0, corrected: 1, unchanged: 0, superseded by newer ones: 1"), "{told}");
    let told = import("first.csv", "a,1,2026-10-01,x,2026-10-02\n");
    assert!(told.contains("superseded by newer ones: 1"), "{told}");
    assert_eq!(said(&system, "a").await, [statement("x", Some(false), "2026-10-01T00:00:00+00:00")]);
}

#[tokio::test]
async fn a_file_with_a_bad_row_is_refused_whole_and_names_each() {
    let system = System::migrated().await;
    let content = "client_id,churned,occurred_at\n\
        good,true,2026-10-01\n\
        ,true,2026-10-01\n\
        c,perhaps,2026-13-01\n\
        d,true\n";
    let ran = system.run(&["outcomes", "import", &system.file("outcomes.csv", content)], "");
    assert!(!ran.ok && ran.err.contains("3 of 4 statements cannot be taken: nothing was written"), "{ran:?}");
    for told in [
        "line 3: client_id: is missing",
        "line 4: churned: expected true, false",
        "occurred_at: expected a moment as RFC 3339",
        "line 5: expected 3 cells, as in the header, not 2",
    ] {
        assert!(ran.err.contains(told), "{told}: {ran:?}");
    }
    assert!(!ran.err.contains("perhaps"), "values are not told: {ran:?}");
    assert_eq!(said(&system, "good").await, []);
}

#[tokio::test]
async fn a_file_that_is_no_list_of_outcomes_is_refused_by_name() {
    let system = System::migrated().await;
    for (name, content, word) in [
        ("outcomes.txt", "x", "expected a file that ends in"),
        ("half.csv", "client_id,churned\na,true\n", "does not name occurred_at"),
        ("array.json", "[]", "expected a JSON object"),
    ] {
        let ran = system.run(&["outcomes", "import", &system.file(name, content)], "");
        assert!(!ran.ok && ran.err.contains(word), "{name}: {ran:?}");
    }
}

#[tokio::test]
async fn batches_of_any_size_write_every_statement() {
    let system = System::migrated().await;
    let rows: Vec<String> = (0..250).map(|n| format!("c{},true,2026-10-01,s{n}", n % 7)).collect();
    let content = format!("client_id,churned,occurred_at,id\n{}\n", rows.join("\n"));
    let file = system.file("outcomes.csv", &content);
    let ran = system.run(&["outcomes", "import", &file, "--batch", "99"], "");
    assert!(ran.ok && ran.out.contains("recorded: 250"), "{ran:?}");
    assert_eq!(system.database.outcomes_after(None, 300).await.unwrap().len(), 250);
}
