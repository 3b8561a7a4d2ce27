//! Games whose equilibria are known by hand.

use super::*;
use crate::rank::{Duels, board::profile};

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-9, "{found:?}, not {expected:?}");
    }
}

fn shares(game: &AgentTask) -> Vec<f64> {
    game.tasks.iter().map(|(_, share)| *share).collect()
}

fn assert_game<const N: usize>(a: [[f64; N]; N], mixture: [f64; N], ratings: [f64; N]) {
    let found = AgentAgent::of(&a.map(|row| row.to_vec()));
    assert_near(&found.mixture, &mixture);
    assert_near(&found.ratings, &ratings);
}

/// Rock, paper and scissors: each loses to the next.
fn cycle(by: f64) -> [[f64; 3]; 3] {
    [[0.0, -by, by], [by, 0.0, -by], [-by, by, 0.0]]
}

const THIRD: f64 = 1.0 / 3.0;

#[test]
fn who_beats_all_is_the_whole_mixture() {
    assert_game([[0.0, -1.0, -1.0], [1.0, 0.0, -1.0], [1.0, 1.0, 0.0]], [0.0, 0.0, 1.0], [-1.0, -1.0, 0.0]);
}

#[test]
fn a_cycle_mixes_evenly_and_a_copy_shares_its_part() {
    // Wins with a probability of 0.99.
    let by = 0.99_f64.ln() - 0.01_f64.ln();
    assert!((by - 4.595_12).abs() < 5e-6);
    assert_game(cycle(by), [THIRD; 3], [0.0; 3]);
    // Paper's scissors are here twice, so that the mean would put the second of the four first, at by / 4.
    let copied = [[0.0, -by, by, by], [by, 0.0, -by, -by], [-by, by, 0.0, 0.0], [-by, by, 0.0, 0.0]];
    assert_game(copied, [THIRD, THIRD, THIRD / 2.0, THIRD / 2.0], [0.0; 4]);
    let mean = Hodge::of(&copied.map(|row| row.to_vec())).divergence;
    assert_near(&mean, &[by / 4.0, -by / 4.0, 0.0, 0.0]);
    assert!((by / 4.0 - 1.148_78).abs() < 5e-6);
}

#[test]
fn an_uneven_cycle_mixes_by_the_duels_of_the_others() {
    // A p = 0 for p ∝ (A23, A31, A12).
    assert_game([[0.0, 1.0, -2.0], [-1.0, 0.0, 3.0], [2.0, -3.0, 0.0]], [0.5, THIRD, 0.5 * THIRD], [0.0; 3]);
}

#[test]
fn ratings_are_continuous_where_the_mixture_jumps() {
    // C + ε grad(2, 1, 0) with 1 over 2, 2 over 3, 3 over 1.
    let at = |e: f64| [[0.0, 1.0 + e, -1.0 + 2.0 * e], [-1.0 - e, 0.0, 1.0 + e], [1.0 - 2.0 * e, -1.0 - e, 0.0]];
    assert_game(at(0.2), [0.4, 0.2, 0.4], [0.0; 3]);
    assert_game(at(0.5), [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]);
    assert_game(at(0.6), [1.0, 0.0, 0.0], [0.0, -1.6, -0.2]);
}

#[test]
fn copies_move_outsiders_where_the_equilibrium_is_not_unique() {
    assert_game([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0], [-1.0, -3.0, 0.0]], [0.5, 0.5, 0.0], [0.0, 0.0, -2.0]);
    let copied = [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 3.0], [-1.0, -3.0, -3.0, 0.0]];
    assert_game(copied, [THIRD, THIRD, THIRD, 0.0], [0.0, 0.0, 0.0, -7.0 / 3.0]);
}

#[test]
fn the_profile_gives_all_to_the_one_who_beats_all() {
    let a = Duels::on_tasks(&profile().board()).log_odds();
    // 5 to 4 and 7 to 2 with half a win for each side.
    let (near, far) = ((5.5_f64 / 4.5).ln(), (7.5_f64 / 2.5).ln());
    assert_near(&[a[0][1], a[0][2], a[1][3], a[2][1]], &[near, near, near, far]);
    assert!((near - 0.200_67).abs() < 5e-6 && (far - 1.098_61).abs() < 5e-6);
    let found = AgentAgent::of(&a);
    assert_near(&found.mixture, &[1.0, 0.0, 0.0, 0.0]);
    assert_near(&found.ratings, &[0.0, -near, -near, -near]);
    // A: 3 near / 4, B: (near − near − far) / 4, C: (far − near + near) / 4, D: −3 near / 4.
    let hodge = Hodge::of(&a);
    assert_near(&hodge.divergence, &[0.75 * near, -0.25 * far, 0.25 * far, -0.75 * near]);
    assert!((hodge.cyclic.unwrap() - 0.442_81).abs() < 5e-6);
}

#[test]
fn methods_against_tasks() {
    // Tasks by methods (.9, .3, .5) and (.2, .8, .5).
    let found = AgentTask::of(&[vec![0.9, 0.3, 0.5], vec![0.2, 0.8, 0.5]]);
    assert_near(&[found.value], &[0.55]);
    assert_near(&found.methods, &[5.0 / 12.0, 7.0 / 12.0, 0.0]);
    assert_near(&shares(&found), &[0.5, 0.5]);
    assert_near(&found.skill, &[0.55, 0.55, 0.5]);
    assert_near(&found.difficulty, &[-0.55, -0.55]);
}

#[test]
fn copies_of_a_task_change_no_skill_but_the_means() {
    let (one, other) = (vec![0.9, 0.3, 0.5], vec![0.2, 0.8, 0.5]);
    let columns = vec![one.clone(), other, one.clone(), one];
    let found = AgentTask::of(&columns);
    assert_near(&shares(&found), &[1.0 / 6.0, 0.5, 1.0 / 6.0, 1.0 / 6.0]);
    assert_near(&found.skill, &[0.55, 0.55, 0.5]);
    assert_near(&Complete { weights: vec![1.0; 4], scores: columns }.means(), &[0.725, 0.425, 0.5]);
}

#[test]
fn tasks_are_scaled_before_they_are_played() {
    let scores = vec![vec![0.1; 3], vec![0.9, 0.3, 0.5], vec![0.2, 0.8, 0.5]];
    let found = AgentTask::scaled(&Complete { weights: vec![1.0; 3], scores }).unwrap();
    assert_near(&[found.value], &[0.5]);
    assert_near(&found.methods, &[0.5, 0.5, 0.0]);
    // Scaled, the third method has 1/3 and 1/2.
    assert_near(&found.skill, &[0.5, 0.5, 5.0 / 12.0]);
    assert_near(&shares(&found), &[0.5, 0.5]);
    assert_eq!((found.tasks[0].0, found.tasks[1].0), (1, 2), "a task on which all are equal takes no part");
    assert_eq!(AgentTask::scaled(&Complete { weights: vec![1.0], scores: vec![vec![2.0; 3]] }), None);
}

#[test]
fn mixtures_of_many_games_are_equilibria() {
    for case in 0..400_u64 {
        let n = 2 + (case % 12) as usize;
        let value = |k: u64| (crate::random::mix(case * 1000 + k) % 7) as f64 - 3.0;
        let mut a = vec![vec![0.0; n]; n];
        for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (i, j))) {
            a[i][j] = value((i * n + j) as u64);
            a[j][i] = -a[i][j];
        }
        let found = AgentAgent::of(&a);
        assert!((found.mixture.iter().sum::<f64>() - 1.0).abs() < 1e-12, "case {case}");
        assert!(found.ratings.iter().all(|&rating| rating < 1e-9), "case {case}: {found:?}");
        assert!(dot(&found.mixture, &found.ratings).abs() < 1e-9, "case {case}: {found:?}");
    }
}

#[test]
fn a_rating_has_no_cycles_and_a_cycle_no_rating() {
    let ratings = [2.0, 0.5, -2.5];
    let gradient: Vec<Vec<f64>> = ratings.iter().map(|i| ratings.iter().map(|j| i - j).collect()).collect();
    assert_eq!(Hodge::of(&gradient), Hodge { divergence: ratings.to_vec(), cyclic: Some(0.0) });
    let cycle = [[0.0, 1.0, -1.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]].map(|row| row.to_vec());
    assert_eq!(Hodge::of(&cycle), Hodge { divergence: vec![0.0; 3], cyclic: Some(1.0) });
    // Both: ‖C‖² = 6 and ‖grad‖² = Σ (r_i − r_j)² are orthogonal.
    let sum: Vec<Vec<f64>> = (0..3).map(|i| (0..3).map(|j| cycle[i][j] + gradient[i][j]).collect()).collect();
    let squares = 2.0 * (1.5_f64.powi(2) + 4.5_f64.powi(2) + 3.0_f64.powi(2));
    approx::assert_relative_eq!(Hodge::of(&sum).cyclic.unwrap(), 6.0 / (6.0 + squares), max_relative = 1e-12);
    assert_eq!(Hodge::of(&[vec![0.0; 2], vec![0.0; 2]]).cyclic, None);
}
