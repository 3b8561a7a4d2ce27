//! What a scenario would run, for scripts.

use serde_json::{Map, Value, json};

use crate::run::{Estimate, Forecast, Plan, PlannedCell, Whole, unlike_crews};

/// All that `check` tells as JSON: counts are integers, times are in seconds, sizes in bits or bytes.
pub fn told(plan: &Plan, (forecasts, whole): &(Vec<Forecast>, Whole)) -> String {
    let notes = [plan.notes(), unlike_crews(plan, forecasts)].concat();
    let all = json!({
        "title": plan.scenario.title,
        "seeds": plan.seeds,
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
