//! How much of the weight each method wins against each other.

use super::{board::Board, places::above, scores::Scores};

/// Weights of the comparisons that each method wins, ties and takes part in.
///
/// A comparison in which a score is missing counts for neither.
#[derive(Debug, Clone, PartialEq)]
pub struct Duels {
    wins: Vec<Vec<f64>>,
    met: Vec<Vec<f64>>,
}

impl Duels {
    fn none(methods: usize) -> Self {
        Self { wins: vec![vec![0.0; methods]; methods], met: vec![vec![0.0; methods]; methods] }
    }

    /// Duels on each task of `board`, by its weight.
    pub fn on_tasks(board: &Board) -> Self {
        let mut duels = Self::none(board.methods());
        for (column, &weight) in board.scores.iter().zip(&board.weights) {
            duels.add(weight, |i| column[i]);
        }
        duels
    }

    /// Duels under each seed of each task, each by the weight of its task.
    pub fn on_runs(scores: &Scores) -> Self {
        let mut duels = Self::none(scores.methods().len());
        for task in scores.tasks() {
            let seeds = task.scores.iter().map(Vec::len).max().unwrap_or(0);
            (0..seeds).for_each(|seed| duels.add(task.weight, |i| task.scores[i].get(seed).copied().flatten()));
        }
        duels
    }

    fn add(&mut self, weight: f64, score: impl Fn(usize) -> Option<f64>) {
        for i in 0..self.methods() {
            for j in 0..self.methods() {
                let (Some(own), Some(other)) = (score(i), score(j)) else { continue };
                self.met[i][j] += weight;
                if own > other {
                    self.wins[i][j] += weight;
                }
            }
        }
    }

    /// Number of methods.
    pub fn methods(&self) -> usize {
        self.wins.len()
    }

    /// The weight with which `i` wins against `j`.
    pub fn wins(&self, i: usize, j: usize) -> f64 {
        self.wins[i][j]
    }

    /// The weight with which neither of two methods wins.
    pub fn ties(&self, i: usize, j: usize) -> f64 {
        self.met[i][j] - self.wins[i][j] - self.wins[j][i]
    }

    /// Whether `i` wins against `j` with more weight than `j` against `i`.
    pub fn beats(&self, i: usize, j: usize) -> bool {
        above(self.wins(i, j), self.wins(j, i))
    }

    /// The share of the comparisons with `j` that `i` wins, a tie being half a win; `None` where the two never meet.
    pub fn share(&self, i: usize, j: usize) -> Option<f64> {
        let met = self.met[i][j];
        (met > 0.0).then(|| (self.wins(i, j) + 0.5 * self.ties(i, j)) / met)
    }

    /// The log odds of a win, `ln P_ij / P_ji`, with half a win added for each side: without it a method that always wins would be
    /// infinitely better.
    pub fn log_odds(&self) -> Vec<Vec<f64>> {
        let won = |i: usize, j: usize| self.wins(i, j) + 0.5 * self.ties(i, j) + 0.5;
        let odds =
            |i: usize, j: usize| if i == j { 0.0 } else { 0.5 * ((won(i, j) / won(j, i)).ln() - (won(j, i) / won(i, j)).ln()) };
        (0..self.methods()).map(|i| (0..self.methods()).map(|j| odds(i, j)).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::Task;

    #[test]
    fn only_cells_that_both_have_count() {
        let scores = vec![vec![Some(1.0), Some(2.0), Some(3.0)], vec![Some(1.0), None, Some(2.0)]];
        let task = Task { name: "t".into(), group: "t".into(), weight: 2.0, scores };
        let duels = Duels::on_runs(&Scores::new(vec!["a".into(), "b".into()], vec![task]));
        // Of two seeds that both ran, each of weight 2, one is a tie and one a win.
        assert_eq!((duels.wins(0, 1), duels.ties(0, 1), duels.wins(1, 0), duels.share(0, 1)), (2.0, 2.0, 0.0, Some(0.75)));
        // (2 + 1 + 1/2) / (0 + 1 + 1/2)
        approx::assert_relative_eq!(duels.log_odds()[0][1], (3.5_f64 / 1.5).ln(), max_relative = 1e-12);
    }
}
