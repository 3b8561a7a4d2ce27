//! Which methods come first under some weights of the tasks.

use super::{board::Board, simplex};

/// One for every method for which tasks can be weighted so that it wins against each other with at least as much weight as it loses;
/// zero for the others. A task on which two tie, or one is missing, counts for neither.
pub fn prospective(board: &Board) -> Vec<f64> {
    (0..board.methods()).map(|i| if is_prospective(board, i) { 1.0 } else { 0.0 }).collect()
}

/// Whether weights `w ≥ 0` have a positive sum, of at most one, where no other method wins more: the sum is then one.
fn is_prospective(board: &Board, i: usize) -> bool {
    let lost = |column: &[Option<f64>], j: usize| match (column[i], column[j]) {
        (Some(own), Some(other)) if own > other => -1.0,
        (Some(own), Some(other)) if own < other => 1.0,
        _ => 0.0,
    };
    let tasks = board.scores.len();
    let mut a: Vec<Vec<f64>> =
        (0..board.methods()).filter(|&j| j != i).map(|j| board.scores.iter().map(|column| lost(column, j)).collect()).collect();
    a.push(vec![1.0; tasks]);
    let mut b = vec![0.0; a.len()];
    b[a.len() - 1] = 1.0;
    simplex::maximise(&vec![1.0; tasks], &a, &b).is_some_and(|weights| weights.iter().sum::<f64>() > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::board::{Complete, profile};

    #[test]
    fn who_is_best_on_a_task_can_win_and_who_is_dominated_cannot() {
        let of = |scores: &[[f64; 3]]| {
            let scores = scores.iter().map(|column| column.to_vec()).collect::<Vec<_>>();
            prospective(&Complete { weights: vec![1.0; scores.len()], scores }.board())
        };
        assert_eq!(of(&[[3.0, 2.0, 1.0], [1.0, 3.0, 2.0]]), [1.0, 1.0, 0.0]);
        // The middle one loses to each of the others on one task, and ties with both when the tasks weigh the same.
        assert_eq!(of(&[[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]), [1.0, 1.0, 1.0]);
        // Always equal to the best is no defeat.
        assert_eq!(of(&[[3.0, 3.0, 1.0]]), [1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_method_that_is_never_first_may_win_by_weights() {
        // B of the profile beats C on DABC alone and A and D on CBAD: with half of the weight on each it ties with all of them.
        assert_eq!(prospective(&profile().board()), [1.0; 4]);
    }
}
