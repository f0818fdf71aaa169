//! From a graph's bytes to a plan that runs. tract reads, checks and optimises the graph and runs every
//! operator but the tree ensembles.

use std::any::Any;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::DimLike as _;

use super::{guard, row_sum_op, tree_op};

/// The most numbers that a node may put out for one row.
const MAX_WIDTH: usize = 1 << 20;

/// A graph that a bundle may not have, or that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GraphError(pub(super) String);

/// A plan for any number of rows, and the width of its input.
pub(super) struct Plan {
    pub(super) plan: Arc<TypedSimplePlan>,
    pub(super) columns: usize,
}

/// Reads a graph of one float32 input `[N, F]` named `input` and one float32 output `[N, 1]` named
/// `output`.
///
/// # Errors
/// [`GraphError`] for anything else; tract's own panics on malformed graphs are caught and told.
pub(super) fn read(onnx: &[u8], input: &str, output: &str) -> Result<Plan, GraphError> {
    catch_unwind(AssertUnwindSafe(|| build(onnx, input, output)))
        .unwrap_or_else(|panic| Err(GraphError(format!("reading the graph panicked: {}", told(&*panic)))))
}

/// What a panic says of itself.
pub(super) fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given")
}

fn build(onnx: &[u8], input: &str, output: &str) -> Result<Plan, GraphError> {
    let tract = tract_onnx::onnx().with_ignore_value_info(true);
    let proto =
        tract.proto_model_for_read(&mut Cursor::new(onnx)).map_err(because("expected an ONNX model"))?;
    guard::check(&proto).map_err(GraphError)?;
    check_names(&proto, input, output)?;
    let parsed = tract.model_for_proto_model(&proto).map_err(because("expected a graph tract reads"))?;
    drop(proto);
    let mut model = parsed.into_typed().map_err(because("expected types and shapes that fit"))?;
    let columns = check_ends(&model)?;
    check_widths(&model)?;
    tree_op::replace_ensembles(&mut model).map_err(because("expected an ensemble of sound trees"))?;
    row_sum_op::replace_sums(&mut model).map_err(because("expected sums over rows"))?;
    let model = model.into_optimized().map_err(because("expected a graph tract can optimise"))?;
    let plan = TypedSimplePlan::new(model).map_err(because("expected a graph tract can run"))?;
    Ok(Plan { plan, columns })
}

fn because(expected: &str) -> impl Fn(TractError) -> GraphError {
    move |error| GraphError(format!("{expected}: {error:#}"))
}

fn check_names(proto: &tract_onnx::pb::ModelProto, input: &str, output: &str) -> Result<(), GraphError> {
    let Some(graph) = &proto.graph else { return Ok(()) };
    let constants: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let inputs: Vec<_> = graph.input.iter().map(|input| input.name.as_str()).collect();
    let inputs: Vec<_> = inputs.into_iter().filter(|name| !constants.contains(name)).collect();
    let outputs: Vec<_> = graph.output.iter().map(|output| output.name.as_str()).collect();
    for (what, expected, found) in [("input", input, inputs), ("output", output, outputs)] {
        if found != [expected] {
            return Err(GraphError(format!("expected one {what}, {expected:?}, found {found:?}")));
        }
    }
    Ok(())
}

/// Checks the input's and the output's type and shape; answers F.
fn check_ends(model: &TypedModel) -> Result<usize, GraphError> {
    let ends = model.input_fact(0).and_then(|input| Ok((input, model.output_fact(0)?)));
    let (input, output) = ends.map_err(because("expected an input and an output"))?;
    let expected = |end: &str, shape: &str, found: &TypedFact| {
        GraphError(format!(
            "expected the {end} to be float32 {shape} with any number of rows, found {found:?}"
        ))
    };
    let is_float = |fact: &TypedFact| fact.datum_type == f32::datum_type();
    let columns = match input.shape.dims() {
        [rows, columns] if is_float(input) && rows.as_i64().is_none() => columns.to_usize().ok(),
        _ => None,
    };
    let columns = columns.filter(|columns| *columns > 0).ok_or_else(|| expected("input", "[N, F]", input))?;
    match (input.shape.dims(), output.shape.dims()) {
        ([rows, _], [same, one]) if is_float(output) && rows == same && one.as_i64() == Some(1) => {
            Ok(columns)
        }
        _ => Err(expected("output", "[N, 1]", output)),
    }
}

/// Bounds what each node puts out for one row, so that scoring cannot run out of memory.
fn check_widths(model: &TypedModel) -> Result<(), GraphError> {
    for node in &model.nodes {
        for output in &node.outputs {
            let sizes = output.fact.shape.iter().map(|size| size.to_usize().unwrap_or(1));
            let width = sizes.fold(1, usize::saturating_mul);
            if width > MAX_WIDTH && output.fact.konst.is_none() {
                let found = format!("node {:?}: it puts out {width}", node.name);
                return Err(GraphError(format!("expected at most {MAX_WIDTH} numbers a row, found {found}")));
            }
        }
    }
    Ok(())
}
