//! One score for each method and task, and how methods are placed on a task.

use crate::record::spread::median;

/// Scores of methods on weighted tasks, larger is better; some may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// How much each task counts.
    pub weights: Vec<f64>,
    /// For each task the score of each method.
    pub scores: Vec<Vec<Option<f64>>>,
}

/// A [`Board`] without missing scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Complete {
    /// How much each task counts.
    pub weights: Vec<f64>,
    /// For each task the score of each method.
    pub scores: Vec<Vec<f64>>,
}

/// Where a method is placed on one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// The best of the places that methods with its score share.
    pub best: usize,
    /// The worst of them.
    pub worst: usize,
}

impl Standing {
    /// The mean of the places that are shared.
    pub(super) fn mean(self) -> f64 {
        0.5 * (self.best + self.worst) as f64
    }
}

impl Board {
    /// Number of methods.
    pub fn methods(&self) -> usize {
        self.scores.first().map_or(0, Vec::len)
    }

    /// The board, if no score is missing.
    pub fn complete(&self) -> Option<Complete> {
        let scores = self.scores.iter().map(|column| column.iter().copied().collect()).collect::<Option<_>>()?;
        Some(Complete { weights: self.weights.clone(), scores })
    }

    /// With missing scores replaced by the median of their task.
    #[must_use]
    pub fn with_missing_median(&self) -> Complete {
        let column = |column: &Vec<Option<f64>>| {
            let mut known: Vec<f64> = column.iter().flatten().copied().collect();
            let missing = median(&mut known).unwrap_or(f64::NEG_INFINITY);
            column.iter().map(|score| score.unwrap_or(missing)).collect()
        };
        Complete { weights: self.weights.clone(), scores: self.scores.iter().map(column).collect() }
    }
}

impl Complete {
    /// Number of methods.
    pub fn methods(&self) -> usize {
        self.scores.first().map_or(0, Vec::len)
    }

    /// The board again, as one that may lack scores.
    pub fn board(&self) -> Board {
        let scores = self.scores.iter().map(|column| column.iter().copied().map(Some).collect()).collect();
        Board { weights: self.weights.clone(), scores }
    }

    /// The weighted mean of each method's scores.
    pub fn means(&self) -> Vec<f64> {
        let whole: f64 = self.weights.iter().sum();
        self.sums(|column| column.to_vec()).into_iter().map(|sum| sum / whole).collect()
    }

    /// The weighted geometric mean of each method's scores, an infinitely bad one counting as zero; `None` where one is negative.
    pub fn geometric_means(&self) -> Option<Vec<f64>> {
        let is_negative = |score: &f64| score.is_finite() && *score < 0.0;
        let logarithms = |column: &Vec<f64>| column.iter().map(|score| score.max(0.0).ln()).collect();
        let scores = self.scores.iter().map(logarithms).collect();
        let any = self.scores.iter().flatten().any(is_negative);
        (!any).then(|| Self { weights: self.weights.clone(), scores }.means().into_iter().map(f64::exp).collect())
    }

    /// The weighted mean of what each method's scores lack to `target`, negated, those above it lacking nothing; `None` where scores do not
    /// lie from 0 to 1.
    pub fn lacking(&self, target: f64) -> Option<Vec<f64>> {
        let within = |score: &f64| score.is_infinite() || (0.0..=1.0).contains(score);
        let lacks = |column: &Vec<f64>| column.iter().map(|score| score.min(target) - target).collect();
        let scores = self.scores.iter().map(lacks).collect();
        self.scores.iter().flatten().all(within).then(|| Self { weights: self.weights.clone(), scores }.means())
    }

    /// For each method the weighted sum over tasks of what `points` gives it on a column of scores.
    pub(super) fn sums(&self, points: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.methods()];
        for (column, weight) in self.scores.iter().zip(&self.weights) {
            sums.iter_mut().zip(points(column)).for_each(|(sum, points)| *sum += weight * points);
        }
        sums
    }
}

/// Where each method is placed by these scores.
pub(super) fn standings(scores: &[f64]) -> Vec<Standing> {
    let standing = |&own: &f64| Standing {
        best: 1 + scores.iter().filter(|&&other| other > own).count(),
        worst: scores.iter().filter(|&&other| other >= own).count(),
    };
    scores.iter().map(standing).collect()
}

/// Nine tasks on which four methods, A to D, come in from best to worst twice as DABC, twice as CBAD, three times as ACBD and twice as
/// DCBA: A beats every other method 5 to 4, and other rules elect others.
#[cfg(test)]
pub(super) fn profile() -> Complete {
    let orders = [(2, [3, 0, 1, 2]), (2, [2, 1, 0, 3]), (3, [0, 2, 1, 3]), (2, [3, 2, 1, 0])];
    let column = |order: [usize; 4]| {
        let mut scores = vec![0.0; 4];
        order.iter().enumerate().for_each(|(place, &method)| scores[method] = 4.0 - place as f64);
        scores
    };
    let scores: Vec<Vec<f64>> = orders.iter().flat_map(|&(times, order)| vec![column(order); times]).collect();
    Complete { weights: vec![1.0; scores.len()], scores }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_a_range_of_places() {
        let found: Vec<_> = standings(&[3.0, 5.0, 3.0, 1.0]).iter().map(|s| (s.best, s.worst, s.mean())).collect();
        assert_eq!(found, [(2, 3, 2.5), (1, 1, 1.0), (2, 3, 2.5), (4, 4, 4.0)]);
    }

    #[test]
    fn missing_scores_are_the_median_of_their_task() {
        let board = Board { weights: vec![1.0], scores: vec![vec![Some(4.0), None, Some(1.0), Some(2.0)]] };
        assert_eq!(board.complete(), None);
        assert_eq!(board.with_missing_median().scores, [[4.0, 2.0, 1.0, 2.0]]);
    }

    #[test]
    fn means_are_weighted() {
        let board = Complete { weights: vec![3.0, 1.0], scores: vec![vec![1.0, 0.0], vec![5.0, 8.0]] };
        assert_eq!(board.means(), [2.0, 2.0]);
    }
}
