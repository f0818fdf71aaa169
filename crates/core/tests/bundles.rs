//! The bundles that ship are loaded, and every way to spoil one is refused with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use bellwether_core::bundle::{Bundle, BundleError};
use bellwether_core::customer::{Customer, InputSchema};
use chrono::NaiveDate;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

fn shipped() -> Vec<PathBuf> {
    let folders = fs::read_dir(models()).expect("the shipped bundles stand in models/");
    let mut folders: Vec<_> =
        folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "models/ holds no bundle");
    folders
}

/// A shipped bundle's copy, to be spoilt.
struct Copy {
    _home: TempDir,
    dir: PathBuf,
}

impl Copy {
    fn new() -> Self {
        let source = shipped().pop().unwrap();
        let home = TempDir::new().unwrap();
        let dir = home.path().join(source.file_name().unwrap());
        fs::create_dir(&dir).unwrap();
        for file in ["manifest.json", "model.onnx"] {
            fs::copy(source.join(file), dir.join(file)).unwrap();
        }
        Self { _home: home, dir }
    }

    fn onnx(&self) -> PathBuf {
        self.dir.join("model.onnx")
    }

    fn with_manifest(change: impl FnOnce(&mut Value)) -> Self {
        let copy = Self::new();
        copy.change_manifest(change);
        copy
    }

    fn change_manifest(&self, change: impl FnOnce(&mut Value)) {
        let path = self.dir.join("manifest.json");
        let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(path, manifest.to_string()).unwrap();
    }

    /// Another graph, with a manifest that vouches for it.
    fn with_graph(onnx: &[u8]) -> Self {
        let copy = Self::new();
        fs::write(copy.onnx(), onnx).unwrap();
        copy.change_manifest(|manifest| {
            manifest["onnx"]["bytes"] = json!(onnx.len());
            manifest["onnx"]["sha256"] = json!(format!("{:x}", Sha256::digest(onnx)));
        });
        copy
    }

    fn load(&self) -> Result<Bundle, BundleError> {
        Bundle::load(&self.dir)
    }

    #[track_caller]
    fn assert_refused(&self, words: &[&str]) {
        let error = self.load().expect_err("it should be refused").to_string();
        for word in words {
            assert!(error.contains(word), "expected {word:?} in: {error}");
        }
    }
}

#[test]
fn every_shipped_bundle_loads_and_scores_what_it_says() {
    for dir in shipped() {
        let bundle = Bundle::load(&dir).unwrap();
        assert_eq!(dir.file_name().unwrap().to_str(), Some(bundle.uid()));
        assert_eq!(bundle.sha256().len(), 64);
        assert_eq!(bundle.pipeline().columns(), bundle.scorer().columns());
    }
}

#[test]
fn a_row_scores_the_same_bit_for_bit_alone_and_in_a_batch() {
    for dir in shipped() {
        let bundle = Bundle::load(&dir).unwrap();
        let rows = background_rows(&bundle);
        let columns = bundle.pipeline().columns();
        let alone: Vec<u32> =
            rows.chunks_exact(columns).map(|row| bundle.scorer().score_one(row).unwrap().to_bits()).collect();
        for size in [1, 2, 7, 64, 100] {
            let batches = rows.chunks(size * columns).map(|rows| bundle.scorer().score(rows).unwrap());
            let batched: Vec<u32> = batches.flatten().map(f32::to_bits).collect();
            assert_eq!(alone, batched, "{}, {size} rows at a time", bundle.uid());
        }
        let many = rows.repeat(23);
        let many: Vec<u32> = bundle.scorer().score(&many).unwrap().into_iter().map(f32::to_bits).collect();
        assert_eq!(many, alone.repeat(23));
    }
}

fn background_rows(bundle: &Bundle) -> Vec<f32> {
    let mut schema = InputSchema::default();
    bundle.pipeline().declare(&mut schema).unwrap();
    let pipeline = bundle.pipeline().bind(&schema).unwrap();
    let mut rows = vec![0.0; bundle.manifest().background.len() * pipeline.columns()];
    let inputs = bundle.manifest().background.iter();
    for (input, row) in inputs.zip(rows.chunks_exact_mut(pipeline.columns())) {
        let customer = Customer::parse(input.get().as_bytes(), &schema, NaiveDate::MAX).unwrap();
        pipeline.transform(&customer, row);
    }
    rows
}

#[test]
fn no_rows_score_nothing_and_a_broken_row_is_refused() {
    let bundle = Copy::new().load().unwrap();
    assert_eq!(bundle.scorer().score(&[]).unwrap(), [0.0; 0]);
    assert!(bundle.scorer().score(&[0.0; 7]).is_err());
    assert!(bundle.scorer().score_one(&[0.0; 7]).is_err());
    assert!(bundle.scorer().score_one(&[]).is_err());
}

#[test]
fn many_threads_score_at_once_and_agree() {
    let bundle = Copy::new().load().unwrap();
    let rows = background_rows(&bundle);
    let expected = bundle.scorer().score(&rows).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for (row, expected) in rows.chunks_exact(bundle.scorer().columns()).zip(&expected) {
                    assert_eq!(bundle.scorer().score_one(row).unwrap().to_bits(), expected.to_bits());
                }
            });
        }
    });
}

#[test]
fn the_identity_changes_with_the_manifest() {
    let renamed = Copy::with_manifest(|manifest| manifest["name"] = json!("Another"));
    let (one, other) = (Copy::new().load().unwrap(), renamed.load().unwrap());
    assert_ne!(one.sha256(), other.sha256());
    assert_eq!(one.pipeline().fingerprint(), other.pipeline().fingerprint());
}

#[test]
fn an_unknown_key_is_refused_at_every_level() {
    let places: [&[&str]; 11] = [
        &[],
        &["onnx"],
        &["features", "0"],
        &["features", "category", "levels", "0"],
        &["features", "category"],
        &["features", "date", "quarter"],
        &["statistics"],
        &["statistics", "features", "0"],
        &["statistics", "score"],
        &["metrics"],
        &["parity", "0"],
    ];
    for place in places {
        let copy = Copy::with_manifest(|manifest| {
            let mut at = manifest;
            for step in place {
                at = descend(at, step);
            }
            at["surprise"] = json!(1);
        });
        copy.assert_refused(&["manifest.json", "unknown field `surprise`"]);
    }
}

/// A member by name, an element or member by number, or the first feature of a kind.
fn descend<'v>(value: &'v mut Value, step: &str) -> &'v mut Value {
    if let Value::Array(items) = value {
        let at = step.parse().ok();
        let at = at.or_else(|| {
            items
                .iter()
                .position(|item| item["kind"].as_str().is_some_and(|kind| kind.starts_with(step)))
                .or_else(|| {
                    (step == "category")
                        .then(|| items.iter().position(|item| item["kind"] == "categorical"))?
                })
        });
        return &mut items[at.unwrap()];
    }
    if step == "0" {
        return value.as_object_mut().unwrap().values_mut().next().unwrap();
    }
    &mut value[step]
}

#[test]
fn another_format_is_refused_by_its_number() {
    let copy = Copy::with_manifest(|manifest| {
        manifest["format"] = json!(2);
        manifest["what_format_2_has"] = json!(true);
    });
    copy.assert_refused(&["manifest.json: field `format`: expected 1", "found 2"]);
}

#[test]
fn a_manifest_that_is_no_json_is_refused_with_the_place() {
    let copy = Copy::new();
    fs::write(copy.dir.join("manifest.json"), "{\"format\": 1,\n \"uid\": }").unwrap();
    copy.assert_refused(&["manifest.json", "line 2"]);
}

#[test]
fn a_uid_other_than_the_folders_name_is_refused() {
    let copy = Copy::with_manifest(|manifest| manifest["uid"] = json!("another"));
    copy.assert_refused(&["field `uid`", "the folder's name", "found \"another\""]);
    let copy = Copy::with_manifest(|manifest| manifest["uid"] = json!("../models"));
    copy.assert_refused(&["field `uid`: expected [a-z0-9_]{1,64}"]);
}

#[test]
fn a_graph_of_another_hash_or_length_is_refused() {
    let copy = Copy::new();
    let mut onnx = fs::read(copy.onnx()).unwrap();
    *onnx.last_mut().unwrap() ^= 1;
    fs::write(copy.onnx(), &onnx).unwrap();
    copy.assert_refused(&["field `onnx.sha256`", "the hash of the file"]);
    onnx.pop();
    fs::write(copy.onnx(), &onnx).unwrap();
    copy.assert_refused(&["field `onnx.bytes`"]);
}

#[test]
fn a_graphs_name_that_is_a_path_is_refused() {
    for file in ["../model.onnx", "/etc/passwd", "..", ".", "", "a/b", "a\\b", ".hidden", "nul\0", "é"] {
        let copy = Copy::with_manifest(|manifest| manifest["onnx"]["file"] = json!(file));
        copy.assert_refused(&["field `onnx.file`: expected the plain name of a file"]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused_and_one_within_is_followed() {
    let copy = Copy::new();
    let outside = copy.dir.with_file_name("elsewhere.onnx");
    fs::rename(copy.onnx(), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, copy.onnx()).unwrap();
    copy.assert_refused(&["model.onnx", "a link that leaves the bundle's folder"]);
    fs::remove_file(copy.onnx()).unwrap();
    fs::rename(&outside, copy.dir.join("blob")).unwrap();
    std::os::unix::fs::symlink("blob", copy.onnx()).unwrap();
    copy.load().unwrap();
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let copy = Copy::new();
    for path in [copy.dir.join("absent"), copy.onnx(), PathBuf::new()] {
        let error = Bundle::load(&path).unwrap_err().to_string();
        assert!(error.contains("expected a bundle's folder"), "{error}");
    }
    fs::remove_file(copy.onnx()).unwrap();
    copy.assert_refused(&["model.onnx: expected a readable file"]);
    fs::create_dir(copy.onnx()).unwrap();
    copy.assert_refused(&["something that is no file"]);
}

#[test]
fn a_gigabyte_is_refused_by_its_size_without_being_read() {
    let copy = Copy::new();
    fs::File::options().write(true).open(copy.onnx()).unwrap().set_len(1 << 30).unwrap();
    copy.assert_refused(&["model.onnx: expected at most 268435456 bytes, it has 1073741824"]);
    fs::File::create(copy.dir.join("manifest.json")).unwrap().set_len(1 << 30).unwrap();
    copy.assert_refused(&["manifest.json: expected at most 16777216 bytes"]);
}

#[test]
fn a_column_that_nothing_fills_or_two_fill_is_refused() {
    let wider = Copy::with_manifest(|manifest| {
        manifest["columns"] = json!(manifest["columns"].as_u64().unwrap() + 1);
    });
    wider.assert_refused(&["field `features`", "nothing that fills column"]);
    let narrower = Copy::with_manifest(|manifest| {
        manifest["columns"] = json!(manifest["columns"].as_u64().unwrap() - 1);
    });
    narrower.assert_refused(&["expected null or a column below"]);
    let twice = Copy::with_manifest(|manifest| {
        for feature in manifest["features"].as_array_mut().unwrap() {
            if feature["column"].is_number() {
                feature["column"] = json!(0);
            }
        }
    });
    twice.assert_refused(&[".column`: expected a column of its own"]);
}

#[test]
fn a_parity_row_that_does_not_come_out_is_refused_with_both_numbers() {
    let copy = Copy::with_manifest(|manifest| manifest["parity"][3]["probability"] = json!(0.123_456));
    copy.assert_refused(&["field `parity[3]`: expected probability 0.123456, got 0."]);
    let copy = Copy::with_manifest(|manifest| manifest["parity"][3]["probability"] = json!(1.5));
    copy.assert_refused(&["field `parity[3].probability`: expected 0 to 1, found 1.5"]);
}

#[test]
fn a_parity_row_that_is_no_request_is_refused_with_its_field() {
    for (row, words) in [(json!([]), "JSON object"), (json!({"stranger": 1}), "no known feature")] {
        let copy = Copy::with_manifest(|manifest| manifest["parity"][2]["input"] = row);
        copy.assert_refused(&["field `parity[2].input`", words]);
    }
    let copy = Copy::with_manifest(|manifest| manifest["background"][9] = json!("text"));
    copy.assert_refused(&["field `background[9]`"]);
}

#[test]
fn too_few_parity_or_background_rows_are_refused() {
    let copy = Copy::with_manifest(|manifest| manifest["parity"].as_array_mut().unwrap().truncate(49));
    copy.assert_refused(&["field `parity`: expected at least 50 rows, found 49"]);
    let copy = Copy::with_manifest(|manifest| manifest["background"].as_array_mut().unwrap().truncate(99));
    copy.assert_refused(&["field `background`: expected 100 requests, found 99"]);
}

#[test]
fn statistics_that_do_not_match_the_inputs_are_refused() {
    let copy = Copy::with_manifest(|manifest| {
        let features = manifest["statistics"]["features"].as_object_mut().unwrap();
        let name = features.keys().next().unwrap().clone();
        features.remove(&name);
    });
    copy.assert_refused(&["field `statistics.features.", "an entry for every raw input"]);
    let copy = Copy::with_manifest(|manifest| {
        manifest["statistics"]["features"]["stranger"] = json!({"missing_rate": 0, "shares": {}});
    });
    copy.assert_refused(&["field `statistics.features.stranger`"]);
    let copy = Copy::with_manifest(|manifest| {
        manifest["statistics"]["score"]["quantiles"].as_array_mut().unwrap().pop();
    });
    copy.assert_refused(&["field `statistics.score.quantiles`: expected 101 numbers, found 100"]);
}

#[test]
fn a_graph_of_other_ends_than_the_manifest_says_is_refused() {
    let copy = Copy::with_manifest(|manifest| manifest["onnx"]["input"] = json!("y"));
    copy.assert_refused(&["model.onnx: expected one input, \"y\", found [\"x\"]"]);
    let copy = Copy::with_manifest(|manifest| manifest["onnx"]["output"] = json!("y"));
    copy.assert_refused(&["model.onnx: expected one output, \"y\", found [\"probability\"]"]);
}

#[test]
fn a_graph_cut_short_anywhere_is_refused_and_nothing_panics() {
    let onnx = fs::read(Copy::new().onnx()).unwrap();
    for tenth in 0..10 {
        Copy::with_graph(&onnx[..onnx.len() * tenth / 10]).assert_refused(&["model.onnx"]);
    }
    Copy::with_graph(&vec![0; 1 << 20]).assert_refused(&["model.onnx"]);
    Copy::with_graph(b"{\"not\": \"a protobuf\"}").assert_refused(&["model.onnx"]);
}

#[test]
fn a_graph_with_any_byte_changed_is_refused_or_still_proves_itself() {
    let onnx = fs::read(Copy::new().onnx()).unwrap();
    let copy = Copy::new();
    for at in (0..onnx.len()).step_by(onnx.len() / 40) {
        let mut spoilt = onnx.clone();
        spoilt[at] ^= 0x5A;
        fs::write(copy.onnx(), &spoilt).unwrap();
        copy.change_manifest(|manifest| {
            manifest["onnx"]["sha256"] = json!(format!("{:x}", Sha256::digest(&spoilt)));
        });
        // Either answer will do: what matters is that there is one.
        let _ = copy.load();
    }
}
