//! A residual block that restores rounded weights, and its training.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{
    num::{
        Real,
        matrix::{Write, by_rows, multiply},
        vector,
    },
    part::transform::{Chain, Point},
    protocol::Payload,
    random::Rng,
};

/// Weights that a block looks at together.
pub const CHUNK: usize = 64;
/// Hidden units of a block.
const HIDDEN: usize = 32;
/// Chunks of one training step.
const BATCH: usize = 64;
/// Where `b₁`, `W₂` and `b₂` begin behind `W₁`, and where they end.
const AT: [usize; 4] = [HIDDEN * CHUNK, HIDDEN * (CHUNK + 1), HIDDEN * (2 * CHUNK + 1), HIDDEN * (2 * CHUNK + 1) + CHUNK];

/// `φ(u) = u + W₂ tanh(W₁ z + b₁) + b₂` for chunks `u` of [`CHUNK`] weights in steps of their grid, and `z` the same in
/// multiples of the grid's end, so that the hidden units meet the same range at every width.
///
/// `W₂` and `b₂` are zero at first: then `φ` is the identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct ResidualBlock<R> {
    /// `W₁ [32, 64]`, `b₁ [32]`, `W₂ [64, 32]`, `b₂ [64]`, one after another.
    weights: Vec<R>,
    /// State of the optimiser.
    optimiser: Vec<Payload<R>>,
}

/// Chunks of rounded weights, with their rounding errors.
#[derive(Debug, Clone, Default)]
pub struct Pairs<R> {
    /// The rounded weights in multiples of the grid's end, shape `[n, 64]`, padded with zeros.
    inputs: Vec<R>,
    /// Their rounding errors in steps of the grid, shape `[n, 64]`.
    lacking: Vec<R>,
    /// Weights in each chunk, shape `[n]`.
    lengths: Vec<usize>,
}

impl<R: Real> Pairs<R> {
    /// Adds the chunks of one layer: `rounded` on a grid of this `step` and `end`, `wanted` before it was rounded.
    pub fn add(&mut self, rounded: &[R], wanted: &[R], (step, end): (f64, f64)) {
        let (step, end) = (R::of(step), R::of(end));
        for (rounded, wanted) in rounded.chunks(CHUNK).zip(wanted.chunks(CHUNK)) {
            let padding = std::iter::repeat_n(R::zero(), CHUNK - rounded.len());
            self.inputs.extend(rounded.iter().map(|&w| w / end).chain(padding.clone()));
            self.lacking.extend(rounded.iter().zip(wanted).map(|(&w, &full)| (full - w) / step).chain(padding));
            self.lengths.push(rounded.len());
        }
    }

    /// Number of chunks.
    fn len(&self) -> usize {
        self.lengths.len()
    }
}

/// Buffers of [`ResidualBlock::learn`].
struct Scratch<R> {
    inputs: Vec<R>,
    hidden: Vec<R>,
    errors: Vec<R>,
    passed: Vec<R>,
    gradient: Vec<R>,
}

impl<R: Real> Scratch<R> {
    fn new() -> Self {
        let zeros = |len| vec![R::zero(); len];
        let (wide, narrow) = (BATCH * CHUNK, BATCH * HIDDEN);
        Self { inputs: zeros(wide), hidden: zeros(narrow), errors: zeros(wide), passed: zeros(narrow), gradient: zeros(AT[3]) }
    }
}

impl<R: Real> ResidualBlock<R> {
    /// The identity, with hidden units drawn uniformly from `±1/√64`.
    pub fn new(rng: &mut Rng) -> Self {
        let bound = 1.0 / (CHUNK as f64).sqrt();
        let mut weights = vec![R::zero(); AT[3]];
        weights[..AT[0]].iter_mut().for_each(|w| *w = R::of(bound * (2.0 * rng.random::<f64>() - 1.0)));
        Self { weights, optimiser: Vec::new() }
    }

    /// Adds the block's estimate of the rounding error to the weights of a layer, rounded to a grid of this `step` and `end`.
    pub fn restore(&self, layer: &mut [R], (step, end): (f64, f64)) {
        let mut padded = vec![R::zero(); CHUNK];
        let (mut hidden, mut lacking) = (vec![R::zero(); HIDDEN], vec![R::zero(); CHUNK]);
        for chunk in layer.chunks_mut(CHUNK) {
            padded.fill(R::zero());
            padded.iter_mut().zip(chunk.iter()).for_each(|(padded, &w)| *padded = w / R::of(end));
            self.forward(&padded, &mut hidden, &mut lacking);
            vector::axpy(R::of(step), &lacking[..chunk.len()], chunk);
        }
    }

    /// Takes `steps` steps of an optimiser on the mean squared error over chunks drawn from the pairs.
    pub fn learn(&mut self, pairs: &Pairs<R>, steps: usize, optimiser: &Chain<R>, rng: &mut Rng) {
        if pairs.len() == 0 {
            return;
        }
        let mut scratch = Scratch::new();
        let mut drawn = [0; BATCH];
        for step in 0..steps {
            drawn.fill_with(|| rng.random_range(0..pairs.len()));
            let _ = self.gradient(pairs, &drawn, &mut scratch);
            let at = Point { x: &self.weights, version: step as u64, weight: 1.0 };
            optimiser.apply(&mut scratch.gradient, &mut self.optimiser, &at);
            vector::axpy(-R::one(), &scratch.gradient, &mut self.weights);
        }
    }

    /// `W₂ tanh(W₁ z + b₁) + b₂`, shape `[n, 64]`, for inputs `z` of this shape.
    fn forward(&self, inputs: &[R], hidden: &mut [R], out: &mut [R]) {
        let n = inputs.len() / CHUNK;
        let [w1, b1, w2, b2] = self.parts();
        multiply(R::one(), by_rows(inputs, n, CHUNK), by_rows(w1, HIDDEN, CHUNK).transpose(), hidden, Write::Replace);
        for row in hidden.chunks_exact_mut(HIDDEN) {
            row.iter_mut().zip(b1).for_each(|(value, &bias)| *value = (*value + bias).tanh());
        }
        multiply(R::one(), by_rows(hidden, n, HIDDEN), by_rows(w2, CHUNK, HIDDEN).transpose(), out, Write::Replace);
        out.chunks_exact_mut(CHUNK).for_each(|row| vector::axpy(R::one(), b2, row));
    }

    /// Writes the gradient of the mean squared error on the drawn chunks and returns the error, in squared steps.
    fn gradient(&self, pairs: &Pairs<R>, drawn: &[usize], scratch: &mut Scratch<R>) -> f64 {
        let n = drawn.len();
        let Scratch { inputs, hidden, errors, passed, gradient } = scratch;
        for (row, &chunk) in inputs.chunks_exact_mut(CHUNK).zip(drawn) {
            row.copy_from_slice(&pairs.inputs[chunk * CHUNK..(chunk + 1) * CHUNK]);
        }
        self.forward(inputs, hidden, errors);
        let loss = to_errors(pairs, drawn, errors);
        let (errors, inputs) = (by_rows(errors, n, CHUNK), by_rows(inputs, n, CHUNK));
        multiply(R::one(), errors, by_rows(self.parts()[2], CHUNK, HIDDEN), passed, Write::Replace);
        let (layer1, layer2) = gradient.split_at_mut(AT[1]);
        multiply(R::one(), errors.transpose(), by_rows(hidden, n, HIDDEN), &mut layer2[..AT[2] - AT[1]], Write::Replace);
        passed.iter_mut().zip(hidden.iter()).for_each(|(passed, &h)| *passed *= R::one() - h * h);
        let passed = by_rows(passed, n, HIDDEN);
        multiply(R::one(), passed.transpose(), inputs, &mut layer1[..AT[0]], Write::Replace);
        for (sums, rows) in [(&mut layer1[AT[0]..], passed), (&mut layer2[AT[2] - AT[1]..], errors)] {
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum = (0..n).map(|row| rows[(row, column)]).fold(R::zero(), |sum, value| sum + value);
            }
        }
        loss
    }

    /// `W₁`, `b₁`, `W₂` and `b₂`.
    fn parts(&self) -> [&[R]; 4] {
        let w = &self.weights;
        [&w[..AT[0]], &w[AT[0]..AT[1]], &w[AT[1]..AT[2]], &w[AT[2]..]]
    }
}

/// Replaces the block's output for the drawn chunks by the derivatives of the mean squared error, which it returns.
fn to_errors<R: Real>(pairs: &Pairs<R>, drawn: &[usize], rows: &mut [R]) -> f64 {
    let count = drawn.iter().map(|&chunk| pairs.lengths[chunk]).sum::<usize>() as f64;
    let mut loss = 0.0;
    for (row, &chunk) in rows.chunks_exact_mut(CHUNK).zip(drawn) {
        let (within, padding) = row.split_at_mut(pairs.lengths[chunk]);
        padding.fill(R::zero());
        for (error, &lacking) in within.iter_mut().zip(&pairs.lacking[chunk * CHUNK..]) {
            let miss = *error - lacking;
            loss += miss.f64() * miss.f64() / count;
            *error = R::of(2.0 / count) * miss;
        }
    }
    loss
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::part::transform::{AdamWSpec, TransformSpec};

    /// Two layers of 70 and 20 weights, rounded to halves, that end at 2.
    fn pairs() -> Pairs<f64> {
        let mut pairs = Pairs::default();
        for (len, salt) in [(70, 0.3), (20, 1.1)] {
            let wanted: Vec<f64> = (0..len).map(|j| 2.0 * (j as f64 * 0.37 + salt).sin()).collect();
            let rounded: Vec<f64> = wanted.iter().map(|w| (2.0 * w).round() / 2.0).collect();
            pairs.add(&rounded, &wanted, (0.5, 2.0));
        }
        pairs
    }

    fn loss(block: &ResidualBlock<f64>, pairs: &Pairs<f64>) -> f64 {
        block.gradient(pairs, &[0, 1, 2, 0].repeat(BATCH / 4), &mut Scratch::new())
    }

    #[test]
    fn a_new_block_is_the_identity() {
        let block = ResidualBlock::<f64>::new(&mut Rng::seed_from_u64(1));
        let layer: Vec<f64> = (0..150).map(|j| f64::from(j % 7) - 3.0).collect();
        let mut restored = layer.clone();
        block.restore(&mut restored, (1.0, 3.0));
        assert_eq!(restored, layer);
    }

    #[test]
    fn its_gradient_is_that_of_finite_differences() {
        let (pairs, mut rng) = (pairs(), Rng::seed_from_u64(2));
        let mut block = ResidualBlock::<f64>::new(&mut rng);
        block.weights.iter_mut().for_each(|w| *w += 0.2 * (rng.random::<f64>() - 0.5));
        let mut scratch = Scratch::new();
        let _ = block.gradient(&pairs, &[0, 1, 2, 0].repeat(BATCH / 4), &mut scratch);
        for at in (0..AT[3]).step_by(97).chain([AT[0] + 3, AT[2] + 5]) {
            let moved = |by: f64| {
                let mut block = block.clone();
                block.weights[at] += by;
                loss(&block, &pairs)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            approx::assert_abs_diff_eq!(scratch.gradient[at], expected, epsilon = 1e-8);
        }
    }

    #[test]
    fn it_learns_what_rounding_took() {
        let (pairs, mut rng) = (pairs(), Rng::seed_from_u64(3));
        let mut block = ResidualBlock::<f64>::new(&mut rng);
        let before = loss(&block, &pairs);
        let adam = AdamWSpec { weight_decay: 0.0, ..AdamWSpec::default() };
        let chain = Chain::build(&[TransformSpec::Adamw(adam), TransformSpec::Scale(1e-2)]);
        block.learn(&pairs, 400, &chain, &mut rng);
        let after = loss(&block, &pairs);
        assert!(after < 0.01 * before, "from {before} to {after}");
        let wanted: Vec<f64> = (0..20).map(|j| 2.0 * (f64::from(j) * 0.37 + 1.1).sin()).collect();
        let mut restored: Vec<f64> = wanted.iter().map(|w| (2.0 * w).round() / 2.0).collect();
        let lost = vector::distance2(&restored, &wanted);
        block.restore(&mut restored, (0.5, 2.0));
        assert!(vector::distance2(&restored, &wanted) < 0.05 * lost);
    }
}
