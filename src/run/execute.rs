//! Runs all of a plan and makes the results.

mod assemble;
mod folder;
mod kept;
mod one;
mod predicted;

use std::{
    collections::BTreeMap,
    io, panic,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use thiserror::Error;

use super::{done::Done, lock::Lock, plan::Plan, plan::RunId, results::Results, threads::shares_threads, worlds::Worlds};
use crate::{
    invalid::Invalid,
    record::{Outcome, Progress, claim::Verdict, summary::Row},
    scenario::{Difference, Rejected, Runs},
};

use assemble::Tables;
pub(super) use one::{Pilot, build_and, check_built};
pub use one::{peers, served};

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
    /// Whether there must be runs to take up where an earlier call left them. They are taken up in any case.
    pub resume: bool,
    /// Whether to begin anew in a folder that holds results, and to replace them, whatever they are.
    pub overwrite: bool,
    /// Time between checkpoints of a run.
    pub checkpoint_every: Duration,
    /// Once set, runs are saved and left where they are.
    pub interrupt: Arc<AtomicBool>,
}

impl Options {
    /// Whether runs are to be left where they are.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: None,
            resume: false,
            overwrite: false,
            checkpoint_every: Duration::from_secs(10),
            interrupt: Arc::default(),
        }
    }
}

/// Shows how runs get on.
pub trait Progressing: Sync {
    /// These runs are about to begin or to go on.
    fn planned(&self, plan: &Plan, runs: &[RunId]) {
        let _ = (plan, runs);
    }

    /// Something that the user did not ask for, and wants to know.
    fn note(&self, note: &str) {
        let _ = note;
    }

    /// A run begins.
    fn run(&self, plan: &Plan, run: RunId) -> Box<dyn RunProgress>;
}

/// Shows how one run gets on. Dropped when the run ends.
pub trait RunProgress: Send {
    /// A sample was taken; `headline` is its first metric.
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progressing for Silent {
    fn run(&self, _: &Plan, _: RunId) -> Box<dyn RunProgress> {
        Box::new(Self)
    }
}

impl RunProgress for Silent {
    fn sampled(&mut self, _: &Progress, _: Option<f64>) {}
}

/// Why a plan could not be run to its end.
#[derive(Debug, Error)]
pub enum RunError {
    /// The world of a run cannot be built, its method is not for it, or the scenario does not go together with the results there are.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A file of the results cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The results folder cannot be made.
    #[error("cannot create the results folder `{}`: choose another by --out", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process writes into the folder.
    #[error("`{}` is in use by {holder}: wait until it ends, or choose another folder by --out", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// The folder holds results of something else.
    #[error(
        "`{}` holds other results:\n{}\nchoose another folder by --out, or replace them by --overwrite",
        path.display(),
        found.iter().map(|difference| format!("  {difference}")).collect::<Vec<_>>().join("\n")
    )]
    Different {
        /// The folder.
        path: PathBuf,
        /// The keys that differ.
        found: Vec<Difference>,
    },
    /// The folder holds results of other data.
    #[error("`{}` holds results of other data: {what}; bring the file back, choose another folder by --out, or replace the results by --overwrite", path.display())]
    Changed {
        /// The folder.
        path: PathBuf,
        /// What has changed.
        what: String,
    },
    /// Runs that were interrupted end elsewhere.
    #[error(
        "`{}` holds interrupted runs with another `stop`: end them first, by --resume with their `stop`; choose another folder by \
         --out; or throw them away by --overwrite",
        .0.display()
    )]
    UnderWay(PathBuf),
    /// A file is in the way that this program did not write.
    #[error("`{}` is in the way, and fedfleet did not write it: move it away, or choose another folder by --out", .0.display())]
    Foreign(PathBuf),
    /// The manifest of the folder is damaged, or of another version.
    #[error("`{}` cannot be read, so that nobody knows what the results beside it are of: choose another folder by --out, or replace them by --overwrite", .0.display())]
    Unreadable(PathBuf),
    /// There is nothing to resume.
    #[error("`{}` holds no interrupted runs to resume", .0.display())]
    NothingToResume(PathBuf),
    /// What was saved of a run cannot be believed.
    #[error("{0}")]
    Damaged(io::Error),
    /// The call was interrupted; what there is of its runs is in `curves.csv`.
    #[error("interrupted: the runs can be taken up with --resume")]
    Interrupted,
    /// A figure cannot be drawn.
    #[cfg(feature = "figure")]
    #[error(transparent)]
    Figure(#[from] crate::figure::FigureError),
    /// Threads cannot be started.
    #[error("cannot start threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl RunError {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// What came of a plan.
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
    /// What each method came to in each cell, as in `summary.csv`.
    pub rows: Vec<Row>,
    /// The names of the values of a row.
    pub columns: Vec<String>,
    /// The keys that were changed from the command line, with their values.
    pub overridden: BTreeMap<String, String>,
    /// The claims, cell by cell.
    pub verdicts: Vec<Verdict>,
    /// The figures drawn.
    pub figures: Vec<PathBuf>,
}

/// Runs `plan` into `results`.
///
/// What the folder holds is extended: methods and seeds that are there besides stay, and runs that earlier calls have ended or begun
/// are not begun again.
///
/// # Errors
/// [`RunError`]; what has been written stays, and after [`RunError::Interrupted`] what there is of the runs is in `curves.csv`.
pub fn execute(plan: &Plan, results: &Results, options: &Options, progress: &dyn Progressing) -> Result<Summary, RunError> {
    let _lock = Lock::take(results, &holder(plan))?;
    let earlier = folder::earlier(results, options, &plan.scenario.registry)?.filter(|_| !options.overwrite);
    let wider = earlier.as_ref().map(|earlier| earlier.join(plan, results)).transpose()?.flatten();
    if let Some(earlier) = &earlier {
        earlier.notes(plan, options).iter().for_each(|note| progress.note(note));
    }
    let shown = earlier.as_ref().and_then(folder::Earlier::shown);
    match &wider {
        None => all(plan, results, options, shown, progress),
        Some(wider) => all(wider, results, options, shown, progress),
    }
}

/// What a second process is told that runs.
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
    shown: Option<&Runs>,
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
    let outcomes: Vec<(RunId, Outcome)> = outcomes.into_iter().collect();
    let Tables { rows, columns, verdicts, mut written } = assemble::assemble(plan, results, &outcomes)?;
    folder::show(plan, results)?;
    let figures = figures(plan, results, options)?;
    written.extend(figures.iter().filter_map(|path| relative(path, results)));
    folder::end(plan, results, written, options)?;
    let ended = |how: Outcome| {
        let runs = outcomes.iter().filter(|(_, outcome)| *outcome == how);
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

/// The runs that have ended, with how, and those that have not. What is damaged is told, and begins anew.
fn ended(plan: &Plan, results: &Results, progress: &dyn Progressing) -> Result<(BTreeMap<RunId, Outcome>, Vec<RunId>), RunError> {
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

/// Says that what was saved of a run is of no use.
fn anew(plan: &Plan, run: RunId, error: &io::Error) -> String {
    format!("{error}: the run of `{}` with seed {} begins anew", plan.arm(run).label, plan.seeds[run.seed])
}

/// Draws the figures of a plan whose curves are written.
#[cfg(feature = "figure")]
fn figures(plan: &Plan, results: &Results, options: &Options) -> Result<Vec<PathBuf>, RunError> {
    let drawn = crate::figure::draw_all(results.folder(), &plan.figures)?;
    if options.overwrite {
        crate::figure::remove_others(results.folder(), &drawn)?;
    }
    Ok(drawn)
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
) -> Result<Vec<(RunId, Outcome)>, RunError> {
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

/// Maps `runs` on `threads` threads, each with a rayon pool of its own.
///
/// In a common pool, a thread that waits for the parts of a world or an optimum that it builds could be handed another run,
/// which waits for the same.
fn one_a_thread<T: Send>(
    runs: &[RunId],
    threads: usize,
    one: impl Fn(&RunId) -> Result<T, RunError> + Sync,
) -> Result<Vec<T>, RunError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| {
            let claim = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < runs.len());
            std::iter::from_fn(claim).map(|at| Ok((at, one(&runs[at])?))).collect::<Result<Vec<_>, RunError>>()
        })
    };
    let parts: Vec<Result<Vec<(usize, T)>, RunError>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    });
    let mut done = parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>();
    done.sort_unstable_by_key(|&(at, _)| at);
    Ok(done.into_iter().map(|(_, outcome)| outcome).collect())
}
