//! Numbers of samples per client.

use rand_distr::{Distribution, Open01, StandardNormal};

use super::ShareLaw;
use crate::random::{self, Rng, exponentials};

/// Sizes that differ by at most one, the larger ones first.
pub fn equal(rows: usize, clients: usize) -> Vec<usize> {
    (0..clients).map(|client| rows / clients + usize::from(client < rows % clients)).collect()
}

/// Sizes proportional to `weights` that sum to `rows`: cumulated shares, rounded.
pub fn apportion(weights: &[f64], rows: usize) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let (mut sum, mut start) = (0.0, 0);
    let mut sizes: Vec<usize> = weights
        .iter()
        .map(|weight| {
            sum += weight;
            let end = ((sum / total * rows as f64).round() as usize).clamp(start, rows);
            let size = end - start;
            start = end;
            size
        })
        .collect();
    // The last cumulated share is 1 up to rounding, or not a number where all weights are 0.
    if let Some(last) = sizes.last_mut() {
        *last += rows - start;
    }
    sizes
}

/// Cuts `order` into pieces of these sizes.
pub fn chunks(order: &[usize], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut rest = order;
    let cut = |&size: &usize| {
        let (piece, others) = rest.split_at(size);
        rest = others;
        piece.to_vec()
    };
    sizes.iter().map(cut).collect()
}

/// Draws the clients' shares, up to a factor.
pub fn weights(law: &ShareLaw, clients: usize, rng: &mut Rng) -> Vec<f64> {
    match *law {
        ShareLaw::Dirichlet { alpha } => dirichlet(alpha, clients, rng),
        ShareLaw::Lognormal { sigma } => {
            exponentials((0..clients).map(|_| sigma * Distribution::<f64>::sample(&StandardNormal, rng)).collect())
        }
    }
}

/// Draws from `Dir(α 1)`, shape `[count]`.
pub fn dirichlet(alpha: f64, count: usize, rng: &mut Rng) -> Vec<f64> {
    random::dirichlet(alpha, count, &Open01.map(|uniform: f64| -uniform.ln()), rng)
}
