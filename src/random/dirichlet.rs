//! Draws from the symmetric Dirichlet distribution.

use rand_distr::{Distribution, Gamma};

use super::Rng;

/// Draws from `Dir(α 1)`, shape `[count]`; `exponential` draws from the standard exponential distribution.
///
/// Gamma variates are drawn as logarithms, `ln Γ(α) = ln Γ(α + 1) − E / α`, because for small α nearly all of them
/// are below the smallest double.
pub fn dirichlet(alpha: f64, count: usize, exponential: &impl Distribution<f64>, rng: &mut Rng) -> Vec<f64> {
    let gamma = Gamma::new(alpha + 1.0, 1.0).expect("the concentration is checked: positive and finite");
    let logarithms = (0..count).map(|_| {
        let boost = exponential.sample(rng);
        gamma.sample(rng).ln() - boost / alpha
    });
    let mut shares = exponentials(logarithms.collect());
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    shares
}

/// Exponentials of `logarithms`, relative to the largest.
pub fn exponentials(mut logarithms: Vec<f64>) -> Vec<f64> {
    let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logarithms.iter_mut().for_each(|value| *value = (*value - largest).exp());
    logarithms
}
