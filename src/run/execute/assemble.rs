//! From the parts of all runs to `curves.csv`, `summary.csv`, `claims.csv` and `tuning.csv`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::PathBuf,
};

use super::RunError;
use crate::{
    record::{
        Outcome,
        claim::{self, Verdict},
        curves::Curves,
        summary,
    },
    run::{
        Plan, RunId,
        results::Results,
        tuning::{self, Choices},
    },
};

/// What stands in `summary.csv` and `claims.csv`.
pub(super) struct Tables {
    pub rows: Vec<summary::Row>,
    pub columns: Vec<String>,
    pub verdicts: Vec<Verdict>,
}

/// Writes the tables and evaluates the claims.
pub(super) fn assemble(plan: &Plan, results: &Results, outcomes: &[(RunId, Outcome)]) -> Result<Tables, RunError> {
    let choices = tuning::choose(plan, results)?;
    if choices.any_tuned() {
        write(results, "tuning.csv", |out| choices.write(plan, out))?;
    }
    let chosen = chosen(outcomes.iter().map(|&(run, _)| run), &choices);
    write(results, "curves.csv", |out| join(chosen.values().map(|&run| results.part(plan, run)), out))?;
    if plan.record.staleness {
        let parts = chosen.values().map(|&run| results.staleness(plan, run));
        write(results, "staleness.csv", |out| join(parts, out))?;
    }
    if plan.record.surrogate {
        write(results, "predicted.csv", |out| join(chosen.values().map(|&run| results.predicted(plan, run)), out))?;
    }
    let curves = Curves::read(&results.file("curves.csv"))?;
    let tables = summarise(plan, &curves)?;
    write(results, "summary.csv", |out| summary::write(&curves, &tables.rows, out).map_err(io::Error::other))?;
    write(results, "claims.csv", |out| claim::write(&tables.verdicts, out).map_err(io::Error::other))?;
    Ok(tables)
}

/// Summarises the curves and evaluates the claims.
pub(super) fn summarise(plan: &Plan, curves: &Curves) -> Result<Tables, RunError> {
    let mut verdicts = Vec::new();
    for claim in &plan.claims {
        verdicts.extend(claim::evaluate(claim, curves)?);
    }
    Ok(Tables { rows: summary::summarise(curves), columns: summary::columns(&curves.metrics), verdicts })
}

/// Writes `curves.csv` from the runs that have begun; those of a tuned method are of the arm that is best so far.
pub(super) fn join_begun(plan: &Plan, results: &Results) -> Result<(), RunError> {
    let begun: Vec<RunId> = plan.runs().into_iter().filter(|&run| results.part(plan, run).is_file()).collect();
    if begun.is_empty() {
        return Ok(());
    }
    let choices = tuning::choose(plan, results)?;
    let chosen = chosen(begun, &choices);
    write(results, "curves.csv", |out| join(chosen.values().map(|&run| results.part(plan, run)), out))
}

/// The runs of the chosen arms: by cell, then method, then seed.
fn chosen(runs: impl IntoIterator<Item = RunId>, choices: &Choices) -> BTreeMap<(usize, usize, usize), RunId> {
    let kept = runs.into_iter().filter(|run| choices.arm(run.cell, run.method) == run.arm);
    kept.map(|run| ((run.cell, run.method, run.seed), run)).collect()
}

/// Joins tables of one header.
fn join(parts: impl Iterator<Item = PathBuf>, out: &mut dyn Write) -> io::Result<()> {
    for (index, part) in parts.enumerate() {
        let text = fs::read_to_string(part)?;
        let end_of_header = text.find('\n').map_or(text.len(), |at| at + 1);
        let from = if index > 0 { end_of_header } else { 0 };
        out.write_all(&text.as_bytes()[from..])?;
    }
    Ok(())
}

fn write(results: &Results, name: &str, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunError> {
    let path = results.file(name);
    results.write_whole(&path, content).map_err(RunError::io(&path))
}
