//! What a graph must look like before tract may see it. A graph is data, yet some operators let a few
//! bytes ask for any amount of memory or for ever: only plain arithmetic over what is there is let in.

use std::collections::HashMap;

use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// Operators that compute from their inputs element by element, by columns or by rows.
#[rustfmt::skip]
const OPERATORS: [&str; 53] = [
    "TreeEnsembleClassifier", "LinearClassifier", "LinearRegressor", "Normalizer", "ArrayFeatureExtractor",
    "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Exp", "Log", "Sqrt", "Pow", "Reciprocal", "Sum", "Mean",
    "Sigmoid", "Tanh", "Relu", "LeakyRelu", "Elu", "Selu", "Softplus", "Softmax", "LogSoftmax", "HardSigmoid",
    "Erf", "Clip", "Min", "Max", "Floor", "Ceil", "Where", "Equal", "Less", "Greater", "And", "Or", "Not",
    "Cast", "Identity", "Constant", "Flatten", "Squeeze", "Unsqueeze", "Concat", "Slice", "Gather",
    "MatMul", "Gemm", "ReduceMean",
];
const MORE_OPERATORS: [&str; 4] = ["ReduceSum", "ReduceMax", "ReduceMin", "Transpose"];
/// The most nodes of a graph.
const MAX_NODES: usize = 10_000;
/// The most numbers that combining constants may come to.
const MAX_CONSTANT: u64 = 1 << 26;

/// Checks a graph as it came off the disk; the error says what is wrong with it.
pub(super) fn check(model: &ModelProto) -> Result<(), String> {
    let graph = model.graph.as_ref().ok_or("expected a graph, found none")?;
    if !model.functions.is_empty() || !graph.sparse_initializer.is_empty() {
        return Err("expected no functions and no sparse tensors".to_owned());
    }
    if graph.node.len() > MAX_NODES {
        return Err(format!("expected at most {MAX_NODES} nodes, found {}", graph.node.len()));
    }
    graph.node.iter().try_for_each(check_operator)?;
    check_constants(graph)
}

fn check_operator(node: &NodeProto) -> Result<(), String> {
    let operator = node.op_type.as_str();
    if !OPERATORS.contains(&operator) && !MORE_OPERATORS.contains(&operator) {
        let found = format!("node {:?}: operator {operator:?}", node.name);
        return Err(format!("{found} is not one of those that a bundle may use (docs/bundle.md)"));
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
        let held = node.attribute.iter().filter_map(|attribute| attribute.t.as_ref());
        let held = held
            .map(size)
            .try_fold(1, |product: u64, size| Ok::<_, String>(product.saturating_mul(size?.max(1))))?;
        let inputs = node.input.iter().filter(|name| !name.is_empty());
        let known = inputs.clone().filter_map(|name| sizes.get(name.as_str()));
        let product = known.fold(held, |product, size| product.saturating_mul((*size).max(1)));
        if product > MAX_CONSTANT {
            return Err(format!("node {:?}: its constants could come to {product} numbers", node.name));
        }
        if inputs.clone().all(|name| sizes.contains_key(name.as_str())) {
            sizes.extend(node.output.iter().map(|name| (name.as_str(), product)));
        }
    }
    Ok(())
}

/// How many numbers a tensor says it has; a tensor kept in another file is refused.
fn size(tensor: &TensorProto) -> Result<u64, String> {
    if !tensor.external_data.is_empty() || tensor.data_location.unwrap_or(0) != 0 {
        return Err(format!("tensor {:?}: expected its data in model.onnx, found another file", tensor.name));
    }
    let dimension = |size: u64, dimension: &i64| size.checked_mul(u64::try_from(*dimension).ok()?);
    let size = tensor.dims.iter().try_fold(1, dimension).filter(|size| *size <= MAX_CONSTANT);
    size.ok_or_else(|| {
        format!(
            "tensor {:?}: expected at most {MAX_CONSTANT} numbers, found dimensions {:?}",
            tensor.name, tensor.dims
        )
    })
}
