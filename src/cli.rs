//! The command line: verbs, exit codes, and where messages go. One file per verb.
//!
//! It needs the cargo feature `cli`. A program of another crate has all verbs by calling [`run()`] in its `main`.

mod check;
mod claims;
mod compare;
mod completions;
mod gallery;
mod man;
mod methods;
mod new;
mod outlook;
#[cfg(feature = "figure")]
mod plot;
mod rank;
mod run;
mod schema;

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    invalid::{Invalid, printable},
    record::{sheet::Sheet, tidy::Tidy},
    registry::Registry,
    run::{Ours, Results, RunError, holder},
    scenario::{Diagnostic, Override, Rejected, Scenario, Sources},
};

const EXAMPLES: &str = "\
Examples:
  fedfleet new first.toml            write a commented scenario to start from
  fedfleet check first.toml          see what it would run
  fedfleet run first.toml            run it: curves, figures, claims
  fedfleet compare results/first --target loss=0.5
  fedfleet claims results/first --vary stop,seeds
  fedfleet rank results/first results/second --metric accuracy
  fedfleet methods fedprox            what a method is, its parameters and its source
  fedfleet schema > fedfleet.json    let an editor complete and check scenarios

Exit codes: 0 done, 1 failed run (or claim, under --strict), 2 bad scenario or usage,
130 interrupted.";

/// Simulate federated optimisation on fleets of heterogeneous clients
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Check(check::Args),
    #[cfg(feature = "figure")]
    Plot(plot::Args),
    Compare(compare::Args),
    Claims(claims::Args),
    Rank(rank::Args),
    Gallery(gallery::Args),
    Methods(methods::Args),
    New(new::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The form of a printed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a README
    Markdown,
    /// For a paper
    Latex,
    /// For a spreadsheet: a row for each thing, a column for each of its values
    Csv,
    /// For a script: the same, as an array of objects
    Json,
}

impl Format {
    /// Writes tables: `sheets` as they are printed, or the `tidy` rows.
    fn write(self, sheets: &[Sheet], tidy: &Tidy) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        let printed =
            |form: fn(&Sheet) -> String| printable(&sheets.iter().map(form).collect::<Vec<_>>().join("\n")).into_owned();
        match self {
            Self::Text => out.write_all(printed(Sheet::text).as_bytes())?,
            Self::Markdown => out.write_all(printed(Sheet::markdown).as_bytes())?,
            Self::Latex => out.write_all(printed(Sheet::latex).as_bytes())?,
            Self::Csv => tidy.csv(&mut out)?,
            Self::Json => out.write_all(tidy.json()?.as_bytes())?,
        }
        Ok(())
    }
}

/// The outcome of a verb that ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Success.
    Done,
    /// A claim does not hold under `--strict`, or runs differ under `--verify`: exit code 1.
    Failed,
}

/// A mistake in how a verb was used: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Runs the verb that the arguments of the process name, and says with what code the process should exit: 0 done, 1 failed run
/// (or claim, under `--strict`), 2 bad scenario or usage, 130 interrupted. Scenarios may name what `registry` has.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     fedfleet::cli::run(&fedfleet::registry::Registry::builtin())
/// }
/// ```
pub fn run(registry: &Registry) -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run(args) => args.execute(registry),
        Verb::Check(args) => args.execute(registry),
        #[cfg(feature = "figure")]
        Verb::Plot(args) => args.execute(registry),
        Verb::Compare(args) => args.execute(),
        Verb::Claims(args) => args.execute(registry),
        Verb::Rank(args) => args.execute(),
        Verb::Gallery(args) => args.execute(),
        Verb::Methods(args) => args.execute(registry),
        Verb::New(args) => args.execute(),
        Verb::Schema(args) => args.execute(registry),
        Verb::Completions(args) => args.execute(),
        Verb::Man(args) => args.execute(),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => report(&error),
    }
}

/// A fault outside any scenario, such as in a file of results or an option.
fn unplaced(invalid: Invalid) -> Rejected {
    Rejected::new(Sources::default(), vec![Diagnostic::unplaced(invalid)])
}

/// The files that fedfleet wrote into a folder of results whose curves are about to be read.
///
/// # Errors
/// When the curves are still to come, or differ from what was written.
fn whole(folder: &Path) -> anyhow::Result<Ours> {
    let results = Results::at(folder);
    let curves = results.file("curves.csv");
    if let Some(holder) = holder(&results).filter(|_| !curves.exists()) {
        let fault = Invalid::at("", format!("the curves are not recorded yet: the runs are under way in {holder}"));
        return Err(unplaced(fault.help("wait until they end").in_file(curves, None)).into());
    }
    let ours = Ours::of(&results)?;
    ours.check_curves().map_err(unplaced)?;
    Ok(ours)
}

/// What folders of results are called: the last part of each path, where that tells it apart.
fn names(folders: &[PathBuf]) -> Vec<String> {
    let last =
        |path: &PathBuf| path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let shared = |name: &String| folders.iter().filter(|path| last(path) == *name).count() > 1;
    folders
        .iter()
        .map(|path| Some(last(path)).filter(|name| !shared(name)).unwrap_or_else(|| path.display().to_string()))
        .collect()
}

/// Writes an error to standard error and chooses the exit code.
fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)) {
        // Whoever read the output has had enough of it.
        return ExitCode::SUCCESS;
    }
    let mut to = io::stderr().lock();
    let told = match error.downcast_ref::<Rejected>() {
        Some(rejected) => to.write_all(rejected.render(colour()).as_bytes()),
        None => writeln!(to, "error: {}", printable(&format!("{error:#}"))),
    };
    let bad_input = error.is::<Rejected>() || error.is::<Usage>();
    // Without standard error, the exit code still reports the error.
    let _ = told.is_err();
    match error.downcast_ref::<RunError>() {
        Some(RunError::Interrupted) => ExitCode::from(run::INTERRUPTED),
        _ if bad_input => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

/// Whether messages may have colours: on a terminal, unless `NO_COLOR` is set.
fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A scenario with changes.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    pub path: PathBuf,

    /// Change a key, as often as needed: a value as in TOML, or a bare word; list elements by index or label
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub changes: Vec<String>,

    /// Run the seeds 0 to N-1 instead of those of the file
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
}

impl ScenarioArgs {
    /// Reads and checks the scenario.
    pub fn load(&self, registry: &Registry) -> Result<Scenario, Rejected> {
        let mut changes: Vec<Override> = self.changes.iter().map(Override::set).collect();
        if let Some(seeds) = self.seeds {
            changes.push(Override { option: "--seeds".to_owned(), text: format!("seeds={seeds}") });
        }
        Scenario::load(&self.path, &changes, registry)
    }
}
