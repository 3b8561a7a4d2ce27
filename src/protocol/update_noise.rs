//! Signal and noise of the updates that a server step applies.

use serde::{Deserialize, Serialize};

use crate::num::{Real, vector};

/// The spread of the updates `Δ_k` of one server step about their plain mean, whatever their weights are.
///
/// Their signal-to-noise ratio is that of Rainforth et al. 2018 (arXiv 1802.04537) with squared norms in place of squares; the inverse is
/// the gradient noise scale of McCandlish et al. 2018 (arXiv 1812.06162). Where all clients take part, the spread is how unlike the clients
/// are, and not noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UpdateNoise {
    /// Number of updates `m`, at least 2.
    count: usize,
    /// `‖mean‖²`.
    mean2: f64,
    /// `Σ ‖Δ_k − mean‖² / (m − 1)`, unbiased for the trace of the covariance of one update.
    trace: f64,
}

impl UpdateNoise {
    /// The spread of `updates`, each of shape `[d]`; `None` of fewer than two.
    pub fn of<R: Real>(updates: &[&[R]]) -> Option<Self> {
        let count = updates.len();
        if count < 2 {
            return None;
        }
        let mean = vector::mean(updates);
        let spread: f64 = updates.iter().map(|update| vector::distance2(update, &mean)).sum();
        Some(Self { count, mean2: vector::norm2(&mean), trace: spread / (count - 1) as f64 })
    }

    /// `‖E Δ‖²`, estimated without bias by `‖mean‖² − trace/m`; 0 where that is negative.
    fn signal2(&self) -> f64 {
        (self.mean2 - self.trace / self.count as f64).max(0.0)
    }

    /// Signal-to-noise ratio of the mean of the updates, `√(m ‖E Δ‖² / tr Cov Δ)` \[1\]; `None` where all are the same.
    pub fn signal_to_noise(&self) -> Option<f64> {
        (self.trace > 0.0).then(|| (self.count as f64 * self.signal2() / self.trace).sqrt())
    }

    /// Noise scale `tr Cov Δ / ‖E Δ‖²`, the number of updates whose mean has a ratio of 1 \[1\]; `None` where no signal is seen.
    pub fn noise_scale(&self) -> Option<f64> {
        (self.signal2() > 0.0).then(|| self.trace / self.signal2())
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    const VALUES: [f64; 5] = [1.0, 2.0, 4.0, 7.0, 11.0];

    /// All choices of `m` of the five values.
    fn subsets(m: u32) -> impl Iterator<Item = Vec<[f64; 1]>> {
        let chosen = |mask: u32| VALUES.iter().enumerate().filter(move |(k, _)| mask >> k & 1 == 1).map(|(_, &v)| [v]).collect();
        (0..32_u32).filter(move |mask| mask.count_ones() == m).map(chosen)
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// `m` of `N` without replacement: the ratio of their mean is `|mean| √m / (S √(1 − m/N))` with `S² = 66/4`, here by enumeration. The
    /// trace is unbiased for `S²`, and so is `‖mean‖² − trace/m` but for the `S²/N` that drawing without replacement saves.
    #[test]
    fn of_a_few_of_five_values_by_enumeration() {
        for (m, golden) in [(1, 1.376204706), (2, 2.247332875), (3, 3.370999312), (4, 5.504818826)] {
            let means: Vec<f64> = subsets(m).map(|values| mean(&values.concat())).collect();
            let variance = mean(&means.iter().map(|v| (v - 5.0).powi(2)).collect::<Vec<_>>());
            assert_relative_eq!(mean(&means) / variance.sqrt(), golden, epsilon = 1e-9);
            if m > 1 {
                let noise = subsets(m).map(|values| UpdateNoise::of(&values.iter().map(|v| &v[..]).collect::<Vec<_>>()).unwrap());
                let (traces, signals): (Vec<f64>, Vec<f64>) =
                    noise.map(|noise| (noise.trace, noise.mean2 - noise.trace / f64::from(m))).unzip();
                assert_relative_eq!(mean(&traces), 16.5, epsilon = 1e-12);
                assert_relative_eq!(mean(&signals), 25.0 - 16.5 / 5.0, epsilon = 1e-12);
            }
        }
    }

    /// Updates (3, 0) and (1, 0): mean (2, 0), trace 2, signal `4 − 1`.
    #[test]
    fn of_two_updates_by_hand() {
        let noise = UpdateNoise::of(&[&[3.0, 0.0][..], &[1.0, 0.0]]).unwrap();
        assert_relative_eq!(noise.signal_to_noise().unwrap(), 3.0_f64.sqrt(), epsilon = 1e-15);
        assert_relative_eq!(noise.noise_scale().unwrap(), 2.0 / 3.0, epsilon = 1e-15);
        assert_eq!(UpdateNoise::of(&[&[1.0, 2.0][..]]), None);
        let same = UpdateNoise::of(&[&[1.0][..], &[1.0]]).unwrap();
        assert_eq!((same.signal_to_noise(), same.noise_scale()), (None, Some(0.0)));
        let opposite = UpdateNoise::of(&[&[1.0][..], &[-1.0]]).unwrap();
        assert_eq!((opposite.signal_to_noise(), opposite.noise_scale()), (Some(0.0), None));
    }
}
