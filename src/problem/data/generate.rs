//! Data drawn from a law. Every client or block of rows has a stream of its own, so that more clients or rows leave the
//! others as they are, and the draws can be made in parallel.

mod linear;
mod mixture;
mod synthetic;
mod teacher;

pub(super) use linear::linear;
pub(super) use mixture::mixture;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
pub(super) use synthetic::{sizes, synthetic};
pub(super) use teacher::teacher;

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

/// Rows that share a stream.
const BLOCK: usize = 512;

/// Rows of features with one target each, as they are drawn.
#[derive(Default)]
struct Drawn<R, T> {
    features: Vec<R>,
    targets: Vec<T>,
}

impl<R: Real, T: Send> Drawn<R, T> {
    /// Draws `rows` rows in blocks; `draw` appends the features of one row and returns its target.
    fn pool(rows: usize, use_of: u64, streams: &Streams, draw: impl Fn(usize, &mut Rng, &mut Vec<R>) -> T + Sync) -> Self {
        let blocks: Vec<Self> = (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut rng = streams.stream(Purpose::Data, block, use_of);
                let mut drawn = Self { features: Vec::new(), targets: Vec::new() };
                for row in block * BLOCK..rows.min((block + 1) * BLOCK) {
                    let target = draw(row, &mut rng, &mut drawn.features);
                    drawn.targets.push(target);
                }
                drawn
            })
            .collect();
        Self::concat(blocks)
    }

    fn concat(parts: Vec<Self>) -> Self {
        let mut all = Self { features: Vec::new(), targets: Vec::new() };
        all.features.reserve_exact(parts.iter().map(|part| part.features.len()).sum());
        for part in parts {
            all.features.extend_from_slice(&part.features);
            all.targets.extend(part.targets);
        }
        all
    }
}

impl<R: Real> Drawn<R, u32> {
    fn classified(self, columns: usize, count: usize) -> Samples<R> {
        let features = Features::Dense(dense(self.targets.len(), columns, self.features));
        Samples { features, targets: Targets::Classes { labels: self.targets, count } }
    }
}

/// A standard normal number.
fn normal(rng: &mut Rng) -> f64 {
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
    Grouping { name: "client".to_owned(), values, of }
}

#[cfg(test)]
mod tests;
