//! The last layer of a model, as a linear map of features: what closed-form methods solve for.

use super::{Block, BlockKind, Objective, Workspace, supervised::Picked};
use crate::num::{
    Real,
    matrix::{Write, by_rows, multiply},
};

/// A model that ends in a linear layer, with its training samples as that layer sees them.
pub trait LinearHead<R: Real>: Objective<R> {
    /// Calls `visit` with parts of the samples of a client: inputs of the last layer, shape `[rows, q]`, and what its outputs
    /// should be, shape `[rows, C]`, with classes one-hot.
    ///
    /// The layers below are those of `x`, shape `[d]`.
    fn each_part(&self, client: usize, x: &[R], work: &mut Workspace<R>, visit: &mut dyn FnMut(&[R], &[R]));
}

/// Rows that are looked at together.
pub(super) const PART: usize = 256;

/// [`LinearHead::each_part`] of a model without layers below the last.
pub(super) fn each_raw_part<R: Real>(
    rows: &Picked<'_, R>,
    (columns, outputs): (usize, usize),
    work: &mut Workspace<R>,
    visit: &mut dyn FnMut(&[R], &[R]),
) {
    let (mut inputs, mut wanted) = (work.take(PART * columns), work.take(0));
    for part in rows.parts(PART) {
        let _ = part.gather(&mut inputs);
        part.wanted(outputs, &mut wanted);
        visit(&inputs[..part.len() * columns], &wanted);
    }
    work.give(inputs);
    work.give(wanted);
}

/// The place of the last layer among the parameters: weights, shape `[C, q]`, row by row, then biases, shape `[C]`, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Inputs `q` of the layer, without the constant 1 of a bias.
    pub inputs: usize,
    /// Outputs `C`.
    pub outputs: usize,
    weights: usize,
    bias: Option<usize>,
}

impl Layout {
    /// The last layer of a model with these blocks; `None` where there is no weight matrix.
    pub fn of(blocks: &[Block]) -> Option<Self> {
        let last = blocks.iter().rposition(|block| block.kind == BlockKind::Weight)?;
        let bias = blocks.get(last + 1).map(|block| block.range.start);
        let weights = &blocks[last];
        Some(Self { inputs: weights.fan_in, outputs: weights.fan_out, weights: weights.range.start, bias })
    }

    /// Inputs with the constant 1 that a bias multiplies.
    pub fn features(&self) -> usize {
        self.inputs + usize::from(self.bias.is_some())
    }

    /// Writes `solution`, shape `[features, C]`, into the parameters `x`, shape `[d]`.
    pub fn write<R: Real>(&self, solution: &[f64], x: &mut [R]) {
        for (feature, row) in solution.chunks_exact(self.outputs).enumerate() {
            for (output, &value) in row.iter().enumerate() {
                let place = match self.bias {
                    Some(bias) if feature == self.inputs => bias + output,
                    _ => self.weights + output * self.inputs + feature,
                };
                x[place] = R::of(value);
            }
        }
    }
}

/// Second moments of features and targets, summed over samples in double precision: all that least squares needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// `Σ a aᵀ`, shape `[q, q]`.
    pub gram: Vec<f64>,
    /// `Σ a tᵀ`, shape `[q, C]`.
    pub cross: Vec<f64>,
    /// Number of samples.
    pub count: usize,
    /// `Σ t²` of each output, shape `[C]`.
    pub squares: Vec<f64>,
}

impl Moments {
    /// The moments of the samples of a client under the layers of `x` below the last.
    pub fn of_client<R: Real>(
        head: &dyn LinearHead<R>,
        layout: &Layout,
        client: usize,
        x: &[R],
        work: &mut Workspace<R>,
    ) -> Self {
        let (features, outputs) = (layout.features(), layout.outputs);
        let (gram, cross) = (vec![0.0; features * features], vec![0.0; features * outputs]);
        let mut moments = Self { gram, cross, count: 0, squares: vec![0.0; outputs] };
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        head.each_part(client, x, work, &mut |rows, wanted| {
            inputs.clear();
            for row in rows.chunks_exact(layout.inputs) {
                inputs.extend(row.iter().map(|value| value.f64()));
                inputs.resize(inputs.len() + features - layout.inputs, 1.0);
            }
            targets.clear();
            targets.extend(wanted.iter().map(|value| value.f64()));
            let count = targets.len() / outputs;
            moments.count += count;
            for target in targets.chunks_exact(outputs) {
                moments.squares.iter_mut().zip(target).for_each(|(sum, t)| *sum += t * t);
            }
            let inputs = by_rows(&inputs, count, features);
            multiply(1.0, inputs.transpose(), inputs, &mut moments.gram, Write::Add);
            multiply(1.0, inputs.transpose(), by_rows(&targets, count, outputs), &mut moments.cross, Write::Add);
        });
        moments
    }
}
