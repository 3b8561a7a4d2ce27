//! Runs all of a plan and makes the results.

mod assemble;
mod folder;
mod one;
mod predicted;

use std::{
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

use super::{plan::Plan, plan::RunId, results::Results, worlds::Worlds};
use crate::{
    invalid::Invalid,
    record::{Outcome, Progress, claim::Verdict, curves::Curves, summary::Row},
};

use assemble::Tables;
use folder::Ready;
pub use one::served;
pub(super) use one::{Pilot, build_and};

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
    /// Whether to take up runs where an earlier call left them.
    pub resume: bool,
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
        Self { threads: None, resume: false, checkpoint_every: Duration::from_secs(10), interrupt: Arc::default() }
    }
}

/// Shows how runs get on.
pub trait Progressing: Sync {
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
    /// The world of a run cannot be built, or its method is not for it.
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
    /// The folder holds results of another scenario.
    #[error("`{}` holds runs of another scenario: cannot resume; choose another folder by --out, or leave out --resume", .0.display())]
    Different(PathBuf),
    /// There is nothing to resume.
    #[error("`{}` holds no interrupted runs to resume", .0.display())]
    NothingToResume(PathBuf),
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
    /// Whether an earlier call had done all of them; then how they ended is not told again.
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
    /// The claims, cell by cell.
    pub verdicts: Vec<Verdict>,
    /// The figures drawn.
    pub figures: Vec<PathBuf>,
}

/// Runs `plan` into `results`.
///
/// # Errors
/// [`RunError`]; what has been written stays, and after [`RunError::Interrupted`] what there is of the runs is in `curves.csv`.
pub fn execute(plan: &Plan, results: &Results, options: &Options, progress: &dyn Progressing) -> Result<Summary, RunError> {
    if folder::prepare(plan, results, options)? == Ready::Done {
        return again(plan, results);
    }
    let threads = options.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let outcomes = pool.install(|| all_runs(plan, results, options, progress));
    if matches!(outcomes, Err(RunError::Interrupted)) {
        assemble::join_begun(plan, results)?;
    }
    let outcomes = outcomes?;
    let Tables { rows, columns, verdicts } = assemble::assemble(plan, results, &outcomes)?;
    let figures = figures(plan, results)?;
    folder::discard_unfinished(results)?;
    let ended = |how: Outcome| {
        let runs = outcomes.iter().filter(|(_, outcome)| *outcome == how);
        runs.map(|&(run, _)| (plan.arm(run).label.clone(), plan.seeds[run.seed])).collect()
    };
    let (diverged, stalled, stuck) = (ended(Outcome::Diverged), ended(Outcome::Idle), ended(Outcome::Stuck));
    Ok(Summary { runs: outcomes.len(), done_before: false, diverged, stalled, stuck, rows, columns, verdicts, figures })
}

/// What had come of a plan whose runs are all done, from its curves.
fn again(plan: &Plan, results: &Results) -> Result<Summary, RunError> {
    let Tables { rows, columns, verdicts } = assemble::summarise(plan, &Curves::read(&results.file("curves.csv"))?)?;
    let figures = figures(plan, results)?;
    Ok(Summary { runs: plan.runs().len(), done_before: true, rows, columns, verdicts, figures, ..Summary::default() })
}

/// Draws the figures of a plan whose curves are written.
#[cfg(feature = "figure")]
fn figures(plan: &Plan, results: &Results) -> Result<Vec<PathBuf>, RunError> {
    Ok(crate::figure::draw_all(results.folder(), &plan.figures)?)
}

/// A build without figures leaves the curves for a later `fedfleet plot`.
#[cfg(not(feature = "figure"))]
fn figures(_: &Plan, _: &Results) -> Result<Vec<PathBuf>, RunError> {
    Ok(Vec::new())
}

fn all_runs(
    plan: &Plan,
    results: &Results,
    options: &Options,
    progress: &dyn Progressing,
) -> Result<Vec<(RunId, Outcome)>, RunError> {
    let runs = plan.runs();
    let worlds = Worlds::new(plan, &runs);
    // Few runs share the threads within each run; many runs take a thread each.
    let inner = runs.len() < 2 * rayon::current_num_threads();
    let one = |&run: &RunId| {
        if options.interrupted() {
            return Err(RunError::Interrupted);
        }
        let world = worlds.of(run)?;
        world.check_optimum(&plan.cells[run.cell].metrics)?;
        let mut shown = progress.run(plan, run);
        let outcome = one::run(plan, run, world, results, options, inner, shown.as_mut())?;
        Ok((run, outcome))
    };
    if inner { runs.iter().map(one).collect() } else { one_a_thread(&runs, rayon::current_num_threads(), one) }
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
