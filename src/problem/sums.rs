//! Sums over clients that have the same bits on any number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::{Objective, Sample, Workspace};
use crate::num::Real;

/// Chunks that are in flight together; bounds the memory that partial results take.
const WAVE: usize = 16;

/// Chunks that a fleet is cut into at most, so that partial results stay few.
const CHUNKS: usize = 64;

/// Maps fixed chunks of `0..count` in parallel and folds the results in the order of the chunks.
///
/// The chunks depend on `count` alone, never on the number of threads.
pub(crate) fn ordered_fold<A: Send>(count: usize, map: impl Fn(Range<usize>) -> A + Sync, mut fold: impl FnMut(A)) {
    let size = count.div_ceil(CHUNKS).max(1);
    let chunks = count.div_ceil(size);
    for wave in (0..chunks).step_by(WAVE) {
        let done: Vec<A> = (wave..(wave + WAVE).min(chunks))
            .into_par_iter()
            .map(|chunk| map(chunk * size..((chunk + 1) * size).min(count)))
            .collect();
        done.into_iter().for_each(&mut fold);
    }
}

/// `sum ← sum + part`, coordinate by coordinate.
pub(crate) fn add(sum: &mut [f64], part: &[f64]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// What a pass over all clients finds at one point.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// `f(x) = Σ pᵢ fᵢ(x)`.
    pub loss: f64,
    /// `∇f(x)`, shape `[d]`; empty where it was not asked for.
    pub gradient: Vec<f64>,
    /// `fᵢ(x)`, shape `[n]`.
    pub losses: Vec<f64>,
}

/// Losses of all clients, and the global gradient where asked, accumulated in double precision.
pub(super) fn over_clients<R: Real>(objective: &dyn Objective<R>, x: &[R], with_gradient: bool) -> Sums {
    let dim = if with_gradient { objective.dim() } else { 0 };
    let part = |clients: Range<usize>| {
        let mut sums = Sums { loss: 0.0, gradient: vec![0.0; dim], losses: Vec::with_capacity(clients.len()) };
        let (mut work, mut gradient) = (Workspace::new(), vec![R::zero(); dim]);
        for client in clients {
            let weight = objective.weight(client);
            let loss = if with_gradient {
                objective.gradient(client, x, Sample::Full, &mut gradient, &mut work)
            } else {
                objective.local_loss(client, x, &mut work)
            };
            sums.gradient.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += weight * g.f64());
            sums.loss += weight * loss;
            sums.losses.push(loss);
        }
        sums
    };
    let mut all = Sums { loss: 0.0, gradient: vec![0.0; dim], losses: Vec::with_capacity(objective.clients()) };
    ordered_fold(objective.clients(), part, |part| {
        all.loss += part.loss;
        add(&mut all.gradient, &part.gradient);
        all.losses.extend_from_slice(&part.losses);
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_met_once_and_in_order() {
        for count in [0, 1, 5, 64, 65, 1000] {
            let mut seen = Vec::new();
            ordered_fold(count, |range| range.collect::<Vec<_>>(), |part| seen.extend(part));
            assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
    }
}
