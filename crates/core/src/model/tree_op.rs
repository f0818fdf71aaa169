//! The op that stands in for tract's own TreeEnsembleClassifier, which walks every preceding leaf of
//! the ensemble for each leaf it looks up: 239 ms a row where this takes microseconds.

use std::fmt;
use std::sync::Arc;

use tract_onnx::prelude::{
    Datum as _, DatumExt as _, IntoTValue as _, TValue, TVec, Tensor, TractResult, TypedFact, TypedModel,
    tvec,
};
use tract_onnx::tract_core::internal::{
    DimLike as _, EvalContext, EvalOp, Op, StaticName, TypedOp, args_1, as_op, bail, ensure, op_as_typed_op,
    op_out_of_plan,
};
use tract_onnx_opl::ml::tree_ensemble_classifier::{Aggregate, TreeEnsemble, TreeEnsembleClassifier};

use super::forest::{EnsembleArrays, Forest};

/// A compiled [`Forest`] as a node of the graph: float32 `[N, F]` in, float32 `[N, K]` out.
#[derive(Clone, PartialEq, Eq)]
struct ForestOp {
    forest: Arc<Forest>,
}

/// Puts a [`ForestOp`] in the place of every tree ensemble.
pub(super) fn replace_ensembles(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes.len() {
        let Some(op) = model.node(id).op_as::<TreeEnsembleClassifier>() else {
            continue;
        };
        let features = features(model, id)?;
        let forest = Arc::new(compile(&op.ensemble, features)?);
        model.node_mut(id).op = Box::new(ForestOp { forest });
    }
    Ok(())
}

fn features(model: &TypedModel, id: usize) -> TractResult<usize> {
    let facts = model.node_input_facts(id)?;
    let [fact] = facts.as_slice() else { bail!("tree ensemble: expected one input, found {}", facts.len()) };
    let shape = fact.shape.dims();
    let [_, columns] = shape else { bail!("tree ensemble: expected an input of rank 2, found {shape:?}") };
    ensure!(
        fact.datum_type == f32::datum_type(),
        "tree ensemble: expected a float32 input, found {:?}",
        fact.datum_type
    );
    Ok(columns.to_usize()?)
}

fn compile(ensemble: &TreeEnsemble, features: usize) -> TractResult<Forest> {
    if ensemble.aggregate_fn != Aggregate::Sum {
        bail!("tree ensemble: expected the aggregate SUM, found {:?}", ensemble.aggregate_fn);
    }
    let roots = ensemble.data.trees.try_as_plain_ram()?;
    let nodes = ensemble.data.nodes.try_as_plain_ram()?;
    let votes = ensemble.data.leaves.try_as_plain_ram()?;
    let (nodes, rest) = nodes.as_slice::<u32>()?.as_chunks();
    ensure!(rest.is_empty(), "tree ensemble: expected five numbers a node");
    let (votes, rest) = votes.as_slice::<u32>()?.as_chunks();
    ensure!(rest.is_empty(), "tree ensemble: expected two numbers a vote");
    let roots = roots.as_slice::<u32>()?;
    Ok(Forest::compile(&EnsembleArrays { roots, nodes, votes, classes: ensemble.n_classes, features })?)
}

impl fmt::Debug for ForestOp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ForestOp({} trees)", self.forest.trees())
    }
}

impl Op for ForestOp {
    fn name(&self) -> StaticName {
        "Forest".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let forest = &self.forest;
        Ok(vec![format!("{} trees, {} columns", forest.trees(), forest.features())])
    }

    op_as_typed_op!();
}

impl EvalOp for ForestOp {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let rows = input.try_as_plain_ram()?;
        let rows = rows.as_slice::<f32>()?;
        let count = rows.len() / self.forest.features();
        let mut scores = vec![0.0; count * self.forest.classes()];
        self.forest.score(rows, &mut scores)?;
        Ok(tvec!(Tensor::from_shape(&[count, self.forest.classes()], &scores)?.into_tvalue()))
    }
}

impl TypedOp for ForestOp {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [input] = inputs else { bail!("Forest: expected one input, found {}", inputs.len()) };
        let [rows, _] = input.shape.dims() else { bail!("Forest: expected rank 2, found {input:?}") };
        Ok(tvec!(f32::fact([rows.clone(), self.forest.classes().into()])))
    }

    as_op!();
}
