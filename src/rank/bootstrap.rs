//! Percentile intervals by the stratified bootstrap: seeds are drawn anew inside each task, the tasks stay.

use rand::RngExt as _;

use super::aggregate::improvement;
use crate::random::{Purpose, Rng, Streams};

/// A value and the ends of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Of the scores as they are.
    pub value: f64,
    /// The 2.5 % quantile over the samples.
    pub low: f64,
    /// The 97.5 % quantile.
    pub high: f64,
}

/// Number of samples. The ends of the interval are then off by about 2 % of its width from those of infinitely many.
pub const SAMPLES: usize = 5000;

/// The interval of a `statistic` of all scores of all tasks.
///
/// What is drawn depends on the number of a task and on nothing else, and the scores of a task are drawn in order of size: so neither
/// other methods nor the order of the seeds move the interval.
pub fn interval(tasks: &[Vec<f64>], statistic: impl Fn(&mut [f64]) -> f64) -> Interval {
    let tasks = sorted(tasks);
    let value = statistic(&mut tasks.concat());
    let mut draws = streams(tasks.len(), 0);
    let mut pool = Vec::new();
    of_samples(value, || {
        pool.clear();
        tasks.iter().zip(&mut draws).for_each(|(scores, rng)| pool.extend(drawn(scores, rng)));
        statistic(&mut pool)
    })
}

/// The interval of the probability that the first method is better than the second; the scores of each are drawn by themselves.
pub fn improvement_interval(own: &[Vec<f64>], other: &[Vec<f64>]) -> Interval {
    let pairs = |own: &[Vec<f64>], other: &[Vec<f64>]| {
        improvement(own.iter().zip(other).map(|(own, other)| (own.as_slice(), other.as_slice())))
    };
    let (own, other) = (sorted(own), sorted(other));
    let (mut own_draws, mut other_draws) = (streams(own.len(), 0), streams(own.len(), 1));
    of_samples(pairs(&own, &other), || {
        let draw = |tasks: &[Vec<f64>], draws: &mut [Rng]| -> Vec<Vec<f64>> {
            tasks.iter().zip(draws).map(|(scores, rng)| drawn(scores, rng).collect()).collect()
        };
        pairs(&draw(&own, &mut own_draws), &draw(&other, &mut other_draws))
    })
}

fn sorted(tasks: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut tasks = tasks.to_vec();
    tasks.iter_mut().for_each(|scores| scores.sort_by(f64::total_cmp));
    tasks
}

fn streams(tasks: usize, side: u64) -> Vec<Rng> {
    (0..tasks).map(|task| Streams::new(0).stream(Purpose::Resample, task, side)).collect()
}

/// As many scores as there are, drawn with replacement.
fn drawn<'a>(scores: &'a [f64], rng: &'a mut Rng) -> impl Iterator<Item = f64> + 'a {
    scores.iter().map(|_| scores[rng.random_range(0..scores.len())])
}

fn of_samples(value: f64, sample: impl FnMut() -> f64) -> Interval {
    let mut values: Vec<f64> = std::iter::repeat_with(sample).take(SAMPLES).collect();
    values.sort_by(f64::total_cmp);
    let at = |p: f64| values[((SAMPLES - 1) as f64 * p).round() as usize];
    Interval { value, low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::interquartile_mean;

    fn mean(values: &mut [f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn the_interval_of_three_seeds_is_that_of_all_27_samples() {
        // The means of the 27 equally likely samples of 1, 2, 4 start with 1, 4/3 three times and end with 4, 10/3 three times: 1/27 =
        // 3.7 % of them are 1 and 3.7 % are 4, which 2.5 % at either end lie within.
        let found = interval(&[vec![4.0, 1.0, 2.0]], mean);
        assert_eq!((found.low, found.high), (1.0, 4.0));
        assert!((found.value - 7.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn tasks_are_not_mixed() {
        // Inside either task all scores are equal: nothing varies.
        let found = interval(&[vec![1.0; 5], vec![9.0; 5]], mean);
        assert_eq!((found.value, found.low, found.high), (5.0, 5.0, 5.0));
    }

    #[test]
    fn the_mean_of_many_seeds_varies_by_its_standard_error() {
        // Of 0, 1, …, 99: the interval is about 49.5 ± 1.96 √((100² − 1) / 12 / 100).
        let scores: Vec<f64> = (0..100).map(f64::from).collect();
        let found = interval(&[scores], mean);
        let half = 1.96 * (9_999.0_f64 / 1200.0).sqrt();
        assert!((found.low - (49.5 - half)).abs() < 0.4 && (found.high - (49.5 + half)).abs() < 0.4, "{found:?}");
    }

    #[test]
    fn the_order_of_seeds_moves_nothing() {
        let (a, b) = (vec![0.3, 0.9, 0.1, 0.5], vec![0.4, 0.2, 0.8]);
        let reversed = |v: &Vec<f64>| v.iter().rev().copied().collect::<Vec<_>>();
        let (c, d) = (reversed(&a), reversed(&b));
        assert_eq!(interval(&[a.clone(), b.clone()], interquartile_mean), interval(&[c.clone(), d.clone()], interquartile_mean));
        let found = improvement_interval(std::slice::from_ref(&a), std::slice::from_ref(&b));
        assert_eq!(found, improvement_interval(&[c], &[d]));
        // 0.9 beats three, 0.5 and 0.3 beat two and one: 6 of 12.
        assert_eq!(found.value, 0.5);
        assert!(found.low < 0.2 && found.high > 0.8 && found.low >= 0.0 && found.high <= 1.0);
    }
}
