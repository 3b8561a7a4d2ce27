//! Estimates of the cost to a target that some runs do not reach.

use super::{AXES, Column, Entry, Form, Row, TARGET, Table};
use crate::{
    record::{
        axis::{Axis, exact},
        curves::{Cell, Curves, Run, distinct, target::Target},
        metric::Better,
        spread::Quartiles,
    },
    statistics::survival::{KaplanMeier, Watched, common_horizon, expected_running_time},
};

/// `table` with the median by Kaplan and Meier, the restricted mean and the expected running time on every axis, if some run does not
/// reach its target.
pub(super) fn unreached(mut table: Table, curves: &Curves, targets: &[Target]) -> Table {
    if table.rows.iter().all(|row| row.reached == row.seeds) {
        return table;
    }
    let cells: Vec<Cell> = distinct(table.rows.iter().map(|row| row.cell.clone()));
    let mut ends = Vec::new();
    for (c, axis) in AXES.into_iter().enumerate() {
        let watched: Vec<Vec<Watched>> = table.rows.iter().map(|row| runs_of(row, curves, targets, axis)).collect();
        let of_cell = |cell: &Cell| {
            let runs = table.rows.iter().zip(&watched).filter(|(row, _)| row.cell == *cell).map(|(_, runs)| runs.clone());
            common_horizon(&runs.collect::<Vec<_>>())
        };
        let horizons: Vec<f64> = cells.iter().map(of_cell).collect();
        let found: Vec<[Option<Entry>; 3]> = table
            .rows
            .iter()
            .zip(&watched)
            .map(|(row, runs)| {
                let horizon =
                    cells.iter().zip(&horizons).find(|(cell, _)| **cell == row.cell).map_or(0.0, |(_, horizon)| *horizon);
                estimates(runs, horizon)
            })
            .collect();
        table.rows.iter_mut().zip(found).for_each(|(row, found)| row.entries.extend(found));
        let columns = headed(&table.columns[c]);
        table.columns.extend(columns);
        ends.push((axis, horizons));
    }
    table.notes.push(told(&cells, &ends));
    table
}

/// The columns of estimates on the axis of `column`.
fn headed(column: &Column) -> [Column; 3] {
    [("km_median", "median"), ("rmst", "mean to H"), ("ert", "ERT")].map(|(name, heading)| Column {
        name: format!("{}_{name}", column.name),
        heading: match column.heading.split_once(' ') {
            Some((_, unit)) if heading == "median" => format!("KM {unit}"),
            Some((_, unit)) => format!("{heading} {unit}"),
            None => format!("{} {heading}", column.heading),
        },
        form: Form::Estimate,
        ..column.clone()
    })
}

/// How long each run of `row` was watched on `axis`; without end where it diverged.
fn runs_of(row: &Row, curves: &Curves, targets: &[Target], axis: Axis) -> Vec<Watched> {
    let name = row.cell.get(TARGET);
    let Some(target) = targets.iter().find(|target| name.is_none_or(|name| target.to_string() == name)) else {
        return Vec::new();
    };
    let Some(metric) = curves.metric(&target.metric) else { return Vec::new() };
    let better: Better = curves.metrics[metric].better;
    let watched = |run: &Run| match target.crossing(run, axis, (metric, better)) {
        Some(place) => Watched::reached(place.high),
        None if run.diverged => Watched::ended(f64::INFINITY),
        None => Watched::ended(run.end(axis)),
    };
    curves.runs.iter().filter(|run| row.is_of(&run.cell, &run.method)).map(watched).collect()
}

/// Median, restricted mean and expected running time.
fn estimates(runs: &[Watched], horizon: f64) -> [Option<Entry>; 3] {
    let curve = KaplanMeier::of(runs);
    let end = if curve.end.is_finite() { curve.end } else { horizon };
    let value = |value: f64| Entry::alone(Quartiles::at(value));
    let median = Entry { beyond: Some(end), ..value(curve.median().unwrap_or(f64::INFINITY)) };
    let last = runs.iter().map(|run| run.time).filter(|time| time.is_finite()).fold(horizon, f64::max);
    [Some(median), Some(value(curve.restricted_mean(horizon))), Some(value(expected_running_time(runs, last)))]
}

/// What the estimates are, and up to where restricted means go on each axis.
fn told(cells: &[Cell], horizons: &[(Axis, Vec<f64>)]) -> String {
    let amount = |axis: Axis, horizon: f64| match axis {
        Axis::Seconds => format!("{} s", exact(horizon)),
        axis => format!("{} {}", exact(horizon), axis.name()),
    };
    let counted = |c: usize| horizons.iter().filter(move |(_, all)| all[c] > 0.0);
    let of_cell = |c: usize| counted(c).map(|(axis, all)| amount(*axis, all[c])).collect::<Vec<_>>().join(", ");
    let mut ends: Vec<String> = distinct((0..cells.len()).map(of_cell));
    if ends.len() > 1 {
        ends = cells.iter().enumerate().map(|(c, cell)| format!("{} ({cell})", of_cell(c))).collect();
    }
    format!(
        "some runs do not reach the target: their median is that of Kaplan and Meier, the mean counts a run up to H at most, ERT is what all \
         runs take for each one that reaches it; H = {}",
        ends.join("; ")
    )
}
