//! `fedfleet run`: runs a scenario, and writes its results.

mod progress;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use progress::{Bars, Notes};
use serde_json::{Map, Value, json};

use super::{Outcome, ScenarioArgs, Usage, outlook, unplaced};
use crate::{
    invalid::{count, printable},
    record::{
        claim::{Answer, Verdict},
        curves::{
            Cell,
            summary::Row,
            trial::{Cost, Winner, costs, lines},
        },
    },
    registry::Registry,
    run::{Options, Plan, Results, RunError, Summary, execute, verify},
    scenario::nearest,
};

#[cfg(feature = "figure")]
use crate::figure::FigureError;

const EXAMPLES: &str = "\
Examples:
  fedfleet run scenario.toml
  fedfleet run scenario.toml --set federated.local.lr=0.1 --out results/lr-0.1
  fedfleet run scenario.toml --only fedavg --seeds 1
  fedfleet run scenario.toml --resume
  fedfleet run scenario.toml --strict --json > summary.json

Results: curves.csv, runs.csv (the outcome and the sampling of each run), metrics.csv (titles, units
and directions of the metrics), summary.csv, claims.csv, manifest.toml and figures in the folder of
--out.
Running manifest.toml gives the same bytes.

A folder that holds results of the same scenario is extended by methods, seeds, sweep cells or a
later `stop`, and no run is repeated; a folder with other results needs --overwrite. Ctrl-C saves the runs, and
--resume continues them; until then curves.csv holds the rows so far.";

/// Run a scenario: curves, summary, claims and figures
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Run only the method of this label; may be given several times
    #[arg(long, value_name = "LABEL")]
    only: Vec<String>,

    /// Threads; all processors if not given. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,

    /// Folder of the results; `results/<name of the scenario>` if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Continue the runs of an interrupted call, which must be there; the results are the same bytes
    #[arg(long, conflicts_with = "verify")]
    resume: bool,

    /// Start again, and replace any results in the folder
    #[arg(long, conflicts_with_all = ["verify", "resume"])]
    overwrite: bool,

    /// Time between two checkpoints of a run; results do not depend on it
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = wait, hide_short_help = true)]
    checkpoint_seconds: f64,

    /// Keep the state in which each run ends, so that a later `stop` goes on from it instead of starting the run again
    #[arg(long, conflicts_with = "verify", hide_short_help = true)]
    keep_checkpoints: bool,

    /// Run everything twice, on one thread and on all, and name the first event that differs; write nothing
    #[arg(long)]
    verify: bool,

    /// End with exit code 1 if a claim is refuted or undecided
    #[arg(long)]
    strict: bool,

    /// Print the summary as JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        let scenario = self.scenario.load(registry)?;
        let labels: Vec<String> = scenario.cells[0].methods.iter().map(|method| method.label.clone()).collect();
        self.only.iter().try_for_each(|label| known(label, &labels))?;
        // Within as many threads as will run, since memory is held against the runs that go on together.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.unwrap_or(0)).build()?;
        let plan = pool.install(|| Plan::resolve(scenario, &self.only))?;
        if self.verify {
            return self.verify(&plan);
        }
        write!(io::stderr(), "{}", printable(&outlook::data_once(&plan)))?;
        plan.tuned_words().iter().try_for_each(|line| writeln!(io::stderr(), "{}", printable(line)))?;
        plan.notes().iter().try_for_each(|note| writeln!(io::stderr(), "note: {}", printable(note)))?;
        let results = Results::at(self.folder());
        let checkpoint_every = Duration::from_secs_f64(self.checkpoint_seconds);
        let options = Options {
            threads: self.threads,
            resume: self.resume,
            overwrite: self.overwrite,
            checkpoint_every,
            keep_checkpoints: self.keep_checkpoints,
            interrupt: caught()?,
        };
        let outcome = if io::stderr().is_terminal() {
            execute(&plan, &results, &options, &Bars::new(self.threads))
        } else {
            execute(&plan, &results, &options, &Notes { threads: self.threads })
        };
        let summary = outcome.map_err(|error| located(error, &plan))?;
        let text = if self.json {
            as_json(&summary, results.folder())
        } else {
            printable(&told(&summary, results.folder())).into_owned()
        };
        io::stdout().lock().write_all(text.as_bytes())?;
        let held = summary.verdicts.iter().all(|verdict| verdict.answer == Answer::Holds || verdict.with.is_some());
        Ok(if self.strict && !held { Outcome::Failed } else { Outcome::Done })
    }

    fn folder(&self) -> PathBuf {
        let name = self.scenario.path.file_stem().unwrap_or("scenario".as_ref());
        self.out.clone().unwrap_or_else(|| Path::new("results").join(name))
    }

    fn verify(&self, plan: &Plan) -> anyhow::Result<Outcome> {
        let differences = verify(plan, self.threads).map_err(|error| located(error, plan))?;
        let mut out = io::stdout().lock();
        if differences.is_empty() {
            writeln!(out, "{}: the same on one thread and on all", count(plan.runs().len(), "run"))?;
            return Ok(Outcome::Done);
        }
        differences.iter().try_for_each(|difference| writeln!(out, "{difference}"))?;
        Ok(Outcome::Failed)
    }
}

/// A number of threads.
fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "expected a whole number from 1".to_owned())
}

/// A time that a clock can wait for [s].
fn wait(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=1e9).contains(seconds));
    seconds.ok_or_else(|| "expected a number of seconds from 0 to 1e9".to_owned())
}

fn known(label: &str, labels: &[String]) -> Result<(), Usage> {
    if labels.iter().any(|known| known == label) {
        return Ok(());
    }
    let meant = nearest(label, labels).map(|label| format!(": did you mean `{label}`?"));
    Err(Usage(format!("--only: no method has the label `{label}`{}", meant.unwrap_or_default())))
}

/// An error that points into the scenario or into a file, where it is a fault of either.
pub fn located(error: RunError, plan: &Plan) -> anyhow::Error {
    match error {
        RunError::Rejected(rejected) => rejected.into(),
        #[cfg(feature = "figure")]
        RunError::Figure(FigureError::Invalid(invalid)) if invalid.file.is_none() => {
            plan.scenario.reject(vec![crate::scenario::Diagnostic::from_invalid(invalid, &plan.cells[0].cell.tree)]).into()
        }
        #[cfg(feature = "figure")]
        RunError::Figure(FigureError::Invalid(invalid)) => unplaced(invalid).into(),
        RunError::Invalid(invalid) => unplaced(invalid).into(),
        other => other.into(),
    }
}

fn told(summary: &Summary, folder: &Path) -> String {
    let mut text = String::new();
    for verdict in &summary.verdicts {
        text += &format!("{}\n", verdict.line());
    }
    if summary.done_before {
        text += "all runs were done before: nothing was run\n";
    }
    summary.notes.iter().for_each(|note| text += &format!("note: {note}\n"));
    costs(&summary.tuned).iter().for_each(|line| text += &format!("tuning took: {line}\n"));
    text += &edges(&summary.tuned);
    text += &endings("diverged", &summary.diverged);
    text += &endings("ran out of events before a bound of `stop`", &summary.stalled);
    let stuck = "ended early, because virtual time did not advance (let steps or messages take time, or stop after rounds) or no more work was done";
    text += &endings(stuck, &summary.stuck);
    // A figure is several files.
    let figures: BTreeSet<PathBuf> = summary.figures.iter().map(|path| path.with_extension("")).collect();
    text + &format!("{}, {}: {}\n", count(summary.runs, "run"), count(figures.len(), "figure"), folder.display())
}

/// A line for each tuned value that is an end of its grid.
fn edges(tuned: &[Winner]) -> String {
    lines(tuned, |tuned| tuned.edge.is_some())
        .iter()
        .map(|line| format!("best value at the edge of its grid, try values beyond: {line}\n"))
        .collect()
}

/// A line a method whose runs ended so, with their seeds.
fn endings(how: &str, runs: &[(String, u64)]) -> String {
    let mut methods: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (label, seed) in runs {
        let _ = methods.entry(label).or_default().insert(*seed);
    }
    let line = |(label, seeds): (&str, BTreeSet<u64>)| {
        let word = if seeds.len() == 1 { "seed" } else { "seeds" };
        format!("{how}: {label}, {word} {}\n", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
    };
    methods.into_iter().map(line).collect()
}

/// The summary as JSON: the rows of `summary.csv`, the claims, the runs that diverged, what makes the comparison uneven, the keys
/// that were changed from the command line, the figures.
fn as_json(summary: &Summary, folder: &Path) -> String {
    let diverged = summary.diverged.iter().map(|(label, seed)| json!({ "label": label, "seed": seed }));
    let overrides: Map<_, _> = summary.overridden.iter().map(|(key, text)| (key.clone(), value(text))).collect();
    let all = json!({
        "results": folder.display().to_string(),
        "runs": summary.runs,
        "summary": summary.rows.iter().map(|row| of_row(row, summary)).collect::<Vec<_>>(),
        "diverged": diverged.collect::<Vec<_>>(),
        "notes": summary.notes,
        "overrides": overrides,
        "claims": summary.verdicts.iter().map(claim).collect::<Vec<_>>(),
        "figures": summary.figures.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// A method in a cell: what was kept of its tuned keys, with those that are ends of their grids, and its values by the names of the
/// columns. Infinities and what was not recorded are null.
fn of_row(row: &Row, summary: &Summary) -> Value {
    let values = summary.columns.iter().cloned().zip(row.values().into_iter().map(Value::from));
    let named = [("cell".to_owned(), cell(&row.cell)), ("method".to_owned(), row.method.as_str().into())];
    let tuned = row.choice(&summary.tuned).into_iter().flat_map(|winner| {
        let kept: Map<_, _> = winner.values.iter().map(|tuned| (tuned.key.clone(), value(&tuned.value))).collect();
        let edges = winner.values.iter().filter_map(|tuned| Some((tuned.key.clone(), tuned.edge?.name().into())));
        let cost: Map<_, Value> =
            Cost::COLUMNS.iter().zip(winner.cost.values()).map(|(name, x)| ((*name).to_owned(), x.into())).collect();
        let edges: Map<_, Value> = edges.collect();
        [("tuned".to_owned(), kept.into()), ("edge".to_owned(), edges.into()), ("tuning".to_owned(), cost.into())]
    });
    named.into_iter().chain(tuned).chain(values).collect::<Map<_, _>>().into()
}

/// A value of a scenario; a number where it is one.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// The swept values by their keys; numbers where they are some.
fn cell(cell: &Cell) -> Value {
    cell.0.iter().map(|(key, text)| (key.clone(), value(text))).collect::<Map<_, _>>().into()
}

/// A claim: its `verdict`, and whether it `holds`, null where that is unknown or undecided; the `interval` of what was measured, null
/// for a value without spread; the changed keys `with` which it was asked again.
fn claim(verdict: &Verdict) -> Value {
    let evidence = verdict.evidence;
    json!({
        "text": verdict.text, "kind": verdict.kind, "with": verdict.with, "cell": verdict.cell.to_string(), "required": verdict.required,
        "measured": verdict.measured, "interval": verdict.interval.map(|interval| [interval.low, interval.high]),
        "verdict": verdict.answer.name(), "holds": verdict.answer.holds(),
        "seeds": evidence.seeds, "in_favour": evidence.favour,
        "p": evidence.p, "p_exact": evidence.exact, "p_holm": evidence.holm, "note": verdict.note,
    })
}

/// Exit code of a call that was interrupted, as shells report it.
pub const INTERRUPTED: u8 = 130;

/// Signals that ask to leave: the second may be one of impatience, or that of a terminal beside that of a scheduler.
const ASKING: usize = 2;

/// A flag that the first signal sets; the third one ends the program at once.
///
/// # Errors
/// When signals cannot be caught.
pub fn caught() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let (set, signals) = (Arc::clone(&flag), AtomicUsize::new(0));
    ctrlc::set_handler(move || {
        set.store(true, Ordering::Relaxed);
        if signals.fetch_add(1, Ordering::Relaxed) >= ASKING {
            std::process::exit(INTERRUPTED.into());
        }
    })?;
    Ok(flag)
}
