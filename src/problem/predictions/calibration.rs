//! Calibration: whether predictions are right as often as they are sure (Guo et al. 2017, arXiv 1706.04599; over-confidence as in Liu et
//! al. 2023, arXiv 2307.13539).

/// Bins of the recorded scores.
pub const BINS: usize = 15;

/// The predictions whose confidence lies in one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Number of samples.
    pub count: usize,
    /// Sum of their confidences, the probabilities of the predicted classes.
    confidence: f64,
    /// How many of them are right.
    hits: usize,
}

impl Bin {
    /// Mean confidence \[1\]; NaN without samples.
    pub fn confidence(&self) -> f64 {
        self.confidence / self.count as f64
    }

    /// Share of right predictions \[1\]; NaN without samples.
    pub fn accuracy(&self) -> f64 {
        self.hits as f64 / self.count as f64
    }
}

/// Predictions in bins of equal width: bin `b` of `B` has the confidences in `(b/B, (b + 1)/B]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reliability {
    /// The bins, from the least confidence on.
    pub bins: Vec<Bin>,
}

impl Reliability {
    /// The bins of predictions by their confidence, and whether each is right.
    pub fn of(predictions: impl IntoIterator<Item = (f64, bool)>, bins: usize) -> Self {
        let mut all = vec![Bin::default(); bins];
        for (confidence, hit) in predictions {
            let bin = (1..bins).find(|&end| confidence <= end as f64 / bins as f64).unwrap_or(bins) - 1;
            all[bin].count += 1;
            all[bin].confidence += confidence;
            all[bin].hits += usize::from(hit);
        }
        Self { bins: all }
    }

    /// The expected calibration error `Σ (n_b/n) |conf_b − acc_b|` \[1\].
    pub fn error(&self) -> f64 {
        self.mean(|bin| (bin.confidence() - bin.accuracy()).abs())
    }

    /// The over-confidence `Σ (n_b/n) conf_b max(conf_b − acc_b, 0)` \[1\].
    pub fn over_confidence(&self) -> f64 {
        self.mean(|bin| bin.confidence() * (bin.confidence() - bin.accuracy()).max(0.0))
    }

    /// The mean over samples of a value of their bins.
    fn mean(&self, value: impl Fn(&Bin) -> f64) -> f64 {
        let filled = self.bins.iter().filter(|bin| bin.count > 0);
        let (sum, count) = filled.fold((0.0, 0), |(sum, count), bin| (sum + bin.count as f64 * value(bin), count + bin.count));
        sum / count as f64
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    /// In (0.9, 1] two samples of mean confidence 0.935, one right; in (0.6, 0.7] two of 0.63, both right; in (0.5, 0.6] one of 0.55,
    /// wrong. The error is 0.4·0.435 + 0.4·0.37 + 0.2·0.55, over-confidence 0.4·0.935·0.435 + 0.2·0.55·0.55.
    #[test]
    fn errors_of_five_predictions_in_ten_bins() {
        let confidences = [0.95, 0.92, 0.65, 0.61, 0.55];
        let of = Reliability::of(confidences.into_iter().zip([true, false, true, true, false]), 10);
        assert_relative_eq!(of.error(), 0.432, epsilon = 1e-12);
        assert_relative_eq!(of.over_confidence(), 0.22319, epsilon = 1e-12);
    }

    #[test]
    fn a_bin_includes_its_upper_end() {
        let of = Reliability::of([(0.2, true), (0.200001, true), (1.0, true), (0.0, true)], 10);
        let counts: Vec<usize> = of.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [1, 1, 1, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn sure_and_right_predictions_have_no_error_and_one_probability_is_off_by_its_distance_from_the_accuracy() {
        assert_eq!(Reliability::of([(1.0, true); 3], BINS).error(), 0.0);
        let constant = [true, true, true, false].map(|hit| (0.6, hit));
        assert_relative_eq!(Reliability::of(constant, BINS).error(), 0.15, epsilon = 1e-12);
        assert_eq!(Reliability::of(constant, BINS).over_confidence(), 0.0);
    }

    /// Confidence 0.8 at accuracies 0.9 and 0.7: each client is off by 0.1, both together by nothing.
    #[test]
    fn pooled_errors_may_cancel() {
        let client = |right: usize| (0..10).map(move |k| (0.8, k < right));
        let error = |predictions: Vec<(f64, bool)>| Reliability::of(predictions, 10).error();
        assert_relative_eq!(error(client(9).collect()), 0.1, epsilon = 1e-12);
        assert_relative_eq!(error(client(7).collect()), 0.1, epsilon = 1e-12);
        assert_relative_eq!(error(client(9).chain(client(7)).collect()), 0.0, epsilon = 1e-12);
    }

    /// At the population optimum with true probability `p`, smoothing by `s` predicts `p + s (1 − 2p)`: for `p` of 0.9 and 0.6 alike often
    /// and `s = 0.1`, confidences 0.82 and 0.58, an error of `s E|2p − 1| = 0.05`, all of it under-confidence.
    #[test]
    fn smoothing_makes_a_calibrated_model_under_confident() {
        let rows = |p: f64, right: usize| (0..10).map(move |k| (p + 0.1 * (1.0 - 2.0 * p), k < right));
        let of = Reliability::of(rows(0.9, 9).chain(rows(0.6, 6)), 10);
        assert_relative_eq!(of.error(), 0.05, epsilon = 1e-12);
        assert_eq!(of.over_confidence(), 0.0);
    }
}
