//! `bellwether score`: what goes in comes out, in its order, and nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::process::{Command, Output};

fn score(folder: &tempfile::TempDir, name: &str, content: &str) -> (Output, Vec<Vec<String>>) {
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
    let output = Command::new(env!("CARGO_BIN_EXE_bellwether"))
        .args(["score", "--models", models])
        .arg(&file)
        .output()
        .unwrap();
    let rows = csv::Reader::from_reader(output.stdout.as_slice())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    (output, rows)
}

#[test]
fn csv_and_ndjson_of_the_same_clients_get_the_same_scores() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "client_id,xp_points,site_level,acquired_date\n1,18.2,level_1,2015-06-09\n2,,,\n3,-4,level_2,2020-01-01\n";
    let ndjson = "{\"client_id\":\"1\",\"xp_points\":18.2,\"site_level\":\"level_1\",\"acquired_date\":\"2015-06-09\"}\n\
        {\"client_id\":\"2\",\"xp_points\":null}\n\n\
        {\"client_id\":\"3\",\"xp_points\":-4,\"site_level\":\"level_2\",\"acquired_date\":\"2020-01-01\"}\n";
    let (_, from_csv) = score(&folder, "clients.csv", csv);
    let (_, from_ndjson) = score(&folder, "clients.ndjson", ndjson);
    assert_eq!(from_csv, from_ndjson);
    assert_eq!(from_csv.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(
        from_csv.iter().all(|row| row[1].parse::<f64>().is_ok_and(|p| (0.0..=1.0).contains(&p))),
        "{from_csv:?}"
    );
}

#[test]
fn a_row_that_cannot_be_scored_keeps_its_place_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (output, rows) = score(&folder, "clients.csv", "client_id,xp_points\n1,1\n2,many\n3,nan\n4,2\n");
    assert!(output.status.success());
    let errors: Vec<_> = rows.iter().map(|row| row[4].as_str()).collect();
    assert_eq!(errors.len(), 4);
    assert!(
        errors[1].starts_with("xp_points: expected a number") && errors[2].starts_with("xp_points:"),
        "{errors:?}"
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 scored"), "{output:?}");
}

#[test]
fn a_file_that_cannot_be_read_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, word) in [
        ("clients.txt", "x", "expected a file that ends in"),
        ("clients.csv", "colour\nred\n", "names no known input"),
        ("twice.csv", "xp_points,xp_points\n1,2\n", "twice"),
    ] {
        let (output, _) = score(&folder, name, content);
        assert!(!output.status.success());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(word), "{error}");
    }
}
