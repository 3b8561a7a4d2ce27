//! `fedfleet check`: shows what a scenario would run.

use std::{
    io::{self, Write},
    path::Path,
};

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use serde_json::{Map, Value, json};

use super::{
    Outcome, ScenarioArgs,
    outlook::{self, amount, needs},
    run::located,
};
use crate::{
    invalid::{count, printable},
    record::axis::{self, Axis},
    registry::Registry,
    run::{Arm, Estimate, Forecast, Plan, PlannedCell, Whole, differing_crews, forecast},
    scenario::{MethodTable, cells},
};

const EXAMPLES: &str = "\
Examples:
  fedfleet check scenario.toml
  fedfleet check scenario.toml --set problem.partition.dirichlet.alpha=0.3
  fedfleet check scenario.toml --set 'method.\"SCAFFOLD, buffered\".local.lr=0.1'
  fedfleet check scenario.toml --resolved > full.toml";

/// Resolve a scenario and print its data, cells, methods, number of runs and what they cost; write nothing
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Print the whole scenario with all defaults as TOML instead
    #[arg(long)]
    resolved: bool,

    /// Print it as JSON: counts as integers, times in seconds, sizes in bits or bytes
    #[arg(long, conflicts_with = "resolved")]
    json: bool,
}

impl Args {
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        let plan = Plan::resolve(self.scenario.load(registry)?, &[])?;
        let mut out = io::stdout().lock();
        if self.resolved {
            out.write_all(plan.resolved(Path::new("")).as_bytes())?;
            return Ok(Outcome::Done);
        }
        let foreseen = forecast(&plan).map_err(|error| located(error, &plan))?;
        let text = if self.json { as_json(&plan, &foreseen) } else { printable(&summary(&plan, &foreseen)).into_owned() };
        out.write_all(text.as_bytes())?;
        Ok(Outcome::Done)
    }
}

fn summary(plan: &Plan, (forecasts, whole): &(Vec<Forecast>, Whole)) -> String {
    let first = &plan.cells[0];
    let counts = [count(plan.cells.len(), "cell"), count(plan.seeds.len(), "seed"), count(first.methods.len(), "method")];
    let mut text = format!("{}\n{}: {}\n", plan.scenario.title, counts.join(" × "), count(plan.runs().len(), "run"));
    plan.tuned_words().iter().for_each(|line| text += &format!("{line}\n"));
    text += &format!("{}\n", needs(whole));
    let data = outlook::data(plan);
    if !data.is_empty() {
        text += &format!("\n{data}");
    }
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
    differing_crews(plan, forecasts).iter().for_each(|note| text += &format!("note: {note}\n"));
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
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["", "rounds", "time", "gradients", "uplink", "downlink", "at work", "most", "wall time"]);
    for (arms, run) in planned.methods.iter().zip(&forecast.runs) {
        table.add_row([
            arms[0].label.clone(),
            amount(Axis::Rounds, run.rounds, ""),
            amount(Axis::Seconds, run.seconds, ""),
            amount(Axis::Gradients, run.gradients, ""),
            amount(Axis::UplinkBits, run.uplink_bits, ""),
            amount(Axis::DownlinkBits, run.downlink_bits, ""),
            axis::short(run.at_work.mean),
            run.at_work.most.to_string(),
            amount(Axis::Seconds, run.wall, ""),
        ]);
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if i == 0 { (4, 0) } else { (2, 0) });
        if i > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().for_each(|line| text += &format!("{}\n", line.trim_end()));
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

/// The output of `check` as JSON: counts are integers, times are in seconds, sizes in bits or bytes.
fn as_json(plan: &Plan, (forecasts, whole): &(Vec<Forecast>, Whole)) -> String {
    let notes = [plan.notes(), differing_crews(plan, forecasts)].concat();
    let all = json!({
        "title": plan.scenario.title,
        "seeds": plan.seeds,
        "tuning": plan.tuning.spec,
        "runs": plan.runs().len(),
        "expected": whole,
        "notes": notes,
        "cells": plan.cells.iter().zip(forecasts).map(|(planned, forecast)| cell(planned, forecast)).collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

fn cell(planned: &PlannedCell, forecast: &Forecast) -> Value {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
    let keys = planned.cell.keys.iter().map(|key| (key.name.clone(), value(&key.value)));
    let models = forecast.models.iter().map(|(width, bits)| json!({ "width": width, "bits": bits }));
    let methods = planned.methods.iter().zip(&planned.cell.methods).zip(&forecast.runs);
    let methods = methods.map(|((arms, method), run)| {
        let tuned = arms.iter().filter(|arm| !arm.tuned.is_empty());
        let tuned = tuned.map(|arm| arm.tuned.iter().map(|key| (key.path.clone(), value(&key.value))).collect::<Map<_, _>>());
        json!({ "label": arms[0].label, "name": method.name, "tuned": tuned.collect::<Vec<_>>(), "expected": estimate(run) })
    });
    json!({
        "cell": keys.collect::<Map<_, _>>(),
        "objective": planned.cell.problem.objective.name(),
        "clients": planned.clients,
        "precision": format!("{:?}", planned.precision).to_lowercase(),
        "data": planned.data,
        "topology": forecast.topology,
        "models": models.collect::<Vec<_>>(),
        "methods": methods.collect::<Vec<_>>(),
    })
}

/// A run of a method.
fn estimate(run: &Estimate) -> Value {
    let whole = |number: f64| number.round() as u64;
    json!({
        "rounds": whole(run.rounds),
        "seconds": run.seconds,
        "gradients": whole(run.gradients),
        "uplink-bits": whole(run.uplink_bits),
        "downlink-bits": whole(run.downlink_bits),
        "clients-at-work": run.at_work,
        "samples": run.samples,
        "state-bytes": run.state,
        "wall-seconds": run.wall,
    })
}
