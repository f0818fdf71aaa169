//! A plan, and states of it that are kept from call to call: making a state costs as much as walking
//! many trees.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::*;

use tract_onnx::tract_core::internal::bail;

use super::{ScoreError, graph};

type State = tract_onnx::tract_core::plan::SimpleState<TypedFact, Box<dyn TypedOp>>;

/// States that are kept for the next call; more are made when more calls run at once.
const KEPT_STATES: usize = 64;

/// A plan that takes any number of calls at once.
#[derive(Debug)]
pub(super) struct Engine {
    plan: Arc<TypedSimplePlan>,
    states: Mutex<Vec<State>>,
}

impl Engine {
    pub(super) fn new(plan: Arc<TypedSimplePlan>) -> Self {
        Self { plan, states: Mutex::default() }
    }

    /// Runs the plan on rows of `columns` numbers each and hands over what comes out, one number a row.
    ///
    /// # Errors
    /// What went wrong, a panic of tract's included.
    pub(super) fn run(
        &self,
        rows: &[f32],
        columns: usize,
        take: impl FnOnce(&[f32]),
    ) -> Result<(), ScoreError> {
        let kept = self.states.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // A panic drops the state it happened in: nothing half done is used again.
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut state = kept.map_or_else(|| self.plan.spawn(), Ok)?;
            let input = Tensor::from_shape(&[rows.len() / columns, columns], rows)?;
            let outputs = state.run(tvec!(input.into_tvalue()))?;
            hand_over(&outputs, rows.len() / columns, take)?;
            TractResult::Ok(state)
        }));
        let ran = ran.map_err(|panic| ScoreError::Panicked(graph::told(&*panic).to_owned()))?;
        self.keep(ran.map_err(|error| ScoreError::Graph(format!("{error:#}")))?);
        Ok(())
    }

    fn keep(&self, state: State) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if states.len() < KEPT_STATES {
            states.push(state);
        }
    }
}

fn hand_over(outputs: &[TValue], rows: usize, take: impl FnOnce(&[f32])) -> TractResult<()> {
    let [output] = outputs else { bail!("it gave {} outputs", outputs.len()) };
    let output = output.try_as_plain_ram()?;
    let output = output.as_slice::<f32>()?;
    if output.len() != rows {
        bail!("it gave {} numbers for {rows} rows", output.len());
    }
    take(output);
    Ok(())
}
