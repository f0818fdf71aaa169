//! Graphs of a few nodes: what scores, and what is refused before it can do harm.

use prost::Message as _;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::*;

use super::Scorer;

const FLOAT: i32 = 1;

fn value(name: &str, dimensions: &[&str]) -> ValueInfoProto {
    let dim = dimensions.iter().map(|text| {
        let value = match text.parse() {
            Ok(number) => dimension::Value::DimValue(number),
            Err(_) => dimension::Value::DimParam((*text).to_owned()),
        };
        Dimension { value: Some(value), ..Dimension::default() }
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = type_proto::Tensor { elem_type: FLOAT, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<AttributeProto>) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        name: format!("{operator} to {}", outputs[0]),
        op_type: operator.to_owned(),
        input: names(inputs),
        output: names(outputs),
        attribute,
        ..NodeProto::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    let r#type = AttributeType::Ints.into();
    AttributeProto { name: name.to_owned(), r#type, ints: ints.to_vec(), ..AttributeProto::default() }
}

fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    let r#type = AttributeType::Floats.into();
    AttributeProto { name: name.to_owned(), r#type, floats: floats.to_vec(), ..AttributeProto::default() }
}

fn texts(name: &str, texts: &[&str]) -> AttributeProto {
    let strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Strings.into(),
        strings,
        ..AttributeProto::default()
    }
}

fn tensor(name: &str, dims: &[i64], floats: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: FLOAT,
        float_data: floats.to_vec(),
        ..TensorProto::default()
    }
}

/// `x[N, 2]` → nodes → `p[N, 1]`.
fn model(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
    let graph = GraphProto {
        name: "test".to_owned(),
        node: nodes,
        initializer,
        input: vec![value("x", &["N", "2"])],
        output: vec![value("p", &["N", "1"])],
        ..GraphProto::default()
    };
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
    ModelProto {
        ir_version: 8,
        opset_import: vec![opset("", 13), opset("ai.onnx.ml", 1)],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

fn read(model: &ModelProto) -> Result<Scorer, String> {
    Scorer::read(&model.encode_to_vec(), "x", "p").map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(model: &ModelProto, words: &str) {
    let error = read(model).expect_err("it should be refused");
    assert!(error.contains(words), "expected {words:?} in: {error}");
}

/// Two stumps on two columns, each for its own class, then the mean of both classes' sums.
fn stumps(mode: &str, nan_is_true: Option<[i64; 6]>, base: Option<[f32; 3]>) -> ModelProto {
    let mut attributes = vec![
        ints("nodes_treeids", &[0, 0, 0, 1, 1, 1]),
        ints("nodes_nodeids", &[0, 1, 2, 0, 1, 2]),
        ints("nodes_featureids", &[0, 0, 0, 1, 0, 0]),
        floats("nodes_values", &[0.5, 0.0, 0.0, 0.5, 0.0, 0.0]),
        texts("nodes_modes", &[mode, "LEAF", "LEAF", mode, "LEAF", "LEAF"]),
        ints("nodes_truenodeids", &[1, 0, 0, 1, 0, 0]),
        ints("nodes_falsenodeids", &[2, 0, 0, 2, 0, 0]),
        ints("class_treeids", &[0, 0, 1, 1]),
        ints("class_nodeids", &[1, 2, 1, 2]),
        ints("class_ids", &[0, 0, 1, 1]),
        floats("class_weights", &[0.125, 0.25, 0.5, 0.75]),
        ints("classlabels_int64s", &[0, 1, 2]),
    ];
    attributes.extend(nan_is_true.map(|flags| ints("nodes_missing_value_tracks_true", &flags)));
    attributes.extend(base.map(|base| floats("base_values", &base)));
    let trees = node("TreeEnsembleClassifier", &["x"], &["label", "sums"], attributes);
    let mean = node("ReduceMean", &["sums"], &["p"], vec![ints("axes", &[1])]);
    model(vec![trees, mean], Vec::new())
}

#[test]
fn every_comparator_goes_the_way_its_name_says() {
    // Below, at and above the threshold, in the first column; above in the second.
    let rows = [0.25, 9.0, 0.5, 9.0, 0.75, 9.0];
    let (yes, no) = (0.125, 0.25);
    for (mode, first, second) in [
        ("BRANCH_LEQ", [yes, yes, no], 0.75),
        ("BRANCH_LT", [yes, no, no], 0.75),
        ("BRANCH_GTE", [no, yes, yes], 0.5),
        ("BRANCH_GT", [no, no, yes], 0.5),
    ] {
        let scores = read(&stumps(mode, None, None)).unwrap().score(&rows).unwrap();
        let expected = first.map(|weight: f32| (weight + second) / 3.0);
        for (score, expected) in scores.iter().zip(expected) {
            assert!((score - expected).abs() < 1e-6, "{mode}: {scores:?}, expected {expected}");
        }
    }
}

#[test]
fn base_values_are_added_to_their_classes() {
    let with = read(&stumps("BRANCH_LEQ", None, Some([0.1, 0.2, 0.3]))).unwrap();
    let without = read(&stumps("BRANCH_LEQ", None, None)).unwrap();
    let more = with.score_one(&[0.0, 0.0]).unwrap() - without.score_one(&[0.0, 0.0]).unwrap();
    assert!((more - 0.2).abs() < 1e-6, "{more}");
}

#[test]
fn equality_branches_are_refused_by_name() {
    assert_refused(&stumps("BRANCH_EQ", None, None), "comparator 1");
    assert_refused(&stumps("BRANCH_NEQ", None, None), "comparator 2");
}

#[test]
fn a_nan_that_branches_disagree_about_fails_the_call_and_not_the_scorer() {
    let scorer = read(&stumps("BRANCH_LEQ", Some([1, 0, 0, 0, 0, 0]), None)).unwrap();
    let error = scorer.score(&[0.0, 0.0, f32::NAN, 0.0]).unwrap_err().to_string();
    assert!(error.contains("row 1 holds a NaN"), "{error}");
    assert!(scorer.score(&[0.0, 0.0]).is_ok());
}

#[test]
fn a_child_that_is_no_node_is_refused() {
    for wrong in [-1, 0, 77, i64::MAX, u32::MAX.into()] {
        let mut spoilt = stumps("BRANCH_LEQ", None, None);
        let attributes = &mut spoilt.graph.as_mut().unwrap().node[0].attribute;
        let children = attributes.iter_mut().find(|attribute| attribute.name == "nodes_truenodeids").unwrap();
        children.ints[3] = wrong;
        assert!(read(&spoilt).is_err(), "{wrong}");
    }
}

#[test]
fn a_probability_that_is_not_finite_is_an_error_with_its_row() {
    let log = node("Log", &["x"], &["logs"], Vec::new());
    let mean = node("ReduceMean", &["logs"], &["p"], vec![ints("axes", &[1])]);
    let scorer = read(&model(vec![log, mean], Vec::new())).unwrap();
    let error = scorer.score(&[1.0, 1.0, 0.0, 1.0]).unwrap_err().to_string();
    assert!(error.contains("row 1: expected a finite probability"), "{error}");
    assert!(scorer.score_one(&[-1.0, 1.0]).is_err());
}

#[test]
fn operators_beyond_plain_arithmetic_are_refused_by_name() {
    for operator in
        ["Loop", "If", "Scan", "ConstantOfShape", "Expand", "Tile", "Range", "Resize", "NoSuchThing"]
    {
        let stray = node(operator, &["x"], &["p"], Vec::new());
        assert_refused(&model(vec![stray], Vec::new()), &format!("found {operator:?}"));
    }
}

#[test]
fn a_graph_within_a_node_is_refused() {
    let inner = AttributeProto { g: Some(GraphProto::default()), ..AttributeProto::default() };
    assert_refused(&model(vec![node("Add", &["x", "x"], &["p"], vec![inner])], Vec::new()), "no graph");
}

#[test]
fn constants_that_would_grow_out_of_hand_are_refused_before_they_do() {
    let column = tensor("column", &[1 << 14, 1], &vec![1.0; 1 << 14]);
    let row = tensor("row", &[1, 1 << 14], &vec![1.0; 1 << 14]);
    let outer = node("Mul", &["column", "row"], &["matrix"], Vec::new());
    assert_refused(&model(vec![outer], vec![column, row]), "its constants could come to 268435456 numbers");
    let mut doubling = vec![node("Identity", &["one"], &["c0"], Vec::new())];
    for step in 0..40 {
        let (from, to) = (format!("c{step}"), format!("c{}", step + 1));
        doubling.push(node("Concat", &[&from, &from], &[&to], vec![ints("axis", &[0])]));
    }
    assert_refused(&model(doubling, vec![tensor("one", &[1], &[1.0])]), "its constants could come to");
}

#[test]
fn a_tensor_that_lies_about_its_size_or_lives_elsewhere_is_refused() {
    let add = || vec![node("Add", &["x", "c"], &["p"], Vec::new())];
    for dims in [&[i64::MAX, 2][..], &[-1], &[1 << 40], &[3]] {
        assert!(read(&model(add(), vec![tensor("c", dims, &[1.0])])).is_err(), "{dims:?}");
    }
    let mut elsewhere = tensor("c", &[1], &[]);
    let entry =
        |key: &str, value: &str| StringStringEntryProto { key: key.to_owned(), value: value.to_owned() };
    elsewhere.external_data = vec![entry("location", "/etc/passwd")];
    elsewhere.data_location = Some(1);
    assert_refused(&model(add(), vec![elsewhere]), "expected its data in this file");
}

#[test]
fn a_row_that_would_grow_out_of_hand_is_refused() {
    let wide = tensor("wide", &[1, 1 << 21], &vec![1.0; 1 << 21]);
    let first = node("ReduceMean", &["x"], &["m"], vec![ints("axes", &[1])]);
    let grown = node("Add", &["m", "wide"], &["g"], Vec::new());
    let mean = node("ReduceMean", &["g"], &["p"], vec![ints("axes", &[1])]);
    assert_refused(&model(vec![first, grown, mean], vec![wide]), "numbers a row");
}

#[test]
fn a_dimension_that_is_an_expression_is_refused_however_deep() {
    let mut nested = stumps("BRANCH_LEQ", None, None);
    let deep = format!("{}N{}", "(".repeat(1 << 20), ")".repeat(1 << 20));
    nested.graph.as_mut().unwrap().input = vec![value("x", &[&deep, "2"])];
    assert_refused(&nested, "expected dimensions that are numbers or names");
}

#[test]
fn ends_of_another_shape_or_type_are_refused() {
    let mean = |axes: &[i64]| node("ReduceMean", &["x"], &["p"], vec![ints("axes", axes)]);
    let mut fixed = model(vec![mean(&[1])], Vec::new());
    fixed.graph.as_mut().unwrap().input = vec![value("x", &["7", "2"])];
    assert_refused(&fixed, "any number of rows");
    let mut deep = model(vec![mean(&[1])], Vec::new());
    deep.graph.as_mut().unwrap().input = vec![value("x", &["N", "2", "2"])];
    assert_refused(&deep, "expected the input to be float32 [N, F]");
    assert_refused(
        &model(vec![node("Identity", &["x"], &["p"], Vec::new())], Vec::new()),
        "expected the output",
    );
    let absent = model(vec![node("ReduceMean", &["x"], &["q"], vec![ints("axes", &[1])])], Vec::new());
    assert!(read(&absent).is_err());
}
