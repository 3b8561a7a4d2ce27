//! `fedfleet check`: what a scenario would run.

use std::io::{self, Write};
use std::path::Path;

use fedfleet::scenario::{Cell, MethodTable, Scenario, cells};

use super::{Outcome, scenario::ScenarioArgs};

const EXAMPLES: &str = "\
Examples:
  fedfleet check scenario.toml
  fedfleet check scenario.toml --set problem.partition.dirichlet.alpha=0.3
  fedfleet check scenario.toml --set 'method.\"SCAFFOLD, buffered\".local.lr=0.1'
  fedfleet check scenario.toml --resolved > full.toml";

/// Resolve a scenario and print its cells, methods and number of runs; run nothing
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Print the whole scenario with all defaults as TOML instead
    #[arg(long)]
    resolved: bool,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let scenario = self.scenario.load()?;
        let mut out = io::stdout().lock();
        if self.resolved {
            out.write_all(scenario.manifest(Path::new("")).as_bytes())?;
        } else {
            out.write_all(summary(&scenario).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

fn summary(scenario: &Scenario) -> String {
    let (cells, seeds) = (&scenario.cells, scenario.seeds.list().len());
    let methods = cells.first().map_or(&[][..], |cell| &cell.methods);
    let counts = [count(cells.len(), "cell"), count(seeds, "seed"), count(methods.len(), "method")].join(" × ");
    let mut text = format!("{}\n{counts}: {}\n", scenario.title, count(scenario.runs(), "run"));
    if cells.iter().any(|cell| !cell.keys.is_empty()) {
        text += "\ncells\n";
        cells.iter().map(Cell::name).for_each(|name| text += &format!("  {name}\n"));
    }
    text += "\nmethods\n";
    methods.iter().for_each(|method| text += &described(method));
    text
}

/// A method, with the values that are tried where it is tuned.
fn described(method: &MethodTable) -> String {
    let name = if method.label == method.name { String::new() } else { format!(" ({})", method.name) };
    let mut text = format!("  {}{name}\n", method.label);
    for variant in method.variants.iter().filter(|variant| !variant.keys.is_empty()) {
        text += &format!("    tried with {}\n", cells::name(&variant.keys));
    }
    text
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
