//! `fedfleet check`: what a scenario would run.

use std::io::{self, Write};
use std::path::Path;

use crate::{
    invalid::count,
    record::{axis::Axis, units},
    registry::Registry,
    run::{Arm, Estimate, Forecast, Plan, PlannedCell, forecast},
    scenario::{MethodTable, cells},
};

use super::{Outcome, scenario::ScenarioArgs};

const EXAMPLES: &str = "\
Examples:
  fedfleet check scenario.toml
  fedfleet check scenario.toml --set problem.partition.dirichlet.alpha=0.3
  fedfleet check scenario.toml --set 'method.\"SCAFFOLD, buffered\".local.lr=0.1'
  fedfleet check scenario.toml --resolved > full.toml";

/// Resolve a scenario and print its cells, methods, number of runs and what they cost; write nothing
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
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        let plan = Plan::resolve(self.scenario.load(registry)?, &[])?;
        let mut out = io::stdout().lock();
        if self.resolved {
            out.write_all(plan.manifest(Path::new("")).as_bytes())?;
        } else {
            let forecasts = forecast(&plan)?;
            out.write_all(summary(&plan, &forecasts).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

fn summary(plan: &Plan, forecasts: &[Forecast]) -> String {
    let first = &plan.cells[0];
    let counts = [count(plan.cells.len(), "cell"), count(plan.seeds.len(), "seed"), count(first.methods.len(), "method")];
    let mut text = format!("{}\n{}: {}\n", plan.scenario.title, counts.join(" × "), count(plan.runs().len(), "run"));
    text += "\nmethods\n";
    first.methods.iter().zip(&first.cell.methods).for_each(|(arms, method)| text += &described(arms, method));
    if !plan.notes().is_empty() {
        text += "\nnotes\n";
        plan.notes().iter().for_each(|note| text += &format!("  {note}\n"));
    }
    text += "\ncells, and about what a run costs by a trial of its first rounds\n";
    for (planned, forecast) in plan.cells.iter().zip(forecasts) {
        text += &costs(planned, forecast);
    }
    text
}

/// A cell, and what a run of each of its methods costs.
fn costs(planned: &PlannedCell, forecast: &Forecast) -> String {
    let name = planned.cell.name();
    let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
    let precision = format!("{:?}", planned.precision).to_lowercase();
    let mut text = format!("  {name}{}, {} clients, {precision}\n", planned.cell.problem.objective.name(), planned.clients);
    if let Some(topology) = &forecast.topology {
        text += &format!("    {topology}\n");
    }
    if !forecast.models.is_empty() {
        let model = |&(width, bits): &(u32, u64)| format!("{} in {width} bits", amount(Axis::UplinkBits, bits as f64, ""));
        let models: Vec<String> = forecast.models.iter().map(model).collect();
        text += &format!("    a model takes {} of a client's memory\n", models.join(", "));
    }
    let width = planned.methods.iter().map(|arms| arms[0].label.chars().count()).max().unwrap_or(0);
    for (arms, estimate) in planned.methods.iter().zip(&forecast.runs) {
        let Estimate { rounds, seconds, gradients, uplink_bits, downlink_bits } = *estimate;
        let quantities = [
            (Axis::Rounds, rounds, "rounds"),
            (Axis::Seconds, seconds, ""),
            (Axis::Gradients, gradients, "gradients"),
            (Axis::UplinkBits, uplink_bits, "up"),
            (Axis::DownlinkBits, downlink_bits, "down"),
        ];
        let words = quantities.map(|(axis, value, name)| amount(axis, value, name));
        text += &format!("    {:width$}  {}\n", arms[0].label, words.join(", "));
    }
    text
}

/// Such as `1.20 Gbit up`.
fn amount(axis: Axis, value: f64, name: &str) -> String {
    let unit = units::Unit::fitting(axis, value);
    let symbol = if unit.symbol.starts_with("10") { format!("× {}", unit.symbol) } else { unit.symbol.to_owned() };
    let number = if unit.symbol.is_empty() { format!("{value:.0}") } else { units::short(value / unit.size) };
    [number.as_str(), &symbol, name].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
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
