//! Whether a verdict depends on the end of the runs, on the seeds, or on the grid of tuned values, as far as records tell.

use std::{collections::BTreeSet, fmt};

use super::{Answer, ClaimSpec, Rules, evaluate};
use crate::{
    invalid::Invalid,
    record::{
        axis::short,
        curves::{
            Cell, Curves, Run,
            trial::{Trial, winners},
        },
    },
};

/// The shares of the runs after which claims are judged again.
const STOPS: [f64; 3] = [0.75, 0.5, 0.25];

/// A claim in one cell: its place among the claims, and the cell.
pub type Place = (usize, Cell);

/// The answers with something changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Varied {
    /// What is changed, in words.
    pub by: String,
    answers: Vec<(Place, Answer)>,
}

impl Varied {
    /// The answer to a claim in a cell; unknown where it could not be evaluated.
    pub fn answer(&self, place: &Place) -> Answer {
        self.answers.iter().find(|(known, _)| known == place).map_or(Answer::Unknown, |(_, answer)| *answer)
    }

    fn of(by: String, claims: &[ClaimSpec], curves: &Curves, rules: Rules) -> Result<Self, Invalid> {
        let mut answers = Vec::new();
        for (index, claim) in claims.iter().enumerate() {
            answers.extend(evaluate(claim, curves, rules)?.into_iter().map(|verdict| ((index, verdict.cell), verdict.answer)));
        }
        Ok(Self { by, answers })
    }
}

/// The claims judged by the beginnings of all runs. Tuned values stay those of the whole runs.
///
/// # Errors
/// As [`evaluate`].
pub fn stops(claims: &[ClaimSpec], curves: &Curves, rules: Rules) -> Result<Vec<Varied>, Invalid> {
    let until = |share: f64| {
        let runs = curves.runs.iter().map(|run| run.until(share)).collect();
        Varied::of(format!("{} % of the run", 100.0 * share), claims, &Curves { runs, ..curves.clone() }, rules)
    };
    STOPS.into_iter().map(until).collect()
}

/// The claims judged without each seed in turn, and by each half of the seeds; nothing for fewer than four of them.
///
/// # Errors
/// As [`evaluate`].
pub fn seeds(claims: &[ClaimSpec], curves: &Curves, rules: Rules) -> Result<Vec<Varied>, Invalid> {
    let all: Vec<u64> = curves.runs.iter().map(|run| run.seed).collect::<BTreeSet<_>>().into_iter().collect();
    if all.len() < 4 {
        return Ok(Vec::new());
    }
    let keeping = |by: String, keep: &dyn Fn(&Run) -> bool| {
        let runs = curves.runs.iter().filter(|run| keep(run)).cloned().collect();
        Varied::of(by, claims, &Curves { runs, ..curves.clone() }, rules)
    };
    let mut found = Vec::new();
    for seed in &all {
        found.push(keeping(format!("without seed {seed}"), &|run| run.seed != *seed)?);
    }
    let (first, second) = all.split_at(all.len() / 2);
    for (half, by) in [(first, "the first half of the seeds"), (second, "the second half of the seeds")] {
        found.push(keeping(by.to_owned(), &|run| half.contains(&run.seed))?);
    }
    Ok(found)
}

/// What the grid of a tuned method leaves open.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// The kept values.
    pub kept: String,
    /// The kept values at the ends of their grids; empty without any.
    pub edges: String,
    /// The values of the next best trial, and its score and that of the kept one.
    pub next: Option<(String, f64, f64)>,
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keeps {}", self.method, self.kept)?;
        if !self.edges.is_empty() {
            write!(f, ", at the edge of its grid ({})", self.edges)?;
        }
        let Some((values, score, kept)) = &self.next else { return Ok(()) };
        write!(f, "; next {values}, with {} for {}", short(*score), short(*kept))
    }
}

/// The grids of the `methods` in the cells that `keeps` names.
pub fn grids(trials: &[Trial], methods: &[&str], keeps: impl Fn(&Cell) -> bool) -> Vec<Grid> {
    let mut found = Vec::new();
    for winner in winners(trials).into_iter().filter(|winner| methods.contains(&winner.method.as_str()) && keeps(&winner.cell)) {
        let rivals = trials.iter().filter(|trial| (&trial.cell, &trial.method) == (&winner.cell, &winner.method));
        let kept = rivals.clone().find(|trial| trial.kept).map_or(f64::NAN, |trial| trial.score);
        let behind = |trial: &&Trial| (trial.score - kept).abs();
        let next = rivals.filter(|trial| !trial.kept).min_by(|a, b| behind(a).total_cmp(&behind(b)));
        let values =
            |trial: &Trial| trial.values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("; ");
        let next = next.map(|trial| (values(trial), trial.score, kept));
        let (kept, edges) = (winner.tuned(), winner.edges());
        found.push(Grid { cell: winner.cell, method: winner.method, kept, edges, next });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss of the good method is 1 until half of the run and 3 from then on, that of the bad one about 2.
    fn curves() -> Curves {
        let mut file = String::from("method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n");
        for seed in 0..8_u32 {
            for round in 0..=8_u32 {
                let shift = 1.0 + 0.01 * f64::from(seed);
                let good = if round <= 4 { 1.0 } else { 3.0 };
                file +=
                    &format!("good,{seed},{round},{round},0,0,0,0,{good}\nbad,{seed},{round},{round},0,0,0,0,{}\n", 2.0 * shift);
            }
        }
        Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap()
    }

    fn claim(text: &str) -> ClaimSpec {
        toml::from_str(&format!("text = \"t\"\nmetric = \"loss\"\nbetter = \"good\"\nworse = \"bad\"\n{text}")).unwrap()
    }

    #[test]
    fn an_earlier_stop_can_turn_a_verdict() {
        let claims = [claim("by = 1"), claim("by = 1\nat = { rounds = 4 }")];
        let found = stops(&claims, &curves(), Rules::default()).unwrap();
        let answers = |index: usize| found.iter().map(|varied| varied.answer(&(index, Cell::default()))).collect::<Vec<_>>();
        // Three quarters of eight rounds are six, a half is four.
        assert_eq!(answers(0), [Answer::Refuted, Answer::Holds, Answer::Holds]);
        assert_eq!(answers(1), [Answer::Holds; 3]);
        assert_eq!(found[0].by, "75 % of the run");
    }

    #[test]
    fn seeds_are_left_out_one_by_one_and_by_halves() {
        let mut curves = curves();
        let found = seeds(&[claim("by = 1\nat = { rounds = 4 }")], &curves, Rules::default()).unwrap();
        assert_eq!(found.len(), 10);
        assert!(found.iter().all(|varied| varied.answer(&(0, Cell::default())) == Answer::Holds));
        curves.runs.retain(|run| run.seed < 3);
        assert!(seeds(&[claim("by = 1")], &curves, Rules::default()).unwrap().is_empty());
    }

    #[test]
    fn a_grid_tells_its_edge_and_the_next_best() {
        let trial = |lr: &str, kept, score| Trial {
            cell: Cell::default(),
            method: "good".to_owned(),
            values: vec![("local.lr".to_owned(), lr.to_owned())],
            kept,
            by: "final loss".to_owned(),
            score,
            rung: 1,
            seeds: 3,
            totals: [0.0; 6],
        };
        let trials = [trial("0.1", false, 0.5), trial("0.2", false, 0.3), trial("0.4", true, 0.25)];
        let found = grids(&trials, &["good", "bad"], |_| true);
        let told = "good keeps local.lr=0.4, at the edge of its grid (local.lr=largest); next local.lr=0.2, with 0.300 for 0.250";
        assert_eq!(found[0].to_string(), told);
        assert!(grids(&trials, &["bad"], |_| true).is_empty());
    }
}
