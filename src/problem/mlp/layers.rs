//! The layers of a perceptron: where their parameters lie, and how values and errors pass through them.

use std::ops::Range;

use super::Activation;
use crate::{
    num::{
        Real,
        matrix::{Write, by_rows, multiply},
        vector,
    },
    problem::{Block, BlockKind, Workspace, affine::Affine},
};

/// One fully connected layer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    inputs: usize,
    outputs: usize,
    /// Where the weights lie in the parameter vector, shape `[inputs, outputs]`.
    weights: Range<usize>,
    /// Where the biases lie in the parameter vector, shape `[outputs]`.
    biases: Range<usize>,
    /// Outputs of all layers before.
    units_before: usize,
}

/// All layers, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layers {
    layers: Vec<Layer>,
    activation: Activation,
}

/// Where gradients are added.
pub(super) enum Target<'a, R> {
    /// To a gradient taken at `x`.
    Gradient { x: &'a [R], gradient: &'a mut [R] },
    /// To the parameters themselves, after the rest of the local step.
    Step { y: &'a mut [R], affine: &'a Affine<'a, R> },
}

impl<R: Real> Target<'_, R> {
    /// The parameters, shape `[d]`.
    pub fn weights(&self) -> &[R] {
        match self {
            Self::Gradient { x, .. } => x,
            Self::Step { y, .. } => y,
        }
    }

    /// Whether anyone looks at the loss: a local step has no use for it.
    pub fn wants_loss(&self) -> bool {
        matches!(self, Self::Gradient { .. })
    }

    /// The coordinates of one block, ready for the gradient to be added.
    fn block(&mut self, range: &Range<usize>) -> &mut [R] {
        match self {
            Self::Gradient { gradient, .. } => &mut gradient[range.clone()],
            Self::Step { y, affine } => {
                let block = &mut y[range.clone()];
                affine.apply(range.clone(), block);
                block
            }
        }
    }
}

impl Layers {
    pub fn new(inputs: usize, hidden: &[usize], outputs: usize, activation: Activation) -> Self {
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        let (mut width, mut offset, mut units_before) = (inputs, 0, 0);
        for &next in hidden.iter().chain([&outputs]) {
            let weights = offset..offset + width * next;
            let biases = weights.end..weights.end + next;
            offset = biases.end;
            layers.push(Layer { inputs: width, outputs: next, weights, biases, units_before });
            units_before += next;
            width = next;
        }
        Self { layers, activation }
    }

    /// Number of parameters `d`.
    pub fn dim(&self) -> usize {
        self.last().biases.end
    }

    /// Number of units of all layers: scalars that [`forward`](Self::forward) writes per row.
    pub fn units(&self) -> usize {
        self.last().units_before + self.last().outputs
    }

    /// `layer1.weight`, `layer1.bias`, `layer2.weight`, …
    pub fn blocks(&self) -> Vec<Block> {
        let block = |(index, layer): (usize, &Layer)| {
            let (fan_in, fan_out) = (layer.inputs, layer.outputs);
            let block = |name: &str, range: &Range<usize>, kind| Block {
                name: format!("layer{}.{name}", index + 1),
                range: range.clone(),
                kind,
                fan_in,
                fan_out,
            };
            [block("weight", &layer.weights, BlockKind::Weight), block("bias", &layer.biases, BlockKind::Bias)]
        };
        self.layers.iter().enumerate().flat_map(block).collect()
    }

    /// Writes the values of all units, layer by layer, each of shape `[rows, outputs]`, for `inputs`, shape `[rows, p]`.
    pub fn forward<R: Real>(&self, inputs: &[R], x: &[R], rows: usize, units: &mut [R]) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, rest) = units.split_at_mut(layer.units_before * rows);
            let values = &mut rest[..layer.outputs * rows];
            let below = below(layer, inputs, before, rows);
            let weights = by_rows(&x[layer.weights.clone()], layer.inputs, layer.outputs);
            multiply(R::one(), below, weights, values, Write::Replace);
            let hidden = (index + 1 < self.layers.len()).then_some(self.activation);
            for values in values.chunks_exact_mut(layer.outputs) {
                activate(hidden, &x[layer.biases.clone()], values);
            }
        }
    }

    /// The values of the last layer, shape `[rows, outputs]`.
    pub fn outputs_mut<'a, R>(&self, units: &'a mut [R], rows: usize) -> &'a mut [R] {
        &mut units[self.last().units_before * rows..]
    }

    /// Adds the gradient to `target`, given errors in place of the last layer's values; overwrites the other `units`.
    ///
    /// The errors of a layer are computed from its successor's weights before these are changed.
    pub fn backward<R: Real>(
        &self,
        inputs: &[R],
        mut target: Target<'_, R>,
        rows: usize,
        units: &mut [R],
        work: &mut Workspace<R>,
    ) {
        let widest = self.layers[1..].iter().map(|layer| layer.inputs).max().unwrap_or(0);
        let mut passed = work.take(widest * rows);
        for layer in self.layers.iter().rev() {
            let (before, rest) = units.split_at_mut(layer.units_before * rows);
            let errors = &rest[..layer.outputs * rows];
            let error_matrix = by_rows(errors, rows, layer.outputs);
            let passed = &mut passed[..if layer.units_before > 0 { layer.inputs * rows } else { 0 }];
            if !passed.is_empty() {
                let weights = by_rows(&target.weights()[layer.weights.clone()], layer.inputs, layer.outputs);
                multiply(R::one(), error_matrix, weights.transpose(), passed, Write::Replace);
            }
            let below_values = below(layer, inputs, before, rows).transpose();
            multiply(R::one(), below_values, error_matrix, target.block(&layer.weights), Write::Add);
            let biases = target.block(&layer.biases);
            for errors in errors.chunks_exact(layer.outputs) {
                vector::axpy(R::one(), errors, biases);
            }
            let below_units = before.len() - passed.len();
            derive(self.activation, passed, &mut before[below_units..]);
        }
        work.give(passed);
    }

    fn last(&self) -> &Layer {
        self.layers.last().expect("a perceptron has an output layer")
    }
}

/// The values a layer reads, shape `[rows, inputs]`.
fn below<'a, R>(layer: &Layer, inputs: &'a [R], before: &'a [R], rows: usize) -> faer::MatRef<'a, R> {
    let values = if layer.units_before == 0 { inputs } else { &before[before.len() - layer.inputs * rows..] };
    by_rows(values, rows, layer.inputs)
}

/// `values ← σ(values + biases)`, without `σ` in the last layer.
fn activate<R: Real>(activation: Option<Activation>, biases: &[R], values: &mut [R]) {
    let values = values.iter_mut().zip(biases);
    match activation {
        None => values.for_each(|(value, &bias)| *value += bias),
        Some(Activation::Relu) => values.for_each(|(value, &bias)| *value = relu(*value + bias)),
        Some(Activation::Tanh) => values.for_each(|(value, &bias)| *value = (*value + bias).tanh()),
    }
}

/// `max(0, z)` that passes on what is not a number, so that a run that diverges shows it.
fn relu<R: Real>(z: R) -> R {
    if z <= R::zero() { R::zero() } else { z }
}

/// Replaces the values of hidden units by their errors: `passed · σ'`, with `σ'` from the value.
fn derive<R: Real>(activation: Activation, passed: &[R], values: &mut [R]) {
    let values = values.iter_mut().zip(passed);
    match activation {
        Activation::Relu => values.for_each(|(value, &passed)| *value = if *value == R::zero() { R::zero() } else { passed }),
        Activation::Tanh => values.for_each(|(value, &passed)| *value = passed * (R::one() - *value * *value)),
    }
}
