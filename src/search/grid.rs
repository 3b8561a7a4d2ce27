//! The grid: every arm on every seed.

use super::{Pull, Score, Search, order_of};

/// Runs every arm on every tuning seed, and keeps the best; the first of equals.
#[derive(Debug)]
pub struct Grid {
    seeds: usize,
    asked: bool,
    scores: Vec<Score>,
}

impl Grid {
    /// The search among `arms` arms, each on `seeds` seeds.
    pub fn new(arms: usize, seeds: usize) -> Self {
        Self { seeds, asked: false, scores: vec![Score::WORST; arms] }
    }
}

impl Search for Grid {
    fn ask(&mut self) -> Vec<Pull> {
        if std::mem::replace(&mut self.asked, true) {
            return Vec::new();
        }
        (0..self.scores.len()).map(|arm| Pull { arm, seeds: 0..self.seeds, until: None, rung: 1 }).collect()
    }

    fn tell(&mut self, scores: &[Score]) {
        self.scores.copy_from_slice(scores);
    }

    fn kept(&self) -> usize {
        order_of(&self.scores)[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_is_run_once_and_the_first_of_the_best_is_kept() {
        let mut grid = Grid::new(4, 3);
        let pulls = grid.ask();
        assert_eq!(pulls, (0..4).map(|arm| Pull { arm, seeds: 0..3, until: None, rung: 1 }).collect::<Vec<_>>());
        let score = |first, then| Score { first, then };
        // Two arms miss a target: what decides then is how near they came.
        grid.tell(&[score(f64::INFINITY, 1.0), score(f64::INFINITY, 0.5), score(f64::INFINITY, 0.5), Score::WORST]);
        assert!(grid.ask().is_empty());
        assert_eq!(grid.kept(), 1);
    }
}
