//! The progressive dequantiser: from few bits to a dozen, and from a dozen to all.

use serde::{Deserialize, Serialize};

use super::block::{Pairs, ResidualBlock};
use crate::{
    num::{Real, low_precision::Bits, vector},
    part::{compressor::round_blocks, transform::Chain},
    problem::Block,
    random::Rng,
};

/// Width between the two blocks [bit].
const MIDDLE: u32 = 12;

/// Two residual blocks, shared by all layers: `b → 12` and `12 → widest`. Clients of twelve bits and more use the last alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Dequantiser<R> {
    to_middle: ResidualBlock<R>,
    to_full: ResidualBlock<R>,
}

/// How it learns from the models of the widest clients.
pub struct Lesson<'a, R> {
    /// Widths of the narrower clients [bit].
    pub narrow: &'a [u32],
    /// Width of the widest clients [bit].
    pub widest: u32,
    /// Their models, each of shape `[d]`.
    pub models: &'a [Vec<R>],
    /// The layers of a model.
    pub layers: &'a [Block],
    /// Steps of the optimiser for each block.
    pub steps: usize,
    /// The optimiser.
    pub optimiser: &'a Chain<R>,
}

impl<R: Real> Dequantiser<R> {
    /// The identity.
    pub fn new(rng: &mut Rng) -> Self {
        Self { to_middle: ResidualBlock::new(rng), to_full: ResidualBlock::new(rng) }
    }

    /// Trains each block on the widest clients' models, rounded to where the block begins and to where it ends.
    pub fn learn(&mut self, lesson: &Lesson<'_, R>, rng: &mut Rng) {
        let middle = MIDDLE.min(lesson.widest);
        let below: Vec<u32> = lesson.narrow.iter().copied().filter(|&width| width < middle).collect();
        self.to_middle.learn(&lesson.pairs(&below, middle), lesson.steps, lesson.optimiser, rng);
        let mut above: Vec<u32> = lesson.narrow.iter().map(|&width| width.max(MIDDLE)).collect();
        above.retain(|&width| width < lesson.widest);
        above.dedup();
        self.to_full.learn(&lesson.pairs(&above, lesson.widest), lesson.steps, lesson.optimiser, rng);
    }

    /// Restores the model of a client of this `width` in a fleet whose widest clients have `widest`, in place.
    pub fn restore(&self, width: u32, widest: u32, layers: &[Block], model: &mut [R]) {
        for layer in layers {
            let weights = &mut model[layer.range.clone()];
            if width < MIDDLE {
                restored(&self.to_middle, width, weights);
            }
            let from = width.max(MIDDLE);
            if from < widest {
                restored(&self.to_full, from, weights);
            }
        }
    }
}

impl<R: Real> Lesson<'_, R> {
    /// The models rounded to each of these widths, paired with the same rounded to `wanted`.
    fn pairs(&self, widths: &[u32], wanted: u32) -> Pairs<R> {
        let mut pairs = Pairs::default();
        for model in self.models {
            let target = self.rounded(model, wanted);
            for &width in widths {
                let rounded = self.rounded(model, width);
                for layer in self.layers {
                    let range = layer.range.clone();
                    let end = vector::largest(&rounded[range.clone()]).f64();
                    if end > 0.0 && end.is_finite() {
                        pairs.add(&rounded[range.clone()], &target[range], (end / bits(width).levels(), end));
                    }
                }
            }
        }
        pairs
    }

    fn rounded(&self, model: &[R], width: u32) -> Vec<R> {
        let mut rounded = model.to_vec();
        round_blocks(bits(width), self.layers, &mut rounded);
        rounded
    }
}

/// Restores one layer that has this width, in place.
fn restored<R: Real>(block: &ResidualBlock<R>, width: u32, weights: &mut [R]) {
    let end = vector::largest(weights).f64();
    if end > 0.0 && end.is_finite() {
        block.restore(weights, (end / bits(width).levels(), end));
    }
}

/// A width of the fleet's, which has been checked.
fn bits(width: u32) -> Bits {
    Bits::new(width).unwrap_or(Bits::FLOAT)
}
