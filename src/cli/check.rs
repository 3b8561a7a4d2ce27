//! `fedfleet check`: what a scenario would run.

use std::io::{self, Write};
use std::path::Path;

use fedfleet::{
    run::{Arm, Plan},
    scenario::{MethodTable, cells},
};

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
        let plan = Plan::resolve(self.scenario.load()?, &[])?;
        let mut out = io::stdout().lock();
        if self.resolved {
            out.write_all(plan.manifest(Path::new("")).as_bytes())?;
        } else {
            out.write_all(summary(&plan).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

fn summary(plan: &Plan) -> String {
    let first = &plan.cells[0];
    let counts = [count(plan.cells.len(), "cell"), count(plan.seeds.len(), "seed"), count(first.methods.len(), "method")];
    let mut text = format!("{}\n{}: {}\n", plan.scenario.title, counts.join(" × "), count(plan.runs().len(), "run"));
    text += "\ncells\n";
    for planned in &plan.cells {
        let name = planned.cell.name();
        let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
        let precision = format!("{:?}", planned.precision).to_lowercase();
        text += &format!("  {name}{}, {} clients, {precision}\n", planned.cell.problem.objective.name(), planned.clients);
    }
    text += "\nmethods\n";
    first.methods.iter().zip(&first.cell.methods).for_each(|(arms, method)| text += &described(arms, method));
    text
}

/// A method, with the values that are tried where it is tuned.
fn described(arms: &[Arm], method: &MethodTable) -> String {
    let name = if method.label == method.name { String::new() } else { format!(" ({})", method.name) };
    let mut text = format!("  {}{name}\n", method.label);
    for arm in arms.iter().filter(|arm| !arm.tuned.is_empty()) {
        text += &format!("    tried with {}\n", cells::name(&arm.tuned));
    }
    text
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
