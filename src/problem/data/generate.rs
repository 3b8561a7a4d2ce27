//! Data drawn from a law. Every client or block of rows has a stream of its own, so that more clients or rows leave the
//! others as they are, and the draws can be made in parallel.

mod laws;

pub(super) use laws::{linear, mixture, sizes, synthetic, teacher};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::{Features, Grouping, Samples, Targets, table::dense};
use crate::{
    num::Real,
    random::{Purpose, Rng, Streams},
};

/// Counts of the data streams, one per use.
pub(super) const HOLD_OUT: u64 = 1;
pub(super) const PARTITION: u64 = 2;
const MODEL: u64 = 3;
const SIZES: u64 = 4;
const TRAIN: u64 = 5;
const TEST: u64 = 6;
pub(super) const RANDOM_FEATURES: u64 = 7;
pub(super) const VALIDATION: u64 = 8;
pub(super) const CLIENT_TEST: u64 = 9;

/// Rows that share a stream.
const BLOCK: usize = 512;

/// Rows of features with one target each, as they are drawn.
struct Drawn<R, T> {
    columns: usize,
    features: Vec<R>,
    targets: Vec<T>,
}

/// The rows that one stream fills.
struct Part<'a, R, T> {
    index: usize,
    features: &'a mut [R],
    targets: &'a mut [T],
}

impl<R: Real, T: Default + Clone + Send> Drawn<R, T> {
    /// Draws parts of these sizes in parallel, each in its place.
    fn parts(sizes: impl Iterator<Item = usize> + Clone, columns: usize, fill: impl Fn(Part<'_, R, T>) + Sync) -> Self {
        let rows: usize = sizes.clone().sum();
        let mut drawn = Self { columns, features: vec![R::zero(); rows * columns], targets: vec![T::default(); rows] };
        let (mut features, mut targets) = (&mut drawn.features[..], &mut drawn.targets[..]);
        let mut parts = Vec::new();
        for (index, size) in sizes.enumerate() {
            let (own, rest) = features.split_at_mut(size * columns);
            let (labels, others) = targets.split_at_mut(size);
            (features, targets) = (rest, others);
            parts.push(Part { index, features: own, targets: labels });
        }
        parts.into_par_iter().for_each(&fill);
        drawn
    }

    /// Draws `shape = (rows, columns)` in blocks; `draw` fills the features of one row and returns its target.
    fn pool(shape: (usize, usize), use_of: u64, streams: &Streams, draw: impl Fn(usize, &mut Rng, &mut [R]) -> T + Sync) -> Self {
        let (rows, columns) = shape;
        let sizes = (0..rows.div_ceil(BLOCK)).map(|block| BLOCK.min(rows - block * BLOCK));
        Self::parts(sizes, columns, |part| {
            let mut rng = streams.stream(Purpose::Data, part.index, use_of);
            let rows = part.features.chunks_exact_mut(columns).zip(part.targets);
            for (row, (features, target)) in (part.index * BLOCK..).zip(rows) {
                *target = draw(row, &mut rng, features);
            }
        })
    }

    /// The features as a matrix, and the targets.
    fn matrix(self) -> (Features<R>, Vec<T>) {
        (Features::Dense(dense(self.targets.len(), self.columns, self.features)), self.targets)
    }
}

impl<R: Real> Drawn<R, u32> {
    fn classified(self, count: usize) -> Samples<R> {
        let (features, labels) = self.matrix();
        Samples { features, targets: Targets::Classes { labels, count } }
    }
}

/// A standard normal number.
pub(super) fn normal(rng: &mut Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// `count` standard normal numbers.
fn normals(count: usize, rng: &mut Rng) -> Vec<f64> {
    (0..count).map(|_| normal(rng)).collect()
}

/// Index of the largest value, the first of equals.
fn argmax(values: &[f64]) -> u32 {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best as u32
}

/// The names `0`, `1`, … of `count` classes.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}

/// Clients with these numbers of training samples, in order.
fn clients_of(sizes: impl Iterator<Item = usize>) -> Grouping {
    let mut of = Vec::new();
    let mut values = Vec::new();
    for (client, size) in sizes.enumerate() {
        values.push(client.to_string());
        of.resize(of.len() + size, client as u32);
    }
    Grouping { name: "client".to_owned(), values, of, empty: Vec::new() }
}

#[cfg(test)]
mod tests;
