//! Mixtures of the predictions of two models (Bai et al. 2023, arXiv 2301.12554, with one share for all samples).

use super::{Predictions, classes::Classes, values::Values};

/// Halvings of the interval in which the best share lies.
const HALVINGS: usize = 60;

/// The share of the second model in a mixture `[1]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// The same for all.
    Fixed(f64),
    /// The one that fits best, for each half of the samples by the other half.
    Fitted,
}

impl Predictions {
    /// Mixes these predictions with the `other`s of the same samples: `(1 − α) p + α q` of probabilities, or of values. Returns the
    /// mixture, and its share `α`, the mean of both where it is fitted.
    ///
    /// At the ends they are those of one model, to the bit.
    pub fn mixed(&self, other: &Self, share: Share) -> (Self, f64) {
        match share {
            Share::Fixed(0.0) => (self.clone(), 0.0),
            Share::Fixed(1.0) => (other.clone(), 1.0),
            Share::Fixed(share) => (self.mixed_by(other, |_| share), share),
            Share::Fitted => {
                // Every sample is scored with a share that it had no part in.
                let by_half = [1, 0].map(|half| self.fitted(other, |row| row % 2 == half));
                let shares: f64 = (0..self.len()).map(|row| by_half[row % 2]).sum();
                (self.mixed_by(other, |row| by_half[row % 2]), shares / self.len().max(1) as f64)
            }
        }
    }

    fn mixed_by(&self, other: &Self, share: impl Fn(usize) -> f64) -> Self {
        match (self, other) {
            (Self::Classes(p), Self::Classes(q)) => {
                let mix = |row: usize| {
                    let share = share(row);
                    p.row(row).iter().zip(q.row(row)).map(move |(p, q)| (1.0 - share) * p.exp() + share * q.exp())
                };
                let probabilities = (0..p.len()).flat_map(mix).collect();
                Self::Classes(Classes::of_probabilities(p.count(), probabilities, p.labels().to_vec()))
            }
            (Self::Values(p), Self::Values(q)) => {
                let mix = |(row, (p, q)): (usize, (&f64, &f64))| (1.0 - share(row)) * p + share(row) * q;
                let predicted = p.predicted.iter().zip(&q.predicted).enumerate().map(mix).collect();
                Self::Values(Values { predicted, targets: p.targets.clone() })
            }
            _ => self.clone(),
        }
    }

    /// The best share of the `other` predictions on the rows that `counts`; 0, this model alone, without any.
    fn fitted(&self, other: &Self, counts: impl Fn(usize) -> bool) -> f64 {
        let rows = (0..self.len()).filter(|&row| counts(row));
        match (self, other) {
            (Self::Classes(p), Self::Classes(q)) => {
                fitted_share(&rows.map(|row| (p.of_truth(row).exp(), q.of_truth(row).exp())).collect::<Vec<_>>())
            }
            (Self::Values(p), Self::Values(q)) => {
                let sums = rows.fold((0.0, 0.0), |(along, length), row| {
                    let step = q.predicted[row] - p.predicted[row];
                    (along + step * (p.targets[row] - p.predicted[row]), length + step * step)
                });
                if sums.1 > 0.0 { (sums.0 / sums.1).clamp(0.0, 1.0) } else { 0.0 }
            }
            _ => 0.0,
        }
    }
}

/// The share `α` in `[0, 1]` at which the mean of `−ln((1 − α) p + α q)` is least, for the probabilities `(p, q)` that two models give to
/// the true class of each sample; 0 without samples.
///
/// The mean is convex in `α`, so its slope is halved to its root.
pub fn fitted_share(of_truth: &[(f64, f64)]) -> f64 {
    // Falls with α; where both give nothing, no share helps.
    let gain = |share: f64| -> f64 {
        let terms = of_truth.iter().filter(|(p, q)| p.max(*q) > 0.0);
        terms.map(|(p, q)| (q - p) / ((1.0 - share) * p + share * q)).sum()
    };
    if gain(0.0) <= 0.0 {
        return 0.0;
    }
    if gain(1.0) >= 0.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if gain(middle) > 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::problem::predictions::Score;

    fn two_classes(of_truth: &[f64]) -> Predictions {
        let rows = of_truth.iter().flat_map(|&p| [p, 1.0 - p]).collect();
        Predictions::Classes(Classes::of_probabilities(2, rows, vec![0; of_truth.len()]))
    }

    /// True-label probabilities (0.9, 0.2) and (0.5, 0.8): the slope `−0.4/(0.9 − 0.4 α) + 0.6/(0.2 + 0.6 α)` vanishes at
    /// `α = 0.46/0.48`.
    #[test]
    fn the_best_share_of_two_samples() {
        let share = fitted_share(&[(0.9, 0.5), (0.2, 0.8)]);
        assert_relative_eq!(share, 0.958333333, epsilon = 1e-9);
        let (p, q) = (two_classes(&[0.9, 0.2]), two_classes(&[0.5, 0.8]));
        let loss = |share| p.mixed(&q, Share::Fixed(share)).0.score(Score::Loss).unwrap();
        assert_relative_eq!(loss(0.0), 0.857399214, epsilon = 1e-9);
        assert_relative_eq!(loss(1.0), 0.458145366, epsilon = 1e-9);
        assert_relative_eq!(loss(share), 0.457624804, epsilon = 1e-9);
        for k in 0..=10 {
            let share = f64::from(k) / 10.0;
            assert!(loss(share) <= (1.0 - share) * loss(0.0) + share * loss(1.0) + 1e-15, "the loss is convex");
        }
    }

    #[test]
    fn the_ends_are_the_models_to_the_bit_and_fits_stay_within_them() {
        let (p, q) = (two_classes(&[0.123, 0.7, 0.31]), two_classes(&[0.5, 0.2, 0.99]));
        assert_eq!((p.mixed(&q, Share::Fixed(0.0)), p.mixed(&q, Share::Fixed(1.0))), ((p.clone(), 0.0), (q.clone(), 1.0)));
        assert_eq!(fitted_share(&[(0.9, 0.5)]), 0.0, "the mean of q/p is at most 1");
        assert_eq!(fitted_share(&[(0.5, 0.9)]), 1.0);
        assert_eq!((fitted_share(&[]), fitted_share(&[(0.0, 0.0)])), (0.0, 0.0));
        assert_eq!(fitted_share(&[(0.0, 0.5), (0.5, 0.4)]), 1.0, "the slope at the end is 0.5/0.5 − 0.1/0.4");
    }

    /// Each half is fitted by the other: with one sample in each, the one's best share is 1 and the other's 0.
    #[test]
    fn a_sample_has_no_part_in_its_own_share() {
        let (p, q) = (two_classes(&[0.9, 0.1]), two_classes(&[0.5, 0.8]));
        let (mixed, share) = p.mixed(&q, Share::Fitted);
        assert_eq!(share, 0.5);
        assert_relative_eq!(mixed.score(Score::Loss).unwrap(), -0.5 * (0.5_f64.ln() + 0.1_f64.ln()), epsilon = 1e-12);
    }

    /// Client truth `N(g, τ²)`, local estimate truth `+ N(0, σ²/n)`: the best share of the local one is `τ²/(τ² + σ²/n)`. With truths
    /// `t` and local errors `e` that are orthogonal and have these second moments, least squares finds it exactly.
    #[test]
    fn values_are_mixed_by_the_law_of_two_variances() {
        let (truth, error) = ([2.0, -2.0, 2.0, -2.0], [1.0, 1.0, -1.0, -1.0]);
        let global = Predictions::Values(Values { predicted: vec![0.0; 4], targets: truth.to_vec() });
        let local: Vec<f64> = truth.iter().zip(error).map(|(t, e)| t + e).collect();
        let local = Predictions::Values(Values { predicted: local, targets: truth.to_vec() });
        assert_relative_eq!(global.fitted(&local, |_| true), 4.0 / (4.0 + 1.0), epsilon = 1e-15);
    }
}
