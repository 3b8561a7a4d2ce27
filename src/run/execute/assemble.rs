//! From the parts of all runs to `curves.csv`, `runs.csv`, `summary.csv`, `claims.csv`, `tuning.csv` and all that is kept on request.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
};

use super::{folder, kept};
use crate::{
    record::{
        End,
        claim::{self, Rules, Verdict},
        clients::table as clients,
        curves::{
            Curves,
            crews::{Crew, crews},
            facts::{self, Fact, Facts, Sampling},
            summary,
            trial::{self, Winner},
        },
        metric,
    },
    registry::Parameters,
    run::{Plan, RunId, cell::swept, done::Done, error::RunError, ours, results::Results, tuning::Choices},
};

/// The content of `summary.csv` and `claims.csv`.
pub(super) struct Tables {
    pub rows: Vec<summary::Row>,
    pub columns: Vec<String>,
    pub tuned: Vec<Winner>,
    pub crews: Vec<Crew>,
    pub verdicts: Vec<Verdict>,
    /// The files, from the results folder on.
    pub written: BTreeSet<String>,
}

/// Writes the tables and evaluates the claims.
pub(super) fn assemble(
    plan: &Plan,
    results: &Results,
    ends: &BTreeMap<RunId, End>,
    choices: &Choices,
) -> Result<Tables, RunError> {
    let mut written = BTreeSet::from(["manifest.toml".to_owned()]);
    let mut table = |name: &str, content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>| {
        let _ = written.insert(name.to_owned());
        write(results, name, content)
    };
    let runs: Vec<RunId> = ends.keys().copied().collect();
    let trials = &choices.trials;
    if !trials.is_empty() {
        table("tuning.csv", &mut |out| trial::write(&plan.keys(), trials, out))?;
    }
    let chosen = chosen(plan, runs.iter().copied(), choices);
    let parts = |extension: &'static str| chosen.values().map(move |&run| results.of_run(&plan.name(run), extension));
    table("curves.csv", &mut |out| join(parts("csv"), out))?;
    let facts: Facts = chosen.values().map(|&run| fact(plan, run, ends.get(&run).copied())).collect();
    table(facts::TABLE, &mut |out| facts::write(&plan.keys(), facts.rows().iter().cloned(), out))?;
    table(metric::TABLE, &mut |out| metric::write(&plan.columns, out))?;
    let crews = crews(&facts);
    if plan.record.staleness {
        table("staleness.csv", &mut |out| join(parts("staleness"), out))?;
    }
    if plan.record.participants {
        table("participants.csv", &mut |out| join(parts("participants"), out))?;
    }
    if plan.record.clients.is_some() {
        table(clients::CLIENTS, &mut |out| join(parts("clients"), out))?;
    }
    if (0..plan.cells.len()).any(|cell| plan.bins_confidence(cell)) {
        let binned = || chosen.values().filter(|run| plan.bins_confidence(run.cell));
        table(clients::RELIABILITY, &mut |out| join(binned().map(|&run| results.of_run(&plan.name(run), "reliability")), out))?;
    }
    if plan.record.stationary_point {
        table("predicted.csv", &mut |out| join(parts("predicted"), out))?;
    }
    for (folder, _) in ours::KEPT.into_iter().filter(|(_, wanted)| wanted(&plan.record)) {
        table(&format!("{folder}/index.csv"), &mut |out| kept::index(plan, (results, folder), &runs, choices, out))?;
    }
    let curves = Curves::read(&results.file("curves.csv"))?;
    let (rows, verdicts) =
        (summary::summarise(&curves, &crews), claim::all(&plan.claims, &curves, Rules { level: plan.scenario.seeds.level() })?);
    let overridden: Vec<(String, String)> = plan.overridden().into_iter().collect();
    let tuned = trial::winners(trials);
    table("summary.csv", &mut |out| summary::write(&curves, (&overridden, &tuned), &rows, out).map_err(io::Error::other))?;
    table("claims.csv", &mut |out| claim::write(&verdicts, out).map_err(io::Error::other))?;
    for (folder, _) in ours::KEPT.into_iter().filter(|(_, wanted)| wanted(&plan.record)) {
        written.extend(runs.iter().map(|&run| format!("{folder}/{}", kept::file(plan, run))));
    }
    Ok(Tables { rows, columns: summary::columns(&curves.metrics), tuned, crews, verdicts, written })
}

/// Writes `claims.csv`.
pub(super) fn write_claims(results: &Results, verdicts: &[Verdict]) -> Result<(), RunError> {
    write(results, "claims.csv", |out| claim::write(verdicts, out).map_err(io::Error::other))
}

/// Writes `curves.csv` and `runs.csv` from the runs that have begun, unless they hold more: the whole of the runs `shown`, not all
/// of which have ended again. There are some of a tuned method only once its arm is among the `choices`.
pub(super) fn join_begun(
    plan: &Plan,
    results: &Results,
    shown: Option<&folder::Shown>,
    choices: &Choices,
) -> Result<(), RunError> {
    let is_there = |run: RunId, extension| results.of_run(&plan.name(run), extension).is_file();
    let known = |cell, method| choices.known(plan, cell, method);
    let (begun, not): (Vec<RunId>, Vec<RunId>) = plan.reported(known).into_iter().partition(|&run| is_there(run, "csv"));
    let unknown = plan.reported(|cell, method| known(cell, method).is_none().then_some(0));
    let is_shown = |run: RunId| shown.is_some_and(|shown| shown.has(plan, run));
    if begun.is_empty()
        || begun.iter().chain(&not).any(|&run| is_shown(run) && !is_there(run, "done"))
        || unknown.into_iter().any(is_shown)
    {
        return Ok(());
    }
    let chosen: BTreeMap<_, RunId> = begun.into_iter().map(by_method).collect();
    let partial = results.partial();
    results.write_whole(&partial, |_| Ok(())).map_err(RunError::io(&partial))?;
    write(results, "curves.csv", |out| join(chosen.values().map(|&run| results.of_run(&plan.name(run), "csv")), out))?;
    write(results, metric::TABLE, |out| metric::write(&plan.columns, out))?;
    // A damaged run is reported when it continues.
    let end = |run| Done::read(results, &plan.name(run)).ok().flatten();
    write(results, facts::TABLE, |out| facts::write(&plan.keys(), chosen.values().map(|&run| fact(plan, run, end(run))), out))?;
    folder::show(plan, results)
}

/// The runs of the chosen arms: by cell, then method, then seed.
fn chosen(plan: &Plan, runs: impl IntoIterator<Item = RunId>, choices: &Choices) -> BTreeMap<(usize, usize, usize), RunId> {
    runs.into_iter().filter(|&run| choices.reports(plan, run)).map(by_method).collect()
}

/// A run with its place in the tables.
fn by_method(run: RunId) -> ((usize, usize, usize), RunId) {
    ((run.cell, run.method, run.seed), run)
}

/// The row of a run in `runs.csv`.
fn fact(plan: &Plan, run: RunId, end: Option<End>) -> Fact {
    let planned = &plan.cells[run.cell];
    let arm = plan.arm(run);
    let server = matches!(arm.parameters, Parameters::Federated { .. });
    Fact {
        cell: swept(&planned.cell),
        method: arm.label.clone(),
        seed: plan.seed(run),
        outcome: end.map(|end| end.outcome),
        at_work: end.map(|end| end.at_work),
        sampling: Sampling { every: planned.record.every, server },
    }
}

/// Joins tables of one header.
fn join(parts: impl Iterator<Item = PathBuf>, out: &mut dyn Write) -> io::Result<()> {
    for (index, part) in parts.enumerate() {
        let mut part = BufReader::new(File::open(part)?);
        if index > 0 {
            let _ = part.skip_until(b'\n')?;
        }
        let _ = io::copy(&mut part, out)?;
    }
    Ok(())
}

fn write(results: &Results, name: &str, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunError> {
    let path = results.file(name);
    results.write_whole(&path, content).map_err(RunError::io(&path))
}
