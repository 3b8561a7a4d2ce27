//! Paired differences: of the values of two methods under the same seed, in the same cell of the same scenario.
//!
//! A difference is infinite where one of the two methods diverged, and outweighs all finite ones together then.

mod bayes;
mod signs;
mod wilcoxon;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{
    Interval,
    bootstrap::{Resampler, percentiles, samples},
    mean, variance,
};

pub use bayes::{bayes_ceiling, bayes_factor};
pub use signs::sign_flip;
pub use wilcoxon::{SignedRanks, Zeros, wilcoxon};

/// The mean of `differences` and its interval of confidence `level` under Student's t with `n − 1` degrees of freedom; `None` with fewer
/// than two, or an infinite one.
pub fn student(differences: &[f64], level: f64) -> Option<Interval> {
    let n = differences.len() as f64;
    let value = mean(differences);
    if differences.len() < 2 || !value.is_finite() {
        return None;
    }
    let half = quantile(n - 1.0, level) * (variance(differences, value) / n).sqrt();
    Some(Interval { value, low: value - half, high: value + half })
}

/// Student's two-sided p that the mean of `differences`, two at least and all finite, is `threshold`.
pub fn student_p(differences: &[f64], threshold: f64) -> f64 {
    let (n, centre) = (differences.len() as f64, mean(differences));
    let distance = (centre - threshold).abs() / (variance(differences, centre) / n).sqrt();
    StudentsT::new(0.0, 1.0, n - 1.0).map_or(f64::NAN, |t| (2.0 * t.sf(distance)).min(1.0))
}

/// By how many standard errors an interval of confidence `level` goes to either side, with `freedom` ≥ 1 degrees of freedom.
fn quantile(freedom: f64, level: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |t| t.inverse_cdf(0.5 + 0.5 * level))
}

/// The result of a paired bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampled {
    /// The statistic with its percentile interval.
    pub interval: Interval,
    /// The two-sided p-value of the hypothesis that the statistic is zero: twice the smaller of the shares of samples that are not below
    /// and not above it, each with one more of either kind.
    pub p: f64,
}

/// The percentile interval of confidence `level` of a `statistic` of `differences`, of which there must be at least one: both methods of a
/// seed are drawn together.
pub fn bootstrap(differences: &[f64], level: f64, statistic: impl Fn(&mut [f64]) -> f64) -> Resampled {
    let groups = [differences.to_vec()];
    let mut resampler = Resampler::new(&groups, 2);
    let value = statistic(&mut resampler.groups()[0].clone());
    let mut drawn = Vec::new();
    let samples = samples(|| {
        drawn.clone_from(&resampler.draw()[0]);
        statistic(&mut drawn)
    });
    let count = |side: fn(&f64) -> bool| samples.iter().filter(|value| side(value)).count() as f64 + 1.0;
    let tail = count(|&value| value <= 0.0).min(count(|&value| value >= 0.0));
    let p = (2.0 * tail / (samples.len() as f64 + 1.0)).min(1.0);
    Resampled { interval: percentiles(value, level, &samples), p }
}

#[cfg(test)]
mod tests;
