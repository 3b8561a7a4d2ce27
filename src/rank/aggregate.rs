//! Aggregates over all runs of all tasks, as in rliable (Agarwal and others, 2021, arXiv 2108.13264).

use crate::statistics::{
    Interval,
    bootstrap::{Resampler, percentiles, samples},
};

/// The mean without the lowest and the highest quarter of the values, each cut down to a whole number of them.
pub fn interquartile_mean(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 4;
    let kept = &values[cut..values.len() - cut];
    kept.iter().sum::<f64>() / kept.len() as f64
}

/// By how much scores stay below `target` on average, those above it counting as it: the smaller, the better.
pub fn optimality_gap(values: &mut [f64], target: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    target - values.iter().map(|value| value.min(target)).sum::<f64>() / values.len() as f64
}

/// The probability that a run of the first method is better than one of the second, a tie counting as one half, mean over the tasks:
/// `tasks` has the scores of both on each.
pub fn improvement<'a>(tasks: impl Iterator<Item = (&'a [f64], &'a [f64])>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (own, other) in tasks {
        let won = |a: f64, b: f64| {
            if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            }
        };
        // Halves add up without rounding, in any order.
        let wins: f64 = own.iter().flat_map(|&a| other.iter().map(move |&b| won(a, b))).sum();
        sum += wins / (own.len() * other.len()) as f64;
        count += 1.0;
    }
    sum / count
}

/// The interval of the probability that the first method is better than the second; the scores of each are drawn by themselves.
pub fn improvement_interval(own: &[Vec<f64>], other: &[Vec<f64>]) -> Interval {
    let pairs = |own: &[Vec<f64>], other: &[Vec<f64>]| {
        improvement(own.iter().zip(other).map(|(own, other)| (own.as_slice(), other.as_slice())))
    };
    let (mut own, mut other) = (Resampler::new(own, 0), Resampler::new(other, 1));
    let value = pairs(own.groups(), other.groups());
    percentiles(value, 0.95, &samples(|| pairs(own.draw(), other.draw())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interquartile_mean_cuts_whole_values() {
        // Two at each end of 0, 1, 1, 2, 2, 3, 3, 10.
        assert_eq!(interquartile_mean(&mut [0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 10.0]), 2.0);
        // One at each end of six; weights for a fraction of a value would give 7.
        assert_eq!(interquartile_mean(&mut [32.0, 1.0, 2.0, 4.0, 8.0, 16.0]), 7.5);
        assert_eq!(interquartile_mean(&mut [1e9, 1.0, 2.0, 4.0, 8.0, 16.0]), 7.5);
        assert_eq!(interquartile_mean(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(interquartile_mean(&mut [f64::NEG_INFINITY, 1.0, 2.0, 3.0]), 1.5);
    }

    #[test]
    fn the_gap_takes_no_credit_from_beyond_the_target() {
        // (0.5 + 0 + 0.25 + 0) / 4
        assert_eq!(optimality_gap(&mut [0.5, 1.0, 0.75, 7.0], 1.0), 0.1875);
    }

    #[test]
    fn improvement_counts_pairs_of_runs() {
        let poi = |a: &[f64], b: &[f64]| improvement([(a, b)].into_iter());
        // 3 beats 2; 5 beats 2 and ties with 5; 7 beats 2 and 5: 4.5 of 9.
        let (x, y) = ([3.0, 5.0, 7.0], [2.0, 5.0, 9.0]);
        assert_eq!((poi(&x, &y), poi(&y, &x)), (0.5, 0.5));
        assert_eq!(poi(&x, &x), 0.5);
        assert_eq!(poi(&[4.0], &[1.0, 2.0, 5.0]) + poi(&[1.0, 2.0, 5.0], &[4.0]), 1.0);
        assert_eq!(improvement([(&[1.0][..], &[0.0][..]), (&[0.0], &[0.0])].into_iter()), 0.75);
    }

    #[test]
    fn the_order_of_seeds_moves_no_interval() {
        let (a, b) = (vec![0.3, 0.9, 0.1, 0.5], vec![0.4, 0.2, 0.8]);
        let reversed = |v: &Vec<f64>| vec![v.iter().rev().copied().collect::<Vec<_>>()];
        let found = improvement_interval(std::slice::from_ref(&a), std::slice::from_ref(&b));
        assert_eq!(found, improvement_interval(&reversed(&a), &reversed(&b)));
        // 0.9 beats three, 0.5 and 0.3 beat two and one: 6 of 12.
        assert_eq!(found.value, 0.5);
        assert!(found.low < 0.2 && found.high > 0.8 && found.low >= 0.0 && found.high <= 1.0);
    }
}
