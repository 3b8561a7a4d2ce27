//! Friedman's test of mean ranks, and by how much two of them must differ (Demšar, 2006).

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor, Normal};

use super::{board::Complete, positional::mean_rank};

/// Friedman's test that all methods are equally good, with each task a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Friedman {
    /// The mean rank of each method, 1 the best, ties averaged.
    pub ranks: Vec<f64>,
    /// Number of tasks.
    pub tasks: usize,
    /// `χ²` with `k − 1` degrees of freedom.
    pub chi_squared: f64,
    /// The probability of a larger one if all methods are equally good.
    pub p: f64,
    /// Iman and Davenport's `F` with `k − 1` and `(k − 1)(N − 1)` degrees of freedom, less conservative.
    pub f: f64,
    /// The probability of a larger one.
    pub f_p: f64,
}

impl Friedman {
    /// The test on `board`, whose tasks all count alike here; `None` with one task or one method, which say nothing.
    pub fn of(board: &Complete) -> Option<Self> {
        let (tasks, methods) = (board.scores.len(), board.methods());
        if tasks < 2 || methods < 2 {
            return None;
        }
        let ranks = mean_rank(&Complete { weights: vec![1.0; tasks], scores: board.scores.clone() });
        let (n, k) = (tasks as f64, methods as f64);
        // About the mean (k + 1) / 2 of all ranks: without it squares would cancel.
        let spread: f64 = ranks.iter().map(|rank| (rank - 0.5 * (k + 1.0)).powi(2)).sum();
        let chi_squared = 12.0 * n / (k * (k + 1.0)) * spread;
        let f = if chi_squared == 0.0 { 0.0 } else { (n - 1.0) * chi_squared / (n * (k - 1.0) - chi_squared).max(0.0) };
        let p = ChiSquared::new(k - 1.0).map_or(f64::NAN, |law| law.sf(chi_squared));
        let f_p = if f.is_infinite() {
            0.0
        } else {
            FisherSnedecor::new(k - 1.0, (k - 1.0) * (n - 1.0)).map_or(f64::NAN, |law| law.sf(f))
        };
        Some(Self { ranks, tasks, chi_squared, p, f, f_p })
    }

    /// Nemenyi's critical difference: mean ranks of two methods that differ by as much do so by chance in at most a share `alpha` of the
    /// cases in which all methods are equally good.
    pub fn critical_difference(&self, alpha: f64) -> f64 {
        let k = self.ranks.len();
        nemenyi(k, alpha) * (k as f64 * (k as f64 + 1.0) / (6.0 * self.tasks as f64)).sqrt()
    }

    /// The largest sets of methods of which no two differ by the critical `difference`, each from the best to the worst; those of one
    /// method are left out.
    pub fn cliques(&self, difference: f64) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.ranks.len()).collect();
        order.sort_by(|&i, &j| self.ranks[i].total_cmp(&self.ranks[j]).then(i.cmp(&j)));
        let (mut found, mut reached) = (Vec::new(), 0);
        for from in 0..order.len() {
            let end = from + order[from..].iter().take_while(|&&j| self.ranks[j] - self.ranks[order[from]] < difference).count();
            if end > reached && end - from > 1 {
                found.push(order[from..end].to_vec());
            }
            reached = reached.max(end);
        }
        found
    }
}

/// The `1 − alpha` quantile of the range of `k` standard normal numbers, over `√2`.
fn nemenyi(k: usize, alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, 20.0);
    while high - low > 1e-10 {
        let middle = 0.5 * (low + high);
        if range_below(middle, k) < 1.0 - alpha { low = middle } else { high = middle }
    }
    low / 2.0_f64.sqrt()
}

/// The probability that the range of `k` standard normal numbers is below `q`: `k ∫ φ(z) (Φ(z) − Φ(z − q))^(k − 1) dz`, where `z` is the
/// largest; by Simpson's rule over all `z` that matter.
fn range_below(q: f64, k: usize) -> f64 {
    const ENDS: (f64, f64) = (-8.0, 9.0);
    const STEPS: usize = 340;
    let normal = Normal::standard();
    let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let within = |z: f64| normal.cdf(z) - normal.cdf(z - q);
    let at = |i: usize| {
        let z = ENDS.0 + (ENDS.1 - ENDS.0) * i as f64 / STEPS as f64;
        let weight = if i == 0 || i == STEPS {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        };
        weight * density(z) * within(z).powi(k as i32 - 1)
    };
    k as f64 * (0..=STEPS).map(at).sum::<f64>() * (ENDS.1 - ENDS.0) / STEPS as f64 / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::board::profile;

    #[test]
    fn quantiles_match_demsars_table() {
        let at_5 = [1.960, 2.344, 2.569, 2.728, 2.850, 2.948, 3.031, 3.102, 3.164];
        let at_10 = [1.645, 2.052, 2.291, 2.460, 2.589, 2.693, 2.780, 2.855, 2.920];
        for (k, (five, ten)) in (2..).zip(at_5.into_iter().zip(at_10)) {
            // His table cuts the fourth digit in places: 2.8497 is 2.850, 2.3437 is 2.343 there.
            assert!((nemenyi(k, 0.05) - five).abs() < 6e-4, "{k}: {}", nemenyi(k, 0.05));
            assert!((nemenyi(k, 0.10) - ten).abs() < 6e-4, "{k}: {}", nemenyi(k, 0.10));
        }
        // Two numbers differ by a normal number of variance 2.
        let two_sided = Normal::standard().inverse_cdf(0.975);
        approx::assert_relative_eq!(nemenyi(2, 0.05), two_sided, max_relative = 1e-8);
    }

    #[test]
    fn the_profile_shows_no_difference() {
        // 9 tasks, 4 methods, sums of ranks 21, 25, 20, 24: χ² = 12 · 9 / 20 · (21² + 25² + 20² + 24² − 4 · 22.5²) / 81 = 17 / 15.
        let found = Friedman::of(&profile()).unwrap();
        approx::assert_relative_eq!(found.chi_squared, 17.0 / 15.0, max_relative = 1e-12);
        approx::assert_abs_diff_eq!(found.p, 0.769, epsilon = 5e-4);
        // F = 8 χ² / (27 − χ²)
        approx::assert_relative_eq!(found.f, 8.0 * 17.0 / (27.0 * 15.0 - 17.0), max_relative = 1e-12);
        approx::assert_abs_diff_eq!(found.f, 0.3505, epsilon = 5e-5);
        approx::assert_abs_diff_eq!(found.f_p, 0.789, epsilon = 5e-4);
        let difference = found.critical_difference(0.05);
        approx::assert_abs_diff_eq!(difference, 1.5634, epsilon = 1e-4);
        assert_eq!(found.cliques(difference), [vec![2, 0, 3, 1]]);
    }

    #[test]
    fn ranks_always_sum_to_the_same_and_equal_methods_do_not_differ() {
        let found = Friedman::of(&profile()).unwrap();
        approx::assert_relative_eq!(found.ranks.iter().sum::<f64>(), 10.0, max_relative = 1e-12);
        let equal = Friedman::of(&Complete { weights: vec![1.0; 3], scores: vec![vec![1.0; 4]; 3] }).unwrap();
        assert_eq!((equal.chi_squared, equal.f), (0.0, 0.0));
        assert_eq!((equal.p, equal.f_p), (1.0, 1.0));
    }

    #[test]
    fn one_order_on_all_tasks_is_as_clear_as_can_be() {
        // χ² = N (k − 1), and F has no bound.
        let board = Complete { weights: vec![1.0; 4], scores: vec![vec![3.0, 1.0, 2.0]; 4] };
        let found = Friedman::of(&board).unwrap();
        assert_eq!((found.chi_squared, found.f, found.f_p), (8.0, f64::INFINITY, 0.0));
        assert_eq!(Friedman::of(&Complete { weights: vec![1.0], scores: vec![vec![1.0, 2.0]] }), None);
    }

    #[test]
    fn cliques_are_the_largest_and_may_overlap() {
        let found = Friedman { ranks: vec![1.0, 1.8, 2.5, 4.7], tasks: 10, chi_squared: 0.0, p: 1.0, f: 0.0, f_p: 1.0 };
        assert_eq!(found.cliques(1.0), [vec![0, 1], vec![1, 2]]);
        assert_eq!(found.cliques(0.5), [[0; 0]; 0]);
        // A difference of exactly the critical one is one.
        assert_eq!(found.cliques(1.5), [vec![0, 1], vec![1, 2]]);
        assert_eq!(found.cliques(5.0), [vec![0, 1, 2, 3]]);
    }
}
