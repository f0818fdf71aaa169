//! What a graph must look like before tract may see it. A graph is data, yet some operators let a few
//! bytes ask for any amount of memory or for ever: only plain arithmetic over what is there is let in.

use std::collections::HashMap;

use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dimension;
use tract_onnx::pb::type_proto::Value as Type;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

/// Operators that compute from their inputs element by element, by columns or by rows.
#[rustfmt::skip]
const OPERATORS: [&str; 58] = [
    "TreeEnsembleClassifier", "LinearClassifier", "LinearRegressor", "Normalizer", "ArrayFeatureExtractor",
    "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Exp", "Log", "Sqrt", "Pow", "Reciprocal", "Sum", "Mean",
    "Sigmoid", "Tanh", "Relu", "LeakyRelu", "Elu", "Selu", "Softplus", "Softmax", "LogSoftmax", "HardSigmoid",
    "Erf", "Clip", "Min", "Max", "Floor", "Ceil", "Where", "Equal", "Less", "Greater", "And", "Or", "Not",
    "Cast", "Identity", "Constant", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Slice",
    "Gather", "MatMul", "Gemm", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin",
];
/// The most nodes of a graph.
const MAX_NODES: usize = 10_000;
/// The most numbers that combining constants may come to.
const MAX_CONSTANT: u64 = 1 << 26;
/// The longest name of a dimension, in bytes.
const MAX_DIMENSION_NAME: usize = 64;

/// Checks a graph as it came off the disk; the error says what is wrong with it.
pub(super) fn check(model: &ModelProto) -> Result<(), String> {
    let graph = model.graph.as_ref().ok_or("expected a graph, found none")?;
    if !model.functions.is_empty() || !graph.sparse_initializer.is_empty() {
        return Err("expected no functions and no sparse tensors".to_owned());
    }
    if graph.node.len() > MAX_NODES {
        return Err(format!("expected at most {MAX_NODES} nodes, found {}", graph.node.len()));
    }
    let values = graph.input.iter().chain(&graph.output).chain(&graph.value_info);
    values.into_iter().try_for_each(check_dimensions)?;
    graph.node.iter().try_for_each(check_operator)?;
    check_constants(graph)
}

/// A dimension is a number or a name: tract would parse any expression, as deep as it is nested.
fn check_dimensions(value: &ValueInfoProto) -> Result<(), String> {
    let Some(Type::TensorType(tensor)) = value.r#type.as_ref().and_then(|kind| kind.value.as_ref()) else {
        return Err(format!("{:?}: expected a tensor", value.name));
    };
    for dimension in tensor.shape.iter().flat_map(|shape| &shape.dim) {
        let Some(Dimension::DimParam(name)) = &dimension.value else { continue };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.len() > MAX_DIMENSION_NAME || !name.bytes().all(plain) {
            let found = name.chars().take(MAX_DIMENSION_NAME).collect::<String>();
            return Err(format!(
                "{:?}: expected dimensions that are numbers or names, found {found:?}",
                value.name
            ));
        }
    }
    Ok(())
}

fn check_operator(node: &NodeProto) -> Result<(), String> {
    let operator = node.op_type.as_str();
    if !OPERATORS.contains(&operator) {
        let allowed = "expected an operator of plain arithmetic on rows";
        return Err(format!("node {:?}: {allowed}, found {operator:?}", node.name));
    }
    let nested = |attribute: &AttributeProto| {
        attribute.g.is_some() || !attribute.graphs.is_empty() || attribute.sparse_tensor.is_some()
    };
    if node.attribute.iter().any(nested) {
        return Err(format!("node {:?}: expected no graph or sparse tensor inside it", node.name));
    }
    Ok(())
}

/// Bounds what nodes may make of constants alone, which tract computes while it loads: two vectors of
/// a million numbers make a matrix of a million million.
fn check_constants(graph: &GraphProto) -> Result<(), String> {
    let mut sizes: HashMap<&str, u64> = HashMap::new();
    for tensor in &graph.initializer {
        sizes.insert(&tensor.name, size(tensor)?);
    }
    for node in &graph.node {
        let inputs = || node.input.iter().filter(|name| !name.is_empty());
        let known: Vec<u64> = inputs().filter_map(|name| sizes.get(name.as_str()).copied()).collect();
        let product = known.iter().fold(held(node)?, |product, size| product.saturating_mul(*size.max(&1)));
        let most = product.max(known.iter().sum());
        if most > MAX_CONSTANT {
            return Err(format!("node {:?}: its constants could come to {most} numbers", node.name));
        }
        if known.len() == inputs().count() {
            sizes.extend(node.output.iter().map(|name| (name.as_str(), most)));
        }
    }
    Ok(())
}

/// How many numbers the constant has that a node holds itself; 1 where it holds none.
fn held(node: &NodeProto) -> Result<u64, String> {
    let mut most = 1;
    for attribute in &node.attribute {
        let lists = attribute.floats.len().max(attribute.ints.len()).max(attribute.strings.len());
        if node.op_type == "Constant" {
            most = most.max(lists as u64);
        }
        for tensor in attribute.t.iter().chain(&attribute.tensors) {
            most = most.max(size(tensor)?);
        }
    }
    Ok(most)
}

/// How many numbers a tensor says it has; a tensor kept in another file is refused.
fn size(tensor: &TensorProto) -> Result<u64, String> {
    let name = &tensor.name;
    if !tensor.external_data.is_empty() || tensor.data_location.unwrap_or(0) != 0 {
        return Err(format!("tensor {name:?}: expected its data in this file, found a reference to another"));
    }
    let times = |size: u64, dimension: &i64| size.checked_mul(u64::try_from(*dimension).ok()?);
    let size = tensor.dims.iter().try_fold(1, times).filter(|size| *size <= MAX_CONSTANT);
    size.ok_or_else(|| {
        format!(
            "tensor {name:?}: expected at most {MAX_CONSTANT} numbers, found dimensions {:?}",
            tensor.dims
        )
    })
}
