//! The op that stands in for tract's sum over the last axis, which adds a row's numbers in an order
//! that depends on where the row lies in memory: the same row would score otherwise in a batch.

use tract_onnx::prelude::{
    Datum as _, DatumExt as _, IntoTValue as _, TValue, TVec, Tensor, TractResult, TypedFact, TypedModel,
    tvec,
};
use tract_onnx::tract_core::internal::{
    EvalContext, EvalOp, Op, StaticName, TypedOp, args_1, as_op, bail, op_as_typed_op, op_out_of_plan,
};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

/// Sums the last axis, from first to last in f64: float32 `[…, K]` in, float32 `[…, 1]` out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RowSumOp;

/// Puts a [`RowSumOp`] in the place of every float32 sum over the last axis.
pub(super) fn replace_sums(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes.len() {
        if is_row_sum(model, id)? {
            model.node_mut(id).op = Box::new(RowSumOp);
        }
    }
    Ok(())
}

fn is_row_sum(model: &TypedModel, id: usize) -> TractResult<bool> {
    let Some(reduce) = model.node(id).op_as::<Reduce>() else { return Ok(false) };
    let facts = model.node_input_facts(id)?;
    let [fact] = facts.as_slice() else { return Ok(false) };
    let last = fact.rank().checked_sub(1);
    let over_last = last.is_some_and(|last| reduce.axes.as_slice() == [last]);
    Ok(reduce.reducer == Reducer::Sum && over_last && fact.datum_type == f32::datum_type())
}

impl Op for RowSumOp {
    fn name(&self) -> StaticName {
        "RowSum".into()
    }

    op_as_typed_op!();
}

impl EvalOp for RowSumOp {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let numbers = input.try_as_plain_ram()?;
        let numbers = numbers.as_slice::<f32>()?;
        let mut shape = TVec::from_slice(input.shape());
        let Some(width) = shape.last_mut().map(|last| std::mem::replace(last, 1)) else {
            bail!("RowSum: expected a rank of at least 1");
        };
        let sums: Vec<f32> = if width == 0 {
            vec![0.0; shape.iter().product()]
        } else {
            numbers.chunks_exact(width).map(sum).collect()
        };
        Ok(tvec!(Tensor::from_shape(&shape, &sums)?.into_tvalue()))
    }
}

#[allow(clippy::cast_possible_truncation)] // Summed in f64, put out as f32.
fn sum(row: &[f32]) -> f32 {
    row.iter().copied().map(f64::from).sum::<f64>() as f32
}

impl TypedOp for RowSumOp {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [input] = inputs else { bail!("RowSum: expected one input, found {}", inputs.len()) };
        let mut shape = input.shape.to_tvec();
        match shape.last_mut() {
            Some(last) => *last = 1.into(),
            None => bail!("RowSum: expected a rank of at least 1"),
        }
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}
