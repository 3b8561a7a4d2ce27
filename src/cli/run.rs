//! `fedfleet run`: run a scenario and write its results.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use fedfleet::run::{self, Options, Plan, Progressing, Results, RunError, Silent, Summary};

use super::{Outcome, Usage, progress::Bars, scenario::ScenarioArgs};

const EXAMPLES: &str = "\
Examples:
  fedfleet run scenarios/quickstart.toml
  fedfleet run scenario.toml --set fleet.clients=50 --seeds 10 --out results/fifty
  fedfleet run scenario.toml --only fedavg --only \"SCAFFOLD, buffered\"
  fedfleet run scenario.toml --resume          go on after an interruption
  fedfleet run scenario.toml --verify          same events on one thread and on all?
  fedfleet run scenario.toml --strict --json   for scripts";

/// Run a scenario: curves, summary, claims, manifest and figures go into a results folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Run only the methods of this label; may be given several times
    #[arg(long, value_name = "LABEL")]
    only: Vec<String>,

    /// Threads to use; all processors by default. Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Results folder; results/NAME of the scenario file by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Go on with the interrupted runs in the results folder
    #[arg(long)]
    resume: bool,

    /// Run everything twice, on one thread and on all, and tell the first event that differs; write no results
    #[arg(long, conflicts_with_all = ["resume", "out"])]
    verify: bool,

    /// Fail if a claim does not hold
    #[arg(long)]
    strict: bool,

    /// Print the summary as JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        if self.threads == Some(0) {
            return Err(Usage("`--threads 0` is out of range: expected at least 1".to_owned()).into());
        }
        let plan = Plan::resolve(self.scenario.load()?, &self.only)?;
        if self.verify {
            return verify(&plan, self.threads);
        }
        let name = self.scenario.path.file_stem().unwrap_or_default();
        let results = Results::at(self.out.clone().unwrap_or_else(|| PathBuf::from("results").join(name)));
        let options = Options { threads: self.threads, resume: self.resume, ..Options::default() };
        let bars = Bars::on_a_terminal();
        let progress: &dyn Progressing = bars.as_ref().map_or(&Silent, |bars| bars);
        let summary = run::execute(&plan, &results, &options, progress).map_err(|error| pointed(&plan, error))?;
        let mut out = io::stdout().lock();
        if self.json {
            print_json(&summary, &results, &mut out)?
        } else {
            print(&summary, &results, &mut out)?
        }
        let failed = summary.verdicts.iter().any(|verdict| verdict.holds != Some(true));
        Ok(if self.strict && failed { Outcome::Failed } else { Outcome::Done })
    }
}

/// An error of a run; one in the scenario points into its file.
fn pointed(plan: &Plan, error: RunError) -> anyhow::Error {
    match error {
        RunError::Invalid(invalid) => plan.reject(invalid).into(),
        other => other.into(),
    }
}

fn verify(plan: &Plan, threads: Option<usize>) -> anyhow::Result<Outcome> {
    let differences = run::verify(plan, threads).map_err(|error| pointed(plan, error))?;
    let mut out = io::stdout().lock();
    for difference in &differences {
        writeln!(out, "{difference}")?;
    }
    if differences.is_empty() {
        writeln!(out, "verified: {} runs are the same, event by event, on one thread and on all", plan.runs().len())?;
        return Ok(Outcome::Done);
    }
    Ok(Outcome::Failed)
}

fn print(summary: &Summary, results: &Results, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} runs → {}", summary.runs, results.folder().display())?;
    for (label, seed) in &summary.diverged {
        writeln!(out, "diverged: {label}, seed {seed}")?;
    }
    for verdict in &summary.verdicts {
        writeln!(out, "{}", verdict.line())?;
    }
    Ok(())
}

fn print_json(summary: &Summary, results: &Results, out: &mut dyn Write) -> anyhow::Result<()> {
    let diverged: Vec<_> =
        summary.diverged.iter().map(|(method, seed)| serde_json::json!({ "method": method, "seed": seed })).collect();
    let claims: Vec<_> = summary
        .verdicts
        .iter()
        .map(|verdict| serde_json::json!({ "text": verdict.text, "holds": verdict.holds, "line": verdict.line() }))
        .collect();
    let value = serde_json::json!({
        "results": results.folder(),
        "runs": summary.runs,
        "diverged": diverged,
        "claims": claims,
        "figures": summary.figures,
    });
    writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
    Ok(())
}
