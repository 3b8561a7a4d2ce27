//! Runs all of a plan and makes the results.

mod again;
mod assemble;
mod folder;
mod kept;
mod looks;
mod one;
mod predicted;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use assemble::Tables;

use super::{
    done::{Done, RunId},
    error::RunError,
    options::{Options, Progressing},
    plan::Plan,
    results::{Lock, Results},
    threads::{one_a_thread, shares_threads},
    worlds::Worlds,
};
use crate::record::{
    End, Outcome,
    claim::Verdict,
    curves::{crews, summary::Row, trial::Winner},
};

#[cfg(feature = "figure")]
use super::{ours::Ours, plan::swept};
#[cfg(feature = "figure")]
use crate::record::{curves::Curves, metric::Measure};

/// The results of a plan.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Number of runs.
    pub runs: usize,
    /// Whether earlier calls had done all of them.
    pub done_before: bool,
    /// Labels and seeds of runs that diverged.
    pub diverged: Vec<(String, u64)>,
    /// Labels and seeds of runs that ended before a bound of `stop`, because nothing was left to happen.
    pub stalled: Vec<(String, u64)>,
    /// Labels and seeds of runs that were ended because time stood still, or no more work was done.
    pub stuck: Vec<(String, u64)>,
    /// The rows of `summary.csv`.
    pub rows: Vec<Row>,
    /// The names of the values of a row.
    pub columns: Vec<String>,
    /// The values kept for each tuned method in each cell.
    pub tuned: Vec<Winner>,
    /// Notes on what makes the comparison of the methods uneven, a line each.
    pub notes: Vec<String>,
    /// The keys that were changed from the command line, with their values.
    pub overridden: BTreeMap<String, String>,
    /// The claims, cell by cell.
    pub verdicts: Vec<Verdict>,
    /// The figures drawn.
    pub figures: Vec<PathBuf>,
}

/// Runs `plan` into `results`.
///
/// Results in the folder are extended, by methods, seeds, cells or a later `stop`: other methods and seeds stay, and runs that earlier calls have started are not started again.
///
/// # Errors
/// [`RunError`]; what has been written stays, and after [`RunError::Interrupted`] what there is of the runs is in `curves.csv`.
pub fn execute(plan: &Plan, results: &Results, options: &Options, progress: &dyn Progressing) -> Result<Summary, RunError> {
    let _lock = Lock::take(results, &holder(plan))?;
    let earlier = folder::earlier(results, options, &plan.scenario.registry)?.filter(|_| !options.overwrite);
    let wider = earlier.as_ref().map(|earlier| earlier.join(plan, results)).transpose()?.flatten();
    if let Some(earlier) = &earlier {
        earlier.notes(wider.as_ref().unwrap_or(plan), results, options).iter().for_each(|note| progress.note(note));
    }
    let shown = earlier.as_ref().and_then(folder::Earlier::shown);
    let again = plan.again()?;
    let mut summary = all(wider.as_ref().unwrap_or(plan), results, options, shown, progress)?;
    let mut further = wider.as_ref().unwrap_or(plan).looking_on(&summary.verdicts)?;
    while let Some(more) = further {
        summary = all(&more, results, &Options { overwrite: false, ..options.clone() }, None, progress)?;
        further = more.looking_on(&summary.verdicts)?;
    }
    let asked = again::ask(&again, &plan.claims, &summary.verdicts, results, options, progress)?;
    if !asked.is_empty() {
        summary.verdicts.extend(asked);
        assemble::write_claims(results, &summary.verdicts)?;
    }
    Ok(summary)
}

/// The description of this call for a second process that wants the folder.
fn holder(plan: &Plan) -> String {
    let file = format!("`{}`", plan.scenario.file().escape_debug());
    let overrides = plan.scenario.overrides.iter().map(|text| text.escape_debug().to_string()).collect::<Vec<_>>();
    if overrides.is_empty() { file } else { format!("{file} with {}", overrides.join(", ")) }
}

/// Runs all of `plan` that has not been run, and makes the tables and figures; `shown` is what the tables hold now.
fn all(
    plan: &Plan,
    results: &Results,
    options: &Options,
    shown: Option<&folder::Shown>,
    progress: &dyn Progressing,
) -> Result<Summary, RunError> {
    folder::begin(plan, results, options)?;
    let (mut outcomes, left) = ended(plan, results, progress)?;
    progress.planned(plan, &left);
    let done_before = left.is_empty();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.unwrap_or(0)).build()?;
    let further = pool.install(|| all_runs(plan, &left, results, options, progress));
    if matches!(further, Err(RunError::Interrupted)) {
        assemble::join_begun(plan, results, shown)?;
    }
    outcomes.extend(further?);
    let outcomes: Vec<(RunId, End)> = outcomes.into_iter().collect();
    let Tables { rows, columns, tuned, crews, verdicts, mut written } = assemble::assemble(plan, results, &outcomes)?;
    folder::show(plan, results)?;
    let figures = figures(plan, results, options)?;
    written.extend(figures.iter().filter_map(|path| relative(path, results)));
    folder::end(plan, results, &written, options)?;
    let ended = |how: Outcome| {
        let runs = outcomes.iter().filter(|(_, end)| end.outcome == how);
        runs.map(|&(run, _)| (plan.arm(run).label.clone(), plan.seeds[run.seed])).collect()
    };
    let (diverged, stalled, stuck) = (ended(Outcome::Diverged), ended(Outcome::Idle), ended(Outcome::Stuck));
    Ok(Summary {
        runs: outcomes.len(),
        done_before,
        diverged,
        stalled,
        stuck,
        rows,
        columns,
        tuned,
        notes: crews::notes(&crews),
        overridden: plan.overridden(),
        verdicts,
        figures,
    })
}

/// The path of a file of the results from their folder on, with `/` between its parts.
fn relative(path: &Path, results: &Results) -> Option<String> {
    let path = path.strip_prefix(results.folder()).ok()?;
    Some(path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// The runs that have ended, with how, and those that have not. A damaged run is reported, and starts again.
fn ended(plan: &Plan, results: &Results, progress: &dyn Progressing) -> Result<(BTreeMap<RunId, End>, Vec<RunId>), RunError> {
    let (mut outcomes, mut left) = (BTreeMap::new(), Vec::new());
    for run in plan.runs() {
        let name = plan.name(run);
        match Done::read(results, &name) {
            Ok(Some(outcome)) => drop(outcomes.insert(run, outcome)),
            Ok(None) => left.push(run),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                progress.note(&anew(plan, run, &error));
                left.push(run);
            }
            Err(error) => return Err(RunError::io(&results.of_run(&name, "done"))(error)),
        }
    }
    Ok((outcomes, left))
}

/// The note that the saved files of a run are unusable.
fn anew(plan: &Plan, run: RunId, error: &io::Error) -> String {
    format!("{error}: the run of `{}` with seed {} starts again", plan.arm(run).label, plan.seeds[run.seed])
}

/// Draws the figures of a plan whose curves are written.
#[cfg(feature = "figure")]
fn figures(plan: &Plan, results: &Results, options: &Options) -> Result<Vec<PathBuf>, RunError> {
    let ours = Ours::of(results)?;
    let drawn = crate::figure::draw_all(results.folder(), &plan.figures, &|name| ours.is_foreign(name))?;
    if options.overwrite {
        crate::figure::remove_others(results.folder(), &drawn)?;
    }
    Ok(drawn)
}

/// The names of the figures that a plan draws, as far as they are known before its runs.
#[cfg(feature = "figure")]
fn foreseen_figures(plan: &Plan) -> Vec<String> {
    let metrics = plan.columns.iter().map(|&column| Measure::from(column)).collect();
    let cells = plan.cells.iter().map(|planned| swept(&planned.cell));
    crate::figure::foreseen(&Curves::outline(plan.keys(), metrics, cells), &plan.figures)
}

#[cfg(not(feature = "figure"))]
fn foreseen_figures(_: &Plan) -> Vec<String> {
    Vec::new()
}

/// A build without figures leaves the curves for a later `fedfleet plot`.
#[cfg(not(feature = "figure"))]
fn figures(_: &Plan, _: &Results, _: &Options) -> Result<Vec<PathBuf>, RunError> {
    Ok(Vec::new())
}

fn all_runs(
    plan: &Plan,
    runs: &[RunId],
    results: &Results,
    options: &Options,
    progress: &dyn Progressing,
) -> Result<Vec<(RunId, End)>, RunError> {
    let worlds = Worlds::new(plan, runs);
    let inner = shares_threads(runs.len());
    let one = |&run: &RunId| {
        if options.interrupted() {
            return Err(RunError::Interrupted);
        }
        let world = worlds.of(run)?;
        world.check_optimum(&plan.cells[run.cell].metrics).map_err(|invalid| plan.reject(run.cell, invalid))?;
        let mut shown = progress.run(plan, run);
        let mut attempt = |saved| one::run(plan, run, world.clone(), results, (options, inner, saved), shown.as_mut());
        let outcome = match attempt(true) {
            Err(RunError::Damaged(error)) => {
                progress.note(&anew(plan, run, &error));
                attempt(false)?
            }
            other => other?,
        };
        Ok((run, outcome))
    };
    if inner { runs.iter().map(one).collect() } else { one_a_thread(runs, rayon::current_num_threads(), one) }
}
