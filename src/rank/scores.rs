//! What every method reached on every task under every seed.

use super::board::Board;
use crate::record::spread::median;

/// One task: a scenario, or a cell of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name, which no other task has.
    pub name: String,
    /// The larger unit that it is a part of.
    pub group: String,
    /// How much it counts.
    pub weight: f64,
    /// For each method the score under each seed, larger is better; `None` where the method was not run.
    pub scores: Vec<Vec<Option<f64>>>,
}

/// How the scores of several seeds become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Their mean.
    Mean,
    /// Their median.
    Median,
}

/// Scores by method, task and seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Names of the methods, in alphabetical order.
    methods: Vec<String>,
    /// The tasks, in alphabetical order.
    tasks: Vec<Task>,
}

impl Scores {
    /// Puts methods and tasks into alphabetical order, so that neither sums nor draws depend on the order they come in. Seeds are those
    /// of the caller, in one order for all methods of a task.
    pub fn new(methods: Vec<String>, mut tasks: Vec<Task>) -> Self {
        let mut order: Vec<usize> = (0..methods.len()).collect();
        order.sort_by(|&a, &b| methods[a].cmp(&methods[b]));
        let methods = order.iter().map(|&i| methods[i].clone()).collect();
        for task in &mut tasks {
            task.scores = order.iter().map(|&i| std::mem::take(&mut task.scores[i])).collect();
        }
        tasks.sort_by(|a, b| a.name.cmp(&b.name));
        Self { methods, tasks }
    }

    /// Names of the methods.
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// The tasks.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// With scores that are worse than any other where a method lacks a task: one for each seed of it.
    #[must_use]
    pub fn with_missing_worst(&self) -> Self {
        let mut scores = self.clone();
        for row in scores.tasks.iter_mut().flat_map(|task| &mut task.scores).filter(|row| row.iter().all(Option::is_none)) {
            row.fill(Some(f64::NEG_INFINITY));
        }
        scores
    }

    /// Which methods lack which tasks, by their numbers.
    pub fn missing(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let lacks = |i: usize, task: &Task| task.scores[i].iter().all(Option::is_none);
        let of = move |i: usize| (0..self.tasks.len()).filter(move |&t| lacks(i, &self.tasks[t])).map(move |t| (i, t));
        (0..self.methods.len()).flat_map(of)
    }

    /// One score for each method and task. A method without a score under any seed of a task has none.
    pub fn board(&self, pool: Pool) -> Board {
        let column = |task: &Task| task.scores.iter().map(|row| pooled(row, pool)).collect();
        Board { weights: self.tasks.iter().map(|task| task.weight).collect(), scores: self.tasks.iter().map(column).collect() }
    }

    /// Every task's scores on a scale from 0 for its worst run to 1 for its best one, without those of runs that do not exist:
    /// `[method][task][seed]`. An infinitely bad score is 0, and all are 1 on a task on which no runs differ.
    pub fn normalised(&self) -> Vec<Vec<Vec<f64>>> {
        let scales: Vec<(f64, f64)> = self.tasks.iter().map(|task| ends(task.scores.iter().flatten().flatten())).collect();
        let of = |i: usize| {
            let row = |(task, &scale): (&Task, &(f64, f64))| {
                task.scores[i].iter().flatten().map(|&score| scaled(score, scale).unwrap_or(1.0)).collect()
            };
            self.tasks.iter().zip(&scales).map(row).collect()
        };
        (0..self.methods.len()).map(of).collect()
    }
}

/// The least and the greatest finite score.
pub(super) fn ends<'a>(scores: impl Iterator<Item = &'a f64>) -> (f64, f64) {
    scores.filter(|score| score.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &s| (a.min(s), b.max(s)))
}

/// A score on the scale between two ends, 0 where it is infinitely bad; `None` where the ends are the same.
pub(super) fn scaled(score: f64, (least, greatest): (f64, f64)) -> Option<f64> {
    if score == f64::NEG_INFINITY {
        return Some(0.0);
    }
    (greatest > least).then(|| (score - least) / (greatest - least))
}

fn pooled(scores: &[Option<f64>], pool: Pool) -> Option<f64> {
    let mut scores: Vec<f64> = scores.iter().flatten().copied().collect();
    // In order of size, so that the sum does not depend on the order of the seeds.
    scores.sort_by(f64::total_cmp);
    match pool {
        _ if scores.is_empty() => None,
        Pool::Mean => Some(scores.iter().sum::<f64>() / scores.len() as f64),
        Pool::Median => median(&mut scores),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str, scores: Vec<Vec<Option<f64>>>) -> Task {
        Task { name: name.into(), group: name.into(), weight: 1.0, scores }
    }

    #[test]
    fn seeds_are_pooled_and_missing_ones_left_out() {
        let rows = vec![vec![Some(1.0), Some(2.0), Some(6.0)], vec![None, Some(4.0), None], vec![None; 3]];
        let scores = Scores::new(["a", "b", "c"].map(String::from).to_vec(), vec![task("t", rows)]);
        assert_eq!(scores.board(Pool::Mean).scores, [vec![Some(3.0), Some(4.0), None]]);
        assert_eq!(scores.board(Pool::Median).scores, [vec![Some(2.0), Some(4.0), None]]);
        assert_eq!(scores.missing().collect::<Vec<_>>(), [(2, 0)]);
        assert_eq!(scores.with_missing_worst().board(Pool::Mean).scores, [vec![Some(3.0), Some(4.0), Some(f64::NEG_INFINITY)]]);
    }

    #[test]
    fn scales_go_from_the_worst_finite_run_to_the_best() {
        let rows = vec![vec![Some(1.0), Some(3.0)], vec![Some(f64::NEG_INFINITY), Some(2.0)]];
        let flat = vec![vec![Some(7.0)], vec![Some(7.0)]];
        let scores = Scores::new(["a", "b"].map(String::from).to_vec(), vec![task("t", rows), task("u", flat)]);
        assert_eq!(scores.normalised(), [[vec![0.0, 1.0], vec![1.0]], [vec![0.0, 0.5], vec![1.0]]]);
    }

    #[test]
    fn names_decide_the_order() {
        let one = Scores::new(
            ["b", "a"].map(String::from).to_vec(),
            vec![task("u", vec![vec![Some(1.0)], vec![Some(2.0)]]), task("t", vec![vec![], vec![]])],
        );
        assert_eq!((one.methods()[0].as_str(), one.tasks()[0].name.as_str()), ("a", "t"));
        assert_eq!(one.tasks()[1].scores, [vec![Some(2.0)], vec![Some(1.0)]]);
    }
}
