//! Which arm of a tuned method is kept.

use std::io::{self, Write};

use super::{error::RunError, plan::Plan, results::Results};
use crate::record::{curves::Curves, formula::guarded, measure::Better, spread::median};

/// The kept arm of every method in every cell, with the scores behind the choice.
pub struct Choices {
    /// `scores[cell][method][arm]`: median over seeds of the final value of the first metric.
    scores: Vec<Vec<Vec<f64>>>,
    better: Better,
    metric: String,
}

/// Chooses for every method of every cell the arm with the best median final value of the first recorded metric; a run that
/// diverged, or has not begun, counts as worse than any other. The earlier arm wins a tie.
///
/// # Errors
/// When a part cannot be read.
pub(super) fn choose(plan: &Plan, results: &Results) -> Result<Choices, RunError> {
    let metric = plan.columns[0].header();
    let better = Better::of(&metric);
    let mut scores = Vec::new();
    for (cell, planned) in plan.cells.iter().enumerate() {
        let mut of_cell = Vec::new();
        for (method, arms) in planned.methods.iter().enumerate() {
            let score = |arm| score(plan, results, (cell, method, arm), better);
            of_cell.push(match arms.len() {
                1 => vec![0.0],
                many => (0..many).map(score).collect::<Result<Vec<f64>, RunError>>()?,
            });
        }
        scores.push(of_cell);
    }
    Ok(Choices { scores, better, metric })
}

fn score(plan: &Plan, results: &Results, (cell, method, arm): (usize, usize, usize), better: Better) -> Result<f64, RunError> {
    let mut finals = Vec::new();
    for run in plan.runs().into_iter().filter(|run| (run.cell, run.method, run.arm) == (cell, method, arm)) {
        let part = results.of_run(&plan.name(run), "csv");
        let curves = if part.is_file() { Some(Curves::read(&part)?) } else { None };
        let value = curves.and_then(|curves| curves.runs.first()?.last(0));
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
            let wins = match self.better {
                Better::Lower => score < scores[best],
                Better::Higher => score > scores[best],
            };
            if wins {
                best = arm;
            }
        }
        best
    }

    /// Whether any method is tuned.
    pub fn any_tuned(&self) -> bool {
        self.scores.iter().flatten().any(|arms| arms.len() > 1)
    }

    /// Writes every arm of every tuned method with its score.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        let mut header = plan.keys();
        header.extend(["method", "key", "value", "kept"].map(str::to_owned));
        header.push(self.metric.clone());
        csv.write_record(&header)?;
        for (cell, planned) in plan.cells.iter().enumerate() {
            for (method, arms) in planned.methods.iter().enumerate().filter(|(_, arms)| arms.len() > 1) {
                for (index, arm) in arms.iter().enumerate() {
                    for key in &arm.tuned {
                        let mut row: Vec<String> = planned.cell.keys.iter().map(|key| key.value.clone()).collect();
                        let kept = (index == self.arm(cell, method)).to_string();
                        row.extend([arm.label.clone(), key.path.clone(), key.value.clone(), kept]);
                        row.iter_mut().for_each(|text| *text = guarded(text).into_owned());
                        row.push(format!("{:?}", self.scores[cell][method][index]));
                        csv.write_record(&row)?;
                    }
                }
            }
        }
        csv.flush()
    }
}
