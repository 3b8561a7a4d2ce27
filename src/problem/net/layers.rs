//! The layers of a network: the places of their parameters, and the passes of values and errors through them.

use std::ops::Range;

use super::Activation;
use crate::{
    num::{
        Real,
        low_precision::{Bits, Rounding, symmetric},
        matrix::{Write, by_rows, multiply},
        rows::{self, Layout, Rows},
        vector,
    },
    problem::{Block, BlockKind, Workspace, correction::Affine},
};

/// Batches of at most this many rows are read in place; larger ones must be contiguous.
pub(super) const IN_PLACE: usize = 16;

/// Batches of at most this many rows go forward faster by inner products than by a blocked matrix product.
const INNER_PRODUCTS: usize = 32;

/// One fully connected layer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    inputs: usize,
    outputs: usize,
    /// Where the weights lie in the parameter vector, shape `[outputs, inputs]`.
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

/// The values of hidden units as the layer above reads them, where they are passed on in few bits.
pub(super) struct Coarse<R> {
    bits: Bits,
    /// In the places of the units that they are of.
    values: Vec<R>,
}

impl<R: Real> Coarse<R> {
    /// Room for this many units; `None` where they are passed on as they are.
    pub fn take(bits: Bits, units: usize, work: &mut Workspace<R>) -> Option<Self> {
        (bits != Bits::FLOAT).then(|| Self { bits, values: work.take(units) })
    }

    /// Gives the buffer back.
    pub fn give(coarse: Option<Self>, work: &mut Workspace<R>) {
        if let Some(coarse) = coarse {
            work.give(coarse.values);
        }
    }

    /// Rounds the values of a layer of `outputs` units, sample by sample.
    fn set(&mut self, place: usize, outputs: usize, values: &[R]) {
        let rounded = &mut self.values[place..place + values.len()];
        rounded.copy_from_slice(values);
        rounded.chunks_exact_mut(outputs).for_each(|sample| symmetric(self.bits, &mut Rounding::Nearest, sample));
    }
}

/// The target to which gradients are added.
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
        let (block, rest) = self.split(range);
        if let Some(affine) = rest {
            affine.apply(range.clone(), block);
        }
        block
    }

    /// The coordinates of one block, and the rest of the local step, which must be applied first.
    fn split(&mut self, range: &Range<usize>) -> (&mut [R], Option<&Affine<'_, R>>) {
        match self {
            Self::Gradient { gradient, .. } => (&mut gradient[range.clone()], None),
            Self::Step { y, affine } => (&mut y[range.clone()], Some(affine)),
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

    /// Writes the values of all units, layer by layer, each of shape `[rows, outputs]`, for `inputs`, shape `[rows, p]`, and
    /// what the layers above read of them, where that is `coarse`.
    pub fn forward<R: Real>(&self, inputs: Rows<'_, R>, x: &[R], units: &mut [R], mut coarse: Option<&mut Coarse<R>>) {
        let rows = inputs.len();
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, rest) = units.split_at_mut(layer.units_before * rows);
            let values = &mut rest[..layer.outputs * rows];
            let below = coarse.as_ref().map_or(&*before, |coarse| &coarse.values[..before.len()]);
            layer.forward(layer.below(inputs, below), &x[layer.weights.clone()], values);
            let hidden = (index + 1 < self.layers.len()).then_some(self.activation);
            for values in values.chunks_exact_mut(layer.outputs) {
                activate(hidden, &x[layer.biases.clone()], values);
            }
            if let (Some(coarse), Some(_)) = (&mut coarse, hidden) {
                coarse.set(before.len(), layer.outputs, values);
            }
        }
    }

    /// The values of the last layer, shape `[rows, outputs]`.
    pub fn outputs_mut<'a, R>(&self, units: &'a mut [R], rows: usize) -> &'a mut [R] {
        &mut units[self.last().units_before * rows..]
    }

    /// Adds the gradient to `target`, given errors in place of the last layer's values; overwrites the other `units`.
    ///
    /// The errors of a layer are computed from its successor's weights before these are changed. They pass straight through the
    /// rounding of `coarse` values, which is what weights are multiplied with.
    pub fn backward<R: Real>(
        &self,
        inputs: Rows<'_, R>,
        mut target: Target<'_, R>,
        (units, coarse): (&mut [R], Option<&Coarse<R>>),
        work: &mut Workspace<R>,
    ) {
        let rows = inputs.len();
        let widest = self.layers[1..].iter().map(|layer| layer.inputs).max().unwrap_or(0);
        let mut passed = work.take(widest * rows);
        for layer in self.layers.iter().rev() {
            let (before, rest) = units.split_at_mut(layer.units_before * rows);
            let errors = &rest[..layer.outputs * rows];
            let passed = &mut passed[..if layer.units_before > 0 { layer.inputs * rows } else { 0 }];
            if !passed.is_empty() {
                let weights = by_rows(&target.weights()[layer.weights.clone()], layer.outputs, layer.inputs);
                multiply(R::one(), by_rows(errors, rows, layer.outputs), weights, passed, Write::Replace);
            }
            let below = coarse.map_or(&*before, |coarse| &coarse.values[..before.len()]);
            layer.accumulate(layer.below(inputs, below), errors, &mut target);
            let biases = target.block(&layer.biases);
            for errors in errors.chunks_exact(layer.outputs) {
                vector::axpy(R::one(), errors, biases);
            }
            let below = before.len() - passed.len();
            derive(self.activation, passed, &mut before[below..]);
        }
        work.give(passed);
    }

    /// The inputs of the last layer, shape `[rows, inputs]`, once the units have their values; `inputs` must be contiguous.
    pub fn below_last<'a, R: Real>(&self, inputs: Rows<'a, R>, units: &'a [R]) -> &'a [R] {
        let below = self.last().below(inputs, &units[..self.last().units_before * inputs.len()]);
        below.contiguous().expect("gathered rows and units lie next to each other")
    }

    fn last(&self) -> &Layer {
        self.layers.last().expect("a network has an output layer")
    }
}

impl Layer {
    fn layout(&self) -> Layout {
        Layout { rows: self.outputs, columns: self.inputs, stride: self.inputs }
    }

    /// The values the layer reads, shape `[rows, inputs]`, with `before` those of all units below.
    fn below<'a, R: Real>(&self, inputs: Rows<'a, R>, before: &'a [R]) -> Rows<'a, R> {
        if self.units_before == 0 {
            return inputs;
        }
        Rows::all(&before[before.len() - self.inputs * inputs.len()..], self.inputs)
    }

    /// `values ← A Wᵀ` for the values below `A`, shape `[rows, inputs]`.
    fn forward<R: Real>(&self, below: Rows<'_, R>, weights: &[R], values: &mut [R]) {
        match below.contiguous() {
            Some(contiguous) if below.len() > INNER_PRODUCTS => {
                let below = by_rows(contiguous, below.len(), self.inputs);
                let weights = by_rows(weights, self.outputs, self.inputs);
                multiply(R::one(), below, weights.transpose(), values, Write::Replace);
            }
            _ => rows::products(below, weights, self.layout(), values),
        }
    }

    /// `W ← W + Eᵀ A` for errors `E`, shape `[rows, outputs]`, and the values below `A`.
    fn accumulate<R: Real>(&self, below: Rows<'_, R>, errors: &[R], target: &mut Target<'_, R>) {
        match below.contiguous() {
            Some(contiguous) if below.len() > IN_PLACE => {
                let errors = by_rows(errors, below.len(), self.outputs);
                let below = by_rows(contiguous, below.len(), self.inputs);
                multiply(R::one(), errors.transpose(), below, target.block(&self.weights), Write::Add);
            }
            _ => {
                let (weights, rest) = target.split(&self.weights);
                rows::accumulate_after(below, errors, weights, self.layout(), |rows, weights| {
                    if let Some(affine) = rest {
                        let start = self.weights.start + rows.start * self.inputs;
                        affine.apply(start..start + weights.len(), weights);
                    }
                });
            }
        }
    }
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
