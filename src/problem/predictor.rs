//! Models as functions of samples: their outputs for samples that they may not have been trained on.

use std::ops::Range;

use super::{Objective, Workspace, data::Samples};
use crate::num::Real;

/// The meaning of a model's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// A logit for each of the classes.
    Logits,
    /// One logit, of the second of two classes.
    Margin,
    /// A real value.
    Value,
}

/// An objective whose model predicts the targets of samples.
pub trait Predictor<R: Real>: Objective<R> {
    /// The meaning of its outputs.
    fn outputs(&self) -> Outputs;

    /// Appends the outputs of the model `x`, shape `[d]`, for consecutive `rows` of `samples`, which have the features and targets of the
    /// training samples: shape `[rows, outputs]`.
    fn predict(&self, x: &[R], samples: &Samples<R>, rows: Range<usize>, outputs: &mut Vec<R>, work: &mut Workspace<R>);
}
