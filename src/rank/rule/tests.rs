//! What holds for every procedure.

use super::*;
use crate::{random::mix, rank::Task};

const READING: Reading = Reading { pool: Pool::Mean, two_stage: false };

/// Scores without a pattern of so many methods, tasks and seeds: few values, so that there are ties, from 0 to 1/2.
fn scattered(case: u64, methods: usize, tasks: usize, seeds: usize) -> (Vec<String>, Vec<Task>) {
    let score = |t: usize, i: usize, s: usize| (mix(case * 10_007 + (t * 1_000_003 + i * 1_009 + s) as u64) % 9) as f64 / 16.0;
    let task = |t: usize| Task {
        name: format!("t{t:02}"),
        group: format!("g{}", t % 3),
        weight: [1.0, 0.1, 0.7][t % 3],
        scores: (0..methods).map(|i| (0..seeds).map(|s| Some(score(t, i, s))).collect()).collect(),
    };
    ((0..methods).map(|i| format!("m{i:02}")).collect(), (0..tasks).map(task).collect())
}

/// The places and values that each method has by its name.
fn by_name(scores: &Scores, ranking: &Ranking) -> Vec<(String, usize, Option<f64>)> {
    let value = |i: usize| ranking.values.as_ref().map(|values| values[i]);
    (0..scores.methods().len()).map(|i| (scores.methods()[i].clone(), ranking.places[i], value(i))).collect()
}

/// A permutation of `0..n`.
fn shuffled(n: usize, case: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&i| mix(case * 77 + i as u64));
    order
}

#[test]
fn the_order_of_methods_tasks_and_seeds_moves_nothing() {
    for case in 0..6 {
        let (methods, tasks) = scattered(case, 5, 7, 4);
        let (of_methods, of_tasks, of_seeds) = (shuffled(5, case), shuffled(7, case + 50), shuffled(4, case + 90));
        let mixed = of_tasks.iter().map(|&t| {
            let rows = of_methods.iter().map(|&i| of_seeds.iter().map(|&s| tasks[t].scores[i][s]).collect());
            Task { scores: rows.collect(), ..tasks[t].clone() }
        });
        let mixed = Scores::new(of_methods.iter().map(|&i| methods[i].clone()).collect(), mixed.collect());
        let plain = Scores::new(methods, tasks.clone());
        for rule in Rule::ALL {
            let (one, other) = (rule.rank(&plain, READING).unwrap(), rule.rank(&mixed, READING).unwrap());
            assert_eq!(by_name(&plain, &one), by_name(&mixed, &other), "{rule:?}, case {case}");
            assert_eq!((one.intervals, one.notes), (other.intervals, other.notes), "{rule:?}, case {case}");
        }
    }
}

#[test]
fn names_move_no_place() {
    // The same scores under names in another order: what is drawn for a task stays.
    let (methods, tasks) = scattered(3, 5, 7, 4);
    let renamed = methods.iter().rev().cloned().collect();
    let (plain, other) = (Scores::new(methods, tasks.clone()), Scores::new(renamed, tasks));
    for rule in Rule::ALL {
        let (one, two) = (rule.rank(&plain, READING).unwrap(), rule.rank(&other, READING).unwrap());
        assert_eq!(one.places, two.places.iter().rev().copied().collect::<Vec<_>>(), "{rule:?}");
    }
}

#[test]
fn a_scale_of_a_task_moves_no_rule_by_places_or_duels() {
    let cardinal =
        [Rule::Mean, Rule::GeometricMean, Rule::GammaGap, Rule::InterquartileMean, Rule::OptimalityGap, Rule::NashTasks];
    for case in 0..10 {
        let (methods, tasks) = scattered(case, 6, 5, 1);
        let stretched = tasks.iter().enumerate().map(|(t, task)| {
            let rows = task
                .scores
                .iter()
                .map(|row| row.iter().map(|score| score.map(|s| ((t as f64 - 2.5) * 0.9).exp() * s.powi(3) - 4.0)));
            Task { scores: rows.map(Iterator::collect).collect(), ..task.clone() }
        });
        let (plain, stretched) = (Scores::new(methods.clone(), tasks.clone()), Scores::new(methods, stretched.collect()));
        for rule in Rule::ALL.into_iter().filter(|rule| !cardinal.contains(rule)) {
            assert_eq!(rule.rank(&plain, READING), rule.rank(&stretched, READING), "{rule:?}, case {case}");
        }
        assert_ne!(Rule::Mean.rank(&plain, READING), Rule::Mean.rank(&stretched, READING));
    }
}

#[test]
fn what_all_tasks_agree_on_every_rule_returns() {
    let task = |name: &str, up: f64| Task {
        name: name.into(),
        group: name.into(),
        weight: 1.0,
        scores: (0..4).map(|i| (0..3).map(|s| Some(0.01 * (up * f64::from(i) + 0.1 * f64::from(s)))).collect()).collect(),
    };
    let scores = Scores::new((0..4).map(|i| format!("m{i}")).collect(), vec![task("a", 1.0), task("b", 5.0), task("c", 2.0)]);
    for rule in Rule::ALL {
        let places = rule.rank(&scores, READING).unwrap().places;
        let expected: &[usize] = match rule {
            // These tell the winner from the rest and no more.
            Rule::Plurality | Rule::Condorcet | Rule::Prospective => &[2, 2, 2, 1],
            // Each loses all three tasks to somebody.
            Rule::Minimax | Rule::MinimaxMargins | Rule::MinimaxOpposition => &[2, 2, 2, 1],
            // Against the winner alone all odds are the same.
            Rule::Nash => &[2, 2, 2, 1],
            _ => &[4, 3, 2, 1],
        };
        assert_eq!(places, expected, "{rule:?}");
    }
}

#[test]
fn who_beats_all_wins_by_every_rule_that_promises_it() {
    let promise = [Rule::Copeland, Rule::Minimax, Rule::MinimaxMargins, Rule::Baldwin, Rule::Black, Rule::Kemeny, Rule::Nash];
    let mut found = 0;
    for case in 0..60 {
        // Strict orders, since Baldwin and the opposition need them.
        let (methods, mut tasks) = scattered(case, 4, 7, 1);
        for (t, task) in tasks.iter_mut().enumerate() {
            task.weight = 1.0;
            shuffled(4, case * 31 + t as u64)
                .into_iter()
                .zip(&mut task.scores)
                .for_each(|(place, row)| row[0] = Some(place as f64));
        }
        let scores = Scores::new(methods, tasks);
        let winner = Rule::Condorcet.rank(&scores, READING).unwrap().values.unwrap().iter().position(|&wins| wins == 1.0);
        let Some(winner) = winner else { continue };
        found += 1;
        for rule in promise {
            assert_eq!(rule.rank(&scores, READING).unwrap().places[winner], 1, "{rule:?}, case {case}");
        }
        let borda = Rule::Borda.rank(&scores, READING).unwrap().places;
        assert!(borda[winner] < *borda.iter().max().unwrap(), "Borda never ranks it last, case {case}");
    }
    assert!(found > 20, "{found} cases have a winner");
}

#[test]
fn a_second_copy_of_every_task_moves_no_place() {
    let (methods, tasks) = scattered(8, 5, 6, 2);
    let copies = tasks.iter().map(|task| Task { name: format!("{} again", task.name), ..task.clone() });
    let twice = Scores::new(methods.clone(), tasks.iter().cloned().chain(copies).collect());
    let once = Scores::new(methods, tasks);
    for rule in Rule::ALL.into_iter().filter(|rule| *rule != Rule::Nash) {
        assert_eq!(rule.rank(&once, READING).unwrap().places, rule.rank(&twice, READING).unwrap().places, "{rule:?}");
    }
}

#[test]
fn a_missing_method_abstains_or_has_the_median_and_the_other_rules_say_no() {
    let (methods, mut tasks) = scattered(2, 4, 5, 2);
    tasks[1].scores[2].fill(None);
    let scores = Scores::new(methods, tasks);
    for rule in Rule::ALL {
        assert_eq!(rule.rank(&scores, READING).is_some(), rule.takes_missing(), "{rule:?}");
        assert!(rule.rank(&scores.with_missing_worst(), READING).is_some(), "{rule:?}");
    }
}

#[test]
fn stages_are_the_rule_applied_twice() {
    let reading = Reading { two_stage: true, ..READING };
    let (methods, tasks) = scattered(4, 4, 6, 2);
    let scores = Scores::new(methods, tasks);
    for rule in Rule::ALL {
        assert_eq!(rule.rank(&scores, reading).is_some(), rule.has_stages(), "{rule:?}");
    }
    // Groups g0, g1, g2 of two tasks each; the mean of the weighted means.
    let board = scores.board(Pool::Mean);
    let mean =
        |i: usize| (0..3).map(|g| 0.5 * (board.scores[g][i].unwrap() + board.scores[g + 3][i].unwrap())).sum::<f64>() / 3.0;
    let found = Rule::Mean.rank(&scores, reading).unwrap().values.unwrap();
    (0..4).for_each(|i| approx::assert_relative_eq!(found[i], mean(i), max_relative = 1e-12));
}

#[test]
fn means_of_scores_with_a_bound() {
    // (1 · (1/16)³)^(1/4) = 1/8, and (0 − 3 (0.95 − 1/16)) / 4; of 1/2 on both tasks these are 1/2 and −0.45.
    let column = |a: f64, b: f64| vec![a, b];
    let board = crate::rank::Complete { weights: vec![1.0, 3.0], scores: vec![column(1.0, 0.5), column(0.0625, 0.5)] };
    for (found, expected) in [(board.geometric_means(), [0.125, 0.5]), (board.lacking(GAMMA), [-0.665_625, -0.45])] {
        found
            .unwrap()
            .into_iter()
            .zip(expected)
            .for_each(|(found, expected)| approx::assert_relative_eq!(found, expected, max_relative = 1e-12));
    }
    let negative = crate::rank::Complete { weights: vec![1.0], scores: vec![column(-1.0, 0.5)] };
    assert_eq!((negative.geometric_means(), negative.lacking(GAMMA)), (None, None));
    let diverged =
        crate::rank::Complete { weights: vec![1.0; 2], scores: vec![column(f64::NEG_INFINITY, 0.5), column(0.5, 0.5)] };
    assert_eq!(diverged.geometric_means().unwrap()[0], 0.0);
}
