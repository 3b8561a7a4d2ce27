//! Votes by places: what a method gets depends on its place on each task.

use std::cmp::Ordering;

use super::{
    board::{Complete, Standing, standings},
    places::compared,
};

/// The sum over tasks of what `points` gives for a place.
fn points(board: &Complete, points: impl Fn(Standing) -> f64) -> Vec<f64> {
    board.sums(|column| standings(column).into_iter().map(&points).collect())
}

/// The weight of the tasks on which a method is first alone: a first place that is shared gives nobody a point.
pub fn plurality(board: &Complete) -> Vec<f64> {
    points(board, |standing| if standing.worst == 1 { 1.0 } else { 0.0 })
}

/// As many points a task as methods are worse; methods that tie do not count as worse than each other.
pub fn borda(board: &Complete) -> Vec<f64> {
    let methods = board.methods();
    points(board, |standing| (methods - standing.worst) as f64)
}

/// One point for a first place, a half for a second one, a third, …; methods that tie share the best of their places.
pub fn dowdall(board: &Complete) -> Vec<f64> {
    points(board, |standing| 1.0 / standing.best as f64)
}

/// The weighted mean of the places, shared ones averaged: the smaller, the better.
pub fn mean_rank(board: &Complete) -> Vec<f64> {
    let whole: f64 = board.weights.iter().sum();
    points(board, Standing::mean).into_iter().map(|sum| sum / whole).collect()
}

/// The weight of the tasks on which each method is not last, and the place of each by the threshold rule: those that are least often
/// last come first, among them those that are least often second to last, and so on.
pub fn threshold(board: &Complete) -> (Vec<f64>, Vec<usize>) {
    let methods = board.methods();
    let counts: Vec<Vec<f64>> =
        (2..=methods).rev().map(|q| points(board, |standing| if standing.worst == q { 0.0 } else { 1.0 })).collect();
    let order = |i: usize, j: usize| {
        let levels = counts.iter().map(|count| compared(count[i], count[j]));
        levels.fold(Ordering::Equal, Ordering::then)
    };
    let places = (0..methods).map(|i| 1 + (0..methods).filter(|&j| order(j, i) == Ordering::Greater).count()).collect();
    let last = counts.first().cloned().unwrap_or_else(|| vec![0.0; methods]);
    (last, places)
}

/// How many rounds each method survives in which all that have the lowest Borda score among the survivors leave, until all of them tie.
pub fn baldwin(board: &Complete) -> Vec<f64> {
    let mut survived = vec![0.0; board.methods()];
    let mut left: Vec<usize> = (0..board.methods()).collect();
    loop {
        let scores = board.scores.iter().map(|column| left.iter().map(|&i| column[i]).collect()).collect();
        let scores = borda(&Complete { weights: board.weights.clone(), scores });
        let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let stays = |&(_, &score): &(&usize, &f64)| compared(score, lowest) == Ordering::Greater;
        let next: Vec<usize> = left.iter().zip(&scores).filter(stays).map(|(&i, _)| i).collect();
        if next.is_empty() {
            return survived;
        }
        next.iter().for_each(|&i| survived[i] += 1.0);
        left = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::{board::profile, places};

    #[test]
    fn four_rules_have_four_winners() {
        // Duels, places and sums of the profile can be counted by hand; see `profile`.
        let board = profile();
        assert_eq!(plurality(&board), [3.0, 0.0, 2.0, 4.0]);
        assert_eq!(borda(&board), [15.0, 11.0, 16.0, 12.0]);
        for (found, expected) in dowdall(&board).into_iter().zip([31.0 / 6.0, 10.0 / 3.0, 5.0, 21.0 / 4.0]) {
            approx::assert_relative_eq!(found, expected, max_relative = 1e-12);
        }
        assert_eq!(threshold(&board), (vec![7.0, 9.0, 7.0, 4.0], vec![3, 1, 2, 4]));
        // B leaves with 11 points, then D with 8 of three methods, then C with 4 of two.
        assert_eq!(baldwin(&board), [3.0, 0.0, 2.0, 1.0]);
        let ranks = mean_rank(&board);
        for (found, expected) in ranks.into_iter().zip([21.0 / 9.0, 25.0 / 9.0, 20.0 / 9.0, 24.0 / 9.0]) {
            approx::assert_relative_eq!(found, expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn methods_that_share_a_first_place() {
        let board = Complete { weights: vec![1.0], scores: vec![vec![2.0, 2.0, 1.0]] };
        assert_eq!(plurality(&board), [0.0, 0.0, 0.0]);
        assert_eq!(borda(&board), [1.0, 1.0, 0.0]);
        assert_eq!(dowdall(&board), [1.0, 1.0, 1.0 / 3.0]);
        assert_eq!(mean_rank(&board), [1.5, 1.5, 3.0]);
        assert_eq!(places(&baldwin(&board)), [1, 1, 3]);
        assert_eq!(threshold(&board).1, [1, 1, 3]);
    }

    #[test]
    fn weights_count_a_task_several_times() {
        let (once, twice) = (profile(), Complete { weights: vec![2.0; 9], ..profile() });
        assert_eq!(borda(&twice), borda(&once).iter().map(|s| 2.0 * s).collect::<Vec<_>>());
        assert_eq!(mean_rank(&twice), mean_rank(&once));
    }
}
