//! Runs all of a plan and makes the results.

mod again;
mod assemble;
mod folder;
mod kept;
mod looks;
mod one;
mod predicted;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use assemble::Tables;

use super::{
    done::{Done, RunId},
    error::RunError,
    held::Held,
    options::{Options, Progressing},
    plan::Plan,
    results::{Lock, Results},
    threads::{one_a_thread, shares_threads},
    tuning::{Choices, Contests, Wanted},
    worlds::Worlds,
};
use crate::record::{
    End, Outcome,
    claim::Verdict,
    curves::{crews, summary::Row, trial::Winner},
};

#[cfg(feature = "figure")]
use super::{cell::swept, ours::Ours};
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
/// Results in the folder are extended, by methods, seeds, cells or a later `stop`: other methods and seeds stay, and runs that earlier calls
/// have started are not started again.
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
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.unwrap_or(0)).build()?;
    let mut stages = Stages {
        plan,
        results,
        options,
        progress,
        ends: BTreeMap::new(),
        held: BTreeSet::new(),
        choices: Choices::default(),
        told: false,
    };
    let made = pool.install(|| stages.run());
    if matches!(made, Err(RunError::Interrupted)) {
        assemble::join_begun(plan, results, shown, &stages.choices)?;
    }
    made?;
    let Stages { ends, held, choices, told, .. } = stages;
    let Tables { rows, columns, tuned, crews, verdicts, mut written } = assemble::assemble(plan, results, &ends, &choices)?;
    folder::show(plan, results)?;
    let figures = figures(plan, results, options)?;
    written.extend(figures.iter().filter_map(|path| relative(path, results)));
    folder::end(plan, results, &written, options)?;
    let ended = |how: Outcome| {
        let runs = ends.iter().filter(|(run, end)| end.outcome == how && choices.reports(plan, **run));
        runs.map(|(&run, _)| (plan.arm(run).label.clone(), plan.seed(run))).collect()
    };
    let (diverged, stalled, stuck) = (ended(Outcome::Diverged), ended(Outcome::Idle), ended(Outcome::Stuck));
    Ok(Summary {
        runs: ends.len() + held.iter().filter(|run| !ends.contains_key(run)).count(),
        done_before: !told,
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

/// The stages of a plan: the choice among the arms of tuned methods, then the runs that are reported.
struct Stages<'a> {
    plan: &'a Plan,
    results: &'a Results,
    options: &'a Options,
    progress: &'a dyn Progressing,
    /// The runs that have ended, by this call or by an earlier one.
    ends: BTreeMap<RunId, End>,
    /// The runs that have been taken a part of the way.
    held: BTreeSet<RunId>,
    /// What was chosen, once it is.
    choices: Choices,
    /// Whether this call has run something.
    told: bool,
}

impl Stages<'_> {
    /// Runs everything that has not been run, and makes the choices on the way.
    fn run(&mut self) -> Result<(), RunError> {
        let plan = self.plan;
        // What needs no choice can be looked at first.
        let whole = |runs: Vec<RunId>| runs.into_iter().map(Wanted::whole).collect::<Vec<_>>();
        let mut wanted = whole(plan.reported(|cell, method| self.choices.known(plan, cell, method)));
        let mut contests = Contests::of(plan);
        loop {
            let pulls = contests.next();
            let is_over = pulls.is_empty();
            wanted.extend(pulls);
            self.all(&wanted)?;
            if is_over {
                break;
            }
            contests.score(self.results, &self.ends)?;
            wanted.clear();
        }
        self.choices = contests.choices();
        self.all(&whole(plan.reported(|cell, method| self.choices.known(plan, cell, method))))
    }

    /// Runs those of `wanted` that have not come as far.
    fn all(&mut self, wanted: &[Wanted]) -> Result<(), RunError> {
        let left = self.left(wanted)?;
        if left.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(&mut self.told, true) {
            let to_come = self.plan.runs().into_iter().filter(|run| !self.ends.contains_key(run));
            self.progress.planned(self.plan, &to_come.collect::<Vec<_>>());
        }
        for (run, end) in all_runs(self.plan, &left, self.results, self.options, self.progress)? {
            match end {
                Some(end) => drop(self.ends.insert(run, end)),
                None => drop(self.held.insert(run)),
            }
        }
        Ok(())
    }

    /// Those of `wanted` that have not come as far; the ends of others are noted. A damaged run is reported, and starts again.
    fn left(&mut self, wanted: &[Wanted]) -> Result<Vec<Wanted>, RunError> {
        let (mut left, mut seen) = (Vec::new(), BTreeSet::new());
        for &one in wanted {
            let Wanted { run, until } = one;
            // Brackets may ask for the same run.
            if self.ends.contains_key(&run) || !seen.insert(run) {
                continue;
            }
            let name = self.plan.name(run);
            match Done::read(self.results, &name) {
                Ok(Some(end)) => drop(self.ends.insert(run, end)),
                Ok(None) => {
                    let reached = until.map(|place| Held::has_reached(self.results, &name, place)).transpose();
                    if reached.map_err(RunError::io(&self.results.of_run(&name, "held")))? == Some(true) {
                        let _ = self.held.insert(run);
                    } else {
                        left.push(one);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    self.progress.note(&anew(self.plan, run, &error));
                    left.push(one);
                }
                Err(error) => return Err(RunError::io(&self.results.of_run(&name, "done"))(error)),
            }
        }
        Ok(left)
    }
}

/// The note that the saved files of a run are unusable.
fn anew(plan: &Plan, run: RunId, error: &io::Error) -> String {
    format!("{error}: the run of `{}` with seed {} starts again", plan.arm(run).label, plan.seed(run))
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
    wanted: &[Wanted],
    results: &Results,
    options: &Options,
    progress: &dyn Progressing,
) -> Result<Vec<(RunId, Option<End>)>, RunError> {
    let runs: Vec<RunId> = wanted.iter().map(|wanted| wanted.run).collect();
    let worlds = Worlds::new(plan, &runs);
    let inner = shares_threads(wanted.len());
    let one = |&wanted: &Wanted| {
        let run = wanted.run;
        if options.interrupted() {
            return Err(RunError::Interrupted);
        }
        let world = worlds.of(run)?;
        world.check_optimum(&plan.cells[run.cell].metrics).map_err(|invalid| plan.reject(run.cell, invalid))?;
        let mut shown = progress.run(plan, run);
        let mut attempt = |saved| one::run(plan, wanted, world.clone(), results, (options, inner, saved), shown.as_mut());
        let outcome = match attempt(true) {
            Err(RunError::Damaged(error)) => {
                progress.note(&anew(plan, run, &error));
                attempt(false)?
            }
            other => other?,
        };
        Ok((run, outcome))
    };
    if inner { wanted.iter().map(one).collect() } else { one_a_thread(wanted, rayon::current_num_threads(), one) }
}
