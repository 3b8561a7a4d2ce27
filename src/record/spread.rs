//! Medians, quartiles and intervals over seeds, and values that samples bracket.

use crate::statistics::{mean, paired::student};

/// Median and quartiles of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quartiles {
    /// First quartile.
    pub lower: f64,
    /// Second quartile.
    pub median: f64,
    /// Third quartile.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of a single value.
    pub fn at(value: f64) -> Self {
        Self { lower: value, median: value, upper: value }
    }

    /// Quartiles of `values`, which are sorted in place; `None` for an empty sample.
    ///
    /// Infinite values take part (a run that diverged is worse than all others); there must be no NaN.
    pub fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self { lower: quantile(values, 0.25)?, median: quantile(values, 0.5)?, upper: quantile(values, 0.75)? })
    }
}

/// The `p`-quantile of a sorted sample: linear between order statistics `(n − 1) p` (Hyndman and Fan's type 7).
///
/// Between a finite and an infinite value it is the infinite one.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = last as f64 * p;
    let below = position.floor() as usize;
    let (lo, hi) = (sorted[below], sorted[(below + 1).min(last)]);
    let weight = position - below as f64;
    Some(if weight == 0.0 || lo == hi {
        lo
    } else if lo.is_finite() && hi.is_finite() {
        lo + weight * (hi - lo)
    } else if hi.is_infinite() {
        hi
    } else {
        lo
    })
}

/// The median of `values`, which are sorted in place.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    quantile(values, 0.5)
}

/// Mean and the two ends of its 95 % confidence interval under Student's t; `None` for an empty sample.
///
/// One value alone has an interval of no width, since its spread is unknown.
pub fn t_interval(values: &[f64]) -> Option<(f64, f64, f64)> {
    let centre = (!values.is_empty()).then(|| mean(values))?;
    Some(student(values, 0.95).map_or((centre, centre, centre), |found| (found.low, found.value, found.high)))
}

/// The ends between which a value lies; both are the same where it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bracket {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Bracket {
    /// A value that is known.
    pub fn at(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// From the least to the greatest of `values`; empty, from infinity to its negative, without any.
    pub fn spanning(values: impl IntoIterator<Item = f64>) -> Self {
        let none = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };
        values.into_iter().fold(none, |all, value| Self { low: all.low.min(value), high: all.high.max(value) })
    }

    /// Whether the value is known.
    pub fn is_exact(self) -> bool {
        self.low == self.high
    }

    /// The median of the lower ends and the median of the upper ends; `None` without any.
    pub fn median(brackets: &[Self]) -> Option<Self> {
        let ends = |end: fn(&Self) -> f64| median(&mut brackets.iter().map(end).collect::<Vec<_>>());
        Some(Self { low: ends(|bracket| bracket.low)?, high: ends(|bracket| bracket.high)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_of_known_samples() {
        let q = Quartiles::of(&mut [4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((q.lower, q.median, q.upper), (1.75, 2.5, 3.25));
        let q = Quartiles::of(&mut [7.0]).unwrap();
        assert_eq!((q.lower, q.median, q.upper), (7.0, 7.0, 7.0));
        assert_eq!(Quartiles::of(&mut []), None);
    }

    #[test]
    fn a_diverged_run_is_the_worst_value_and_does_not_spoil_the_median() {
        let q = Quartiles::of(&mut [f64::INFINITY, 1.0, 2.0]).unwrap();
        assert_eq!((q.lower, q.median, q.upper), (1.5, 2.0, f64::INFINITY));
        assert_eq!(median(&mut [f64::NEG_INFINITY, 0.5]).unwrap(), f64::NEG_INFINITY);
    }

    #[test]
    fn t_interval_of_a_small_sample() {
        // Mean 2, standard error 1/√3, two degrees of freedom.
        let (lo, mean, hi) = t_interval(&[1.0, 2.0, 3.0]).unwrap();
        approx::assert_abs_diff_eq!(mean, 2.0);
        approx::assert_abs_diff_eq!(hi - mean, 4.302_652_73 / 3f64.sqrt(), epsilon = 1e-9);
        approx::assert_abs_diff_eq!(mean - lo, hi - mean, epsilon = 1e-12);
        assert_eq!((t_interval(&[7.0]), t_interval(&[])), (Some((7.0, 7.0, 7.0)), None));
    }
}
