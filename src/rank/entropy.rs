//! Mixtures of largest entropy among those that linear inequalities allow.

use faer::{Mat, Side};

/// An upper bound on `b · p` over a mixture `p`, which is zero.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    /// The coefficients, one for each member of the mixture.
    pub b: Vec<f64>,
    /// Whether every allowed mixture meets it with equality.
    pub tight: bool,
}

/// Steps after which the search ends; it takes a few for each bound that matters.
const STEPS: usize = 1000;
/// How far from its bounds a mixture may be, relative to the coefficients.
const PRECISION: f64 = 1e-14;
/// Eigenvalues below this share of the largest are rounding: bounds may repeat each other.
const RANK: f64 = 1e-12;

/// The mixture `p` of `members` members that maximises `−Σ p ln p` under all `bounds`.
///
/// There must be one with all members in it that meets no bound with equality but the tight ones. It is `p ∝ exp(−Σ λ_k b_k)`; the
/// multipliers, not negative but for tight bounds, minimise the logarithm of what normalises it. Newton's method finds them for the
/// bounds at work; as in Lawson and Hanson's least squares, the one that is exceeded the most is put to work when the others are met, and
/// one whose multiplier falls to zero is released.
pub(super) fn widest(members: usize, bounds: &[Bound]) -> Vec<f64> {
    let scale = bounds.iter().flat_map(|bound| &bound.b).fold(0.0_f64, |most, b| most.max(b.abs()));
    let mut at_work: Vec<usize> = (0..bounds.len()).filter(|&k| bounds[k].tight).collect();
    let mut here = Place::of(members, bounds, vec![0.0; bounds.len()]);
    for _ in 0..STEPS {
        let met = here.fault(&at_work) <= PRECISION * scale;
        if let Some(there) = if met { None } else { here.improved(members, bounds, &at_work) } {
            here = there;
            at_work.retain(|&k| bounds[k].tight || here.multipliers[k] > 0.0);
            continue;
        }
        let idle = (0..bounds.len()).filter(|k| !at_work.contains(k) && here.excess[*k] > PRECISION * scale);
        let Some(next) = idle.max_by(|&a, &b| here.excess[a].total_cmp(&here.excess[b])) else { break };
        at_work.push(next);
    }
    here.mixture
}

/// A vector of multipliers, and what it makes.
struct Place {
    multipliers: Vec<f64>,
    /// The logarithm of what normalises the mixture.
    value: f64,
    mixture: Vec<f64>,
    /// By how much the mixture exceeds each bound.
    excess: Vec<f64>,
}

impl Place {
    fn of(members: usize, bounds: &[Bound], multipliers: Vec<f64>) -> Self {
        let (value, mixture) = mixed(members, bounds, &multipliers);
        let excess = bounds.iter().map(|bound| dot(&bound.b, &mixture)).collect();
        Self { multipliers, value, mixture, excess }
    }

    /// How far the mixture is from the bounds at work.
    fn fault(&self, at_work: &[usize]) -> f64 {
        at_work.iter().fold(0.0, |most, &k| most.max(self.excess[k].abs()))
    }

    /// A better place along Newton's step, at most as far as the first multiplier that falls to zero; `None` where rounding hides it.
    fn improved(&self, members: usize, bounds: &[Bound], at_work: &[usize]) -> Option<Self> {
        let step = newton(bounds, at_work, self);
        let falls = |&(&k, &step): &(&usize, &f64)| !bounds[k].tight && step < 0.0;
        let room = at_work.iter().zip(&step).filter(falls).map(|(&k, step)| self.multipliers[k] / -step).fold(1.0, f64::min);
        let attempt = |share: f64| {
            let mut multipliers = self.multipliers.clone();
            for (&k, step) in at_work.iter().zip(&step) {
                let moved = multipliers[k] + share * step;
                let gone = !bounds[k].tight && (moved <= 0.0 || (*step < 0.0 && share * -step >= self.multipliers[k]));
                multipliers[k] = if gone { 0.0 } else { moved };
            }
            let there = Self::of(members, bounds, multipliers);
            // Near the end the value is too flat to show what is gained.
            (there.value < self.value || there.fault(at_work) < 0.5 * self.fault(at_work)).then_some(there)
        };
        std::iter::successors(Some(room), |share| Some(0.5 * share)).take(60).find_map(attempt)
    }
}

/// The logarithm of what normalises the mixture of these multipliers, and the mixture.
fn mixed(members: usize, bounds: &[Bound], multipliers: &[f64]) -> (f64, Vec<f64>) {
    let exponent = |i: usize| -bounds.iter().zip(multipliers).map(|(bound, multiplier)| multiplier * bound.b[i]).sum::<f64>();
    let exponents: Vec<f64> = (0..members).map(exponent).collect();
    let greatest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let terms: Vec<f64> = exponents.iter().map(|exponent| (exponent - greatest).exp()).collect();
    let sum: f64 = terms.iter().sum();
    (greatest + sum.ln(), terms.into_iter().map(|term| term / sum).collect())
}

/// Newton's step in the multipliers of the bounds at work: the covariance of their coefficients under the mixture, solved for their means.
///
/// Where bounds repeat each other the mean decides alone how far it goes: far, until a multiplier falls to zero.
fn newton(bounds: &[Bound], free: &[usize], here: &Place) -> Vec<f64> {
    let (excess, mixture) = (&here.excess, &here.mixture);
    let covariance = |a: usize, c: usize| {
        let (a, c) = (free[a], free[c]);
        let products = mixture.iter().zip(bounds[a].b.iter().zip(&bounds[c].b));
        products.map(|(p, (x, y))| p * (x - excess[a]) * (y - excess[c])).sum::<f64>()
    };
    let matrix = Mat::from_fn(free.len(), free.len(), covariance);
    let target = Mat::from_fn(free.len(), 1, |k, _| excess[free[k]]);
    let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else {
        return free.iter().map(|&k| excess[k]).collect();
    };
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let floor = RANK * values.iter().copied().fold(f64::MIN_POSITIVE / RANK, f64::max);
    let along = vectors.transpose() * &target;
    let scaled = Mat::from_fn(free.len(), 1, |k, _| along[(k, 0)] / values[k].max(floor));
    let step = vectors * &scaled;
    (0..free.len()).map(|k| step[(k, 0)]).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            approx::assert_abs_diff_eq!(found, expected, epsilon = 1e-12);
        }
    }

    #[test]
    fn without_bounds_all_members_have_the_same_share() {
        assert_near(&widest(4, &[]), &[0.25; 4]);
    }

    #[test]
    fn a_mean_is_met_by_an_exponential_mixture() {
        // p ∝ (1, q, q²) with the mean 1/2 of 0, 1, 2: q + 2 q² = (1 + q + q²) / 2, so 3 q² + q − 1 = 0.
        let q = (13.0_f64.sqrt() - 1.0) / 6.0;
        let expected = [1.0, q, q * q].map(|term| term / (1.0 + q + q * q));
        assert_near(&widest(3, &[Bound { b: vec![-0.5, 0.5, 1.5], tight: true }]), &expected);
        // As an upper bound it holds the mean back in the same way; as a lower bound the uniform mixture is above it.
        assert_near(&widest(3, &[Bound { b: vec![-0.5, 0.5, 1.5], tight: false }]), &expected);
        assert_near(&widest(3, &[Bound { b: vec![0.5, -0.5, -1.5], tight: false }]), &[1.0 / 3.0; 3]);
    }

    #[test]
    fn bounds_may_repeat_each_other() {
        let bound = |factor: f64| Bound { b: vec![factor, factor, -2.0 * factor], tight: true };
        assert_near(&widest(3, &[bound(1.0), bound(-3.0), bound(0.0)]), &[1.0 / 3.0; 3]);
    }
}
