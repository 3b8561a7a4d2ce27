//! Votes by duels: what a method gets depends on which others it beats. Scores may be missing.

use super::{
    board::{Board, Complete},
    duels::Duels,
    places::{above, places},
    positional::borda,
    simplex,
};

/// One for the method that beats every other, which there need not be, and zero for the others.
pub fn condorcet(duels: &Duels) -> Vec<f64> {
    let all = 0..duels.methods();
    let wins = |i: usize| all.clone().all(|j| i == j || duels.beats(i, j));
    all.clone().map(|i| if wins(i) { 1.0 } else { 0.0 }).collect()
}

/// What [`copeland`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copeland {
    /// The others that a method beats, less those that beat it.
    Difference,
    /// The others that it beats.
    Lower,
    /// Those that beat it, negated.
    Upper,
    /// The others that it beats, and half of those that neither beat it nor are beaten.
    LowerWithTies,
}

/// What each method gets by how many others it beats and is beaten by: the larger, the better.
pub fn copeland(duels: &Duels, by: Copeland) -> Vec<f64> {
    let all = 0..duels.methods();
    let points = |i: usize, j: usize| match (by, duels.beats(i, j), duels.beats(j, i)) {
        (Copeland::Difference | Copeland::Lower | Copeland::LowerWithTies, true, _) => 1.0,
        (Copeland::Difference | Copeland::Upper, _, true) => -1.0,
        (Copeland::LowerWithTies, false, false) => 0.5,
        _ => 0.0,
    };
    all.clone().map(|i| all.clone().filter(|&j| j != i).map(|j| points(i, j)).sum()).collect()
}

/// By what [`minimax`] measures a defeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Minimax {
    /// The weight with which those win that beat the method.
    WinningVotes,
    /// By how much weight any other wins more than the method.
    Margins,
    /// The weight with which any other wins.
    Opposition,
}

/// Less the worst defeat of each method: the larger, the better.
pub fn minimax(duels: &Duels, by: Minimax) -> Vec<f64> {
    let all = 0..duels.methods();
    let defeat = |i: usize, j: usize| match by {
        Minimax::WinningVotes if duels.beats(j, i) => duels.wins(j, i),
        Minimax::WinningVotes => 0.0,
        Minimax::Margins => duels.wins(j, i) - duels.wins(i, j),
        Minimax::Opposition => duels.wins(j, i),
    };
    let worst = |i: usize| all.clone().filter(|&j| j != i).map(|j| defeat(i, j)).reduce(f64::max).unwrap_or(0.0);
    // Zero has no sign.
    all.clone().map(|i| 0.0 - worst(i)).collect()
}

/// Places by Black's rule: the method that beats every other comes first, if there is one; the others, or all, follow by their Borda
/// scores.
pub fn black(board: &Complete) -> Vec<usize> {
    let (scores, winner) = (borda(board), condorcet(&Duels::on_tasks(&board.board())));
    let Some(first) = winner.iter().position(|&wins| above(wins, 0.0)) else { return places(&scores) };
    let mut scores = scores;
    scores[first] = f64::INFINITY;
    places(&scores)
}

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
    use crate::rank::board::profile;

    fn duels() -> Duels {
        Duels::on_tasks(&profile().board())
    }

    #[test]
    fn duels_of_the_profile() {
        let duels = duels();
        let won = |i, j| (duels.wins(i, j), duels.wins(j, i));
        assert_eq!([won(0, 1), won(0, 2), won(0, 3)], [(5.0, 4.0); 3]);
        assert_eq!((won(1, 2), won(1, 3), won(2, 3)), ((2.0, 7.0), (5.0, 4.0), (5.0, 4.0)));
    }

    #[test]
    fn rules_by_duels_elect_the_one_who_beats_all() {
        let duels = duels();
        assert_eq!(condorcet(&duels), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(copeland(&duels, Copeland::Difference), [3.0, -1.0, 1.0, -3.0]);
        assert_eq!(copeland(&duels, Copeland::Lower), [3.0, 1.0, 2.0, 0.0]);
        assert_eq!(copeland(&duels, Copeland::Upper), [0.0, -2.0, -1.0, -3.0]);
        assert_eq!(copeland(&duels, Copeland::LowerWithTies), [3.0, 1.0, 2.0, 0.0]);
        assert_eq!(minimax(&duels, Minimax::WinningVotes), [0.0, -7.0, -5.0, -5.0]);
        assert_eq!(minimax(&duels, Minimax::Margins), [1.0, -5.0, -1.0, -1.0]);
        assert_eq!(minimax(&duels, Minimax::Opposition), [-4.0, -7.0, -5.0, -5.0]);
        // Borda would put C first.
        assert_eq!(black(&profile()), [1, 4, 2, 3]);
    }

    #[test]
    fn a_cycle_has_no_winner_and_black_asks_borda() {
        // ABC, BCA, CAB: each beats one other 2 to 1, and all Borda scores are 3.
        let scores = vec![vec![3.0, 2.0, 1.0], vec![1.0, 3.0, 2.0], vec![2.0, 1.0, 3.0]];
        let board = Complete { weights: vec![1.0; 3], scores };
        assert_eq!(condorcet(&Duels::on_tasks(&board.board())), [0.0; 3]);
        assert_eq!(black(&board), [1, 1, 1]);
    }

    #[test]
    fn a_missing_score_abstains() {
        let board =
            Board { weights: vec![1.0; 2], scores: vec![vec![Some(2.0), Some(1.0), None], vec![None, Some(1.0), Some(3.0)]] };
        let duels = Duels::on_tasks(&board);
        assert_eq!(copeland(&duels, Copeland::Difference), [1.0, -2.0, 1.0]);
        // The first and the third never meet, and tie.
        assert_eq!(copeland(&duels, Copeland::LowerWithTies), [1.5, 0.0, 1.5]);
        assert_eq!((duels.share(0, 2), duels.ties(0, 2)), (None, 0.0));
    }

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
