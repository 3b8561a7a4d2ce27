//! Ranking in two levels: seeds inside a task, tasks inside a group.

use super::{
    board::{Board, Complete, standings},
    scores::{Scores, Task},
};

/// Borda over the seeds of each task, then over the tasks by the places that these give, so that no task counts for more because it has
/// more seeds. Points are those of mean places, 0 for the last and `m − 1` for the first.
///
/// Seeds under which a method was not run are left out; `None` where a task has no seed that all have.
pub fn two_level(scores: &Scores) -> Option<Vec<f64>> {
    let column = |task: &Task| {
        let seeds = whole_seeds(task);
        let sums = Complete { weights: vec![1.0; seeds.len()], scores: seeds }.sums(mean_points);
        (!sums.is_empty()).then(|| mean_points(&sums))
    };
    let scored = scores.tasks().iter().map(column).collect::<Option<_>>()?;
    let weights = scores.tasks().iter().map(|task| task.weight).collect();
    Some(Complete { weights, scores: scored }.sums(<[f64]>::to_vec))
}

/// The scores of all methods under each seed that all of them have.
fn whole_seeds(task: &Task) -> Vec<Vec<f64>> {
    let seeds = task.scores.iter().map(Vec::len).min().unwrap_or(0);
    (0..seeds).filter_map(|seed| task.scores.iter().map(|row| row[seed]).collect()).collect()
}

/// How many methods each is better than, half of those with its score.
fn mean_points(scores: &[f64]) -> Vec<f64> {
    standings(scores).into_iter().map(|standing| scores.len() as f64 - standing.mean()).collect()
}

/// Applies `rule` to the tasks of each group, and to the values that the groups give; a method that has no score in a group has none of
/// the group. Groups count alike.
pub fn two_stage(board: &Board, groups: &[String], rule: impl Fn(&Board) -> Option<Vec<f64>>) -> Option<Vec<f64>> {
    let mut names: Vec<&String> = groups.iter().collect();
    names.sort();
    names.dedup();
    let of_group = |name: &String| {
        let own: Vec<usize> = (0..groups.len()).filter(|&t| groups[t] == *name).collect();
        let part = Board {
            weights: own.iter().map(|&t| board.weights[t]).collect(),
            scores: own.iter().map(|&t| board.scores[t].clone()).collect(),
        };
        let absent = |i: usize| part.scores.iter().all(|column| column[i].is_none());
        let values = rule(&part)?;
        Some(values.into_iter().enumerate().map(|(i, value)| (!absent(i)).then_some(value)).collect())
    };
    let scores = names.iter().map(|name| of_group(name)).collect::<Option<Vec<Vec<Option<f64>>>>>()?;
    rule(&Board { weights: vec![1.0; scores.len()], scores })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::{Pool, borda, places};

    fn task(name: &str, rows: &[&[f64]]) -> Task {
        let scores = rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect();
        Task { name: name.into(), group: name.into(), weight: 1.0, scores }
    }

    fn three(tasks: Vec<Task>) -> Scores {
        Scores::new(["a", "b", "c"].map(String::from).to_vec(), tasks)
    }

    /// Six seeds whose places sum to 1, 7 and 10, and two tasks of one seed that go the other way.
    fn lopsided() -> Scores {
        // Points by seed, a b c: 1 2 0, 0 2 1, 0 1 2 three times and 0 0.5 1.5 would not be whole: (1,2,0), (0,1,2)×5 sum to 1, 7, 10.
        let seeds: &[&[f64]] =
            &[&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], &[2.0, 1.0, 1.0, 1.0, 1.0, 1.0], &[0.0, 2.0, 2.0, 2.0, 2.0, 2.0]];
        let other: &[&[f64]] = &[&[2.0], &[1.0], &[0.0]];
        three(vec![task("t", seeds), task("u", other), task("v", other)])
    }

    #[test]
    fn a_task_of_many_seeds_does_not_decide_alone() {
        // Summed over all seeds of all tasks, (1, 7, 10) + 2 (2, 1, 0) = (5, 9, 10) would put c first.
        let sums = |task: &Task| Complete { weights: vec![1.0; 6], scores: whole_seeds(task) }.sums(mean_points);
        let found: Vec<Vec<f64>> = lopsided().tasks().iter().map(sums).collect();
        assert_eq!(found, [[1.0, 7.0, 10.0], [2.0, 1.0, 0.0], [2.0, 1.0, 0.0]]);
        // (0, 1, 2) + 2 (2, 1, 0)
        assert_eq!(two_level(&lopsided()), Some(vec![4.0, 3.0, 2.0]));
    }

    #[test]
    fn one_seed_a_task_is_borda() {
        let scores = three(vec![task("t", &[&[1.0], &[5.0], &[3.0]]), task("u", &[&[2.0], &[1.0], &[7.0]])]);
        assert_eq!(two_level(&scores).unwrap(), borda(&scores.board(Pool::Mean).complete().unwrap()));
    }

    #[test]
    fn a_seed_that_some_lack_is_left_out() {
        let mut one = task("t", &[&[1.0, 9.0], &[2.0, 0.0], &[3.0, 0.0]]);
        one.scores[1][1] = None;
        assert_eq!(two_level(&three(vec![one.clone()])), Some(vec![0.0, 1.0, 2.0]));
        one.scores[1][0] = None;
        assert_eq!(two_level(&three(vec![one])), None);
    }

    #[test]
    fn stages_give_every_group_one_voice() {
        // Three tasks of one group put a first, one task of each of two others puts b first.
        let columns = [[2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [1.0, 2.0], [1.0, 2.0]];
        let board = Complete { weights: vec![1.0; 5], scores: columns.map(|c| c.to_vec()).to_vec() }.board();
        let groups = ["g", "g", "g", "h", "i"].map(String::from);
        let rule = |board: &Board| Some(borda(&board.complete()?));
        assert_eq!(rule(&board), Some(vec![3.0, 2.0]));
        assert_eq!(two_stage(&board, &groups, rule), Some(vec![1.0, 2.0]));
        assert_eq!(places(&two_stage(&board, &groups, rule).unwrap()), [2, 1]);
    }
}
