//! The choice among the arms of a tuned method.

use std::collections::BTreeSet;

use super::{
    done::RunId,
    error::RunError,
    plan::{Plan, swept},
    results::Results,
};
use crate::record::{
    curves::{Curves, trial::Trial},
    metric::Better,
    spread::median,
};

/// The kept arm of every method in every cell, with the scores behind the choice.
pub struct Choices {
    /// `scores[cell][method][arm]`: median over seeds of the final value of the criterion.
    scores: Vec<Vec<Vec<f64>>>,
    better: Better,
    /// The column of the criterion.
    pub criterion: String,
}

/// Chooses for every method of every cell the arm with the best median final value of the [criterion](crate::record::RecordSpec::criterion); a run that
/// `diverged`, whatever was recorded of it, or has not begun, counts as worse than any other. The earlier arm wins a tie.
///
/// # Errors
/// When a part cannot be read.
pub(super) fn choose(plan: &Plan, results: &Results, diverged: &BTreeSet<RunId>) -> Result<Choices, RunError> {
    // Where nothing is tuned, the criterion may not be recorded, and nobody asks for it.
    let metric = plan.criterion();
    let column = plan.columns.iter().position(|column| column.metric == metric).unwrap_or_default();
    let criterion = plan.columns[column].header();
    let better = metric.card().better;
    let mut scores = Vec::new();
    for (cell, planned) in plan.cells.iter().enumerate() {
        let mut of_cell = Vec::new();
        for (method, arms) in planned.methods.iter().enumerate() {
            let score = |arm| score(plan, results, diverged, (cell, method, arm), (column, better));
            of_cell.push(match arms.len() {
                1 => vec![0.0],
                many => (0..many).map(score).collect::<Result<Vec<f64>, RunError>>()?,
            });
        }
        scores.push(of_cell);
    }
    Ok(Choices { scores, better, criterion })
}

/// Median over seeds of the final value in `column`.
fn score(
    plan: &Plan,
    results: &Results,
    diverged: &BTreeSet<RunId>,
    (cell, method, arm): (usize, usize, usize),
    (column, better): (usize, Better),
) -> Result<f64, RunError> {
    let mut finals = Vec::new();
    for run in plan.runs().into_iter().filter(|run| (run.cell, run.method, run.arm) == (cell, method, arm)) {
        let part = results.of_run(&plan.name(run), "csv");
        let curves = if part.is_file() { Some(Curves::read(&part)?) } else { None };
        let value = curves.filter(|_| !diverged.contains(&run)).and_then(|curves| curves.runs.first()?.last(column));
        finals.push(better.settle(value.unwrap_or(f64::NAN)));
    }
    Ok(median(&mut finals).unwrap_or(better.worst()))
}

impl Choices {
    /// The kept arm of a method in a cell.
    pub fn arm(&self, cell: usize, method: usize) -> usize {
        let scores = &self.scores[cell][method];
        let mut best = 0;
        for (arm, &score) in scores.iter().enumerate() {
            if self.better.prefers(score, scores[best]) {
                best = arm;
            }
        }
        best
    }

    /// Every arm of every tuned method with its score.
    pub fn trials(&self, plan: &Plan) -> Vec<Trial> {
        let mut trials = Vec::new();
        for (cell, planned) in plan.cells.iter().enumerate() {
            for (method, arms) in planned.methods.iter().enumerate().filter(|(_, arms)| arms.len() > 1) {
                let kept = self.arm(cell, method);
                trials.extend(arms.iter().zip(&self.scores[cell][method]).enumerate().map(|(index, (arm, &score))| Trial {
                    cell: swept(&planned.cell),
                    method: arm.label.clone(),
                    values: arm.tuned.iter().map(|key| (key.path.clone(), key.value.clone())).collect(),
                    kept: index == kept,
                    score,
                }));
            }
        }
        trials
    }
}
