//! Votes by duels: what a method gets depends on which others it beats. Scores may be missing.

use super::{
    board::Complete,
    duels::Duels,
    places::{above, places},
    positional::borda,
};

/// One for the method that beats every other, which there need not be, and zero for the others.
pub fn condorcet(duels: &Duels) -> Vec<f64> {
    let all = 0..duels.methods();
    let wins = |i: usize| all.clone().all(|j| i == j || duels.beats(i, j));
    all.clone().map(|i| if wins(i) { 1.0 } else { 0.0 }).collect()
}

/// How many others a method beats, less how many beat it.
pub fn copeland(duels: &Duels) -> Vec<f64> {
    let all = 0..duels.methods();
    let count = |beats: &dyn Fn(usize) -> bool| all.clone().filter(|&j| beats(j)).count() as f64;
    all.clone().map(|i| count(&|j| duels.beats(i, j)) - count(&|j| duels.beats(j, i))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::board::{Board, profile};

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
        assert_eq!(copeland(&duels), [3.0, -1.0, 1.0, -3.0]);
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
        assert_eq!(copeland(&duels), [1.0, -2.0, 1.0]);
        assert_eq!((duels.share(0, 2), duels.ties(0, 2)), (None, 0.0));
    }
}
