//! The mini-batches of one client visit.

use std::num::NonZero;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Sample;
use crate::{num::Real, random::Rng, toml::decode::forms};

/// How many samples a local step uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "Written")]
#[schemars(from = "Written")]
pub enum BatchSize {
    /// Exact local gradients.
    #[default]
    Full,
    /// Mini-batches of at most this many rows, in shuffled passes over the client's data.
    Rows(usize),
}

/// Samples of a local step, or "full" for exact gradients.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Full(Full),
    Rows(#[schemars(range(min = 1))] usize),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Full {
    Full,
}

impl From<BatchSize> for Written {
    fn from(size: BatchSize) -> Self {
        match size {
            BatchSize::Full => Self::Full(Full::Full),
            BatchSize::Rows(rows) => Self::Rows(rows),
        }
    }
}

forms! {
    BatchSize, "a number of samples of at least 1, or \"full\"",
    word(Full) => |_| BatchSize::Full,
    number(NonZero<usize>) => |rows| BatchSize::Rows(rows.get()),
}

impl BatchSize {
    /// Batches of one pass over `samples` rows, at least 1.
    #[inline]
    pub fn pass(self, samples: usize) -> usize {
        samples.div_ceil(self.rows(samples).max(1)).max(1)
    }

    /// Rows of one batch at a client with `samples` rows.
    #[inline]
    pub fn rows(self, samples: usize) -> usize {
        match self {
            Self::Full => samples,
            Self::Rows(rows) => rows.min(samples),
        }
    }
}

/// The samples of the successive local steps of one visit, drawn from the visit's own stream.
///
/// Rows come in shuffled passes (epochs): every row is used once before any is used again; the last batch of a pass
/// may be smaller. Every visit starts a new pass.
#[derive(Debug)]
pub struct Batches<'a, R> {
    size: BatchSize,
    noise: f64,
    rng: &'a mut Rng,
    order: &'a mut Vec<u32>,
    next: usize,
    draw: &'a mut Vec<R>,
}

impl<'a, R: Real> Batches<'a, R> {
    /// Prepares the batches of a visit to a client with `samples` rows.
    ///
    /// `noise` is the standard deviation of additive gradient noise (0 for none); `order` and `draw` are buffers of the
    /// caller; `dim` is the number of parameters.
    pub fn new(
        size: BatchSize,
        noise: f64,
        shape: (usize, usize),
        rng: &'a mut Rng,
        order: &'a mut Vec<u32>,
        draw: &'a mut Vec<R>,
    ) -> Self {
        let (samples, dim) = shape;
        order.clear();
        if matches!(size, BatchSize::Rows(rows) if rows < samples) {
            order.extend(0..samples as u32);
        }
        if noise > 0.0 {
            draw.resize(dim, R::zero());
        }
        let next = order.len();
        Self { size, noise, rng, order, next, draw }
    }

    /// Draws the sample of the next local step.
    #[inline]
    pub fn next_sample(&mut self) -> Sample<'_, R> {
        if self.noise > 0.0 {
            for value in self.draw.iter_mut() {
                let normal: f64 = StandardNormal.sample(self.rng);
                *value = R::of(self.noise * normal);
            }
            return Sample::Noise(self.draw);
        }
        match self.size {
            BatchSize::Rows(rows) if !self.order.is_empty() => {
                if self.next == self.order.len() {
                    self.shuffle();
                }
                let start = self.next;
                self.next = (start + rows).min(self.order.len());
                Sample::Rows(&self.order[start..self.next])
            }
            _ => Sample::Full,
        }
    }

    fn shuffle(&mut self) {
        for i in (1..self.order.len()).rev() {
            self.order.swap(i, self.rng.random_range(0..=i));
        }
        self.next = 0;
    }
}
