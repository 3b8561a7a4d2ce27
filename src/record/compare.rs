//! Comparison tables: the cost of each method to reach targets, or its final values.

mod join;
mod profile;
mod render;
mod select;
mod show;
mod tidy;
mod unreached;
mod versus;

use super::{
    axis::{Axis, Unit, exact},
    curves::{
        Cell, Curves, Run,
        crews::{self, Crew},
        target::Target,
        trial::{self, Winner},
    },
    metric::{Better, Measure, ScaleKind},
    spread::{Bracket, Quartiles},
};
use crate::invalid::Invalid;

pub use join::{Joined, Source};
pub use profile::profiles;
pub use render::View;
pub use show::Show;
use unreached::unreached;
pub use versus::{Difference, Versus};

/// A column of figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The metric or axis by its name in a scenario.
    pub key: String,
    /// Its name in the forms for scripts (snake_case, base units).
    pub name: String,
    /// Its heading in the printed forms, with the unit.
    pub heading: String,
    /// Number of base units (seconds, bits, ones) in a printed unit.
    pub unit: f64,
    /// The direction in which values are better.
    pub better: Better,
    /// Whether a paired difference is a ratio: that of losses, gaps and costs; others are subtracted.
    pub relative: bool,
    /// The kind of its figures.
    pub form: Form,
}

/// The kind of figures of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Values of the runs.
    Values,
    /// Places in the runs that samples may leave open.
    Places,
    /// One figure for all runs.
    Estimate,
}

/// One figure of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value of each seed, in base units: infinite where it did not reach the target or diverged. Of places that samples leave open it
    /// is the upper end. Empty where the figure is not one of runs that can be paired.
    pub values: Vec<(u64, f64)>,
    /// Quartiles over seeds.
    pub quartiles: Quartiles,
    /// The median of the lower ends; that of the values where they are known.
    pub low: f64,
    /// The median relative to the best method of the cell, so that 1 is the best; for an accuracy the ratio of error rates.
    pub ratio: Option<f64>,
    /// Whether it is the best of the cell and its paired interval to every other method there excludes equality.
    pub clear: bool,
    /// What is known of an infinite median: it is larger than this.
    pub beyond: Option<f64>,
    /// The difference to the baseline under the same seeds.
    pub difference: Option<Difference>,
}

impl Entry {
    /// A figure that is not one of runs that can be paired.
    fn alone(quartiles: Quartiles) -> Self {
        let low = quartiles.median;
        Self { values: Vec::new(), quartiles, low, ratio: None, clear: false, beyond: None, difference: None }
    }
}

/// One method in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// Number of seeds.
    pub seeds: usize,
    /// Number of seeds that reached the target, or that did not diverge where there is none.
    pub reached: usize,
    /// One for each column; `None` where nothing was recorded.
    pub entries: Vec<Option<Entry>>,
}

impl Row {
    /// Whether it is of this method in this cell; several targets come before the swept keys.
    fn is_of(&self, cell: &Cell, method: &str) -> bool {
        self.cell.0.ends_with(&cell.0) && self.method == method
    }
}

/// A comparison, to be seen in [`sheets`](Table::sheets) or as [`tidy`](Table::tidy) rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The comparison, in words.
    pub caption: String,
    /// Sweep keys, which come first in every row.
    pub keys: Vec<String>,
    /// Heading of the count of seeds that succeeded.
    pub reached: &'static str,
    /// The words in place of a figure where most seeds did not succeed.
    pub failed: &'static str,
    /// The columns of figures.
    pub columns: Vec<Column>,
    /// Rows by cell, then by method, in order of appearance.
    pub rows: Vec<Row>,
    /// The values kept for tuned methods.
    pub tuned: Vec<Winner>,
    /// The method that all are compared with.
    pub versus: Option<Versus>,
    /// Notes below the table, a line each.
    pub notes: Vec<String>,
}

/// The axes a table shows, in this order.
const AXES: [Axis; 5] = [Axis::Seconds, Axis::Rounds, Axis::UplinkBits, Axis::DownlinkBits, Axis::Gradients];

impl Table {
    /// The cost of each method until it first reached each of `targets`; several come as values of a key `target`.
    ///
    /// # Errors
    /// [`Invalid`] if the metric of a target was not recorded.
    pub fn to_targets(curves: &Curves, targets: &[Target]) -> Result<Self, Invalid> {
        let mut rows = Vec::new();
        for target in targets {
            let mut found = rows_to(curves, target)?;
            if targets.len() > 1 {
                found.iter_mut().for_each(|row| row.cell.0.insert(0, (TARGET.to_owned(), target.to_string())));
            }
            rows.extend(found);
        }
        let column = |(i, &axis): (usize, &Axis)| Column { form: Form::Places, ..axis_column(axis, &rows, i) };
        let columns = AXES.iter().enumerate().map(column).collect();
        let open = rows.iter().flat_map(|row| &row.entries).flatten().any(|entry| entry.low != entry.quartiles.median);
        let caption = caption(curves, targets) + if open { OPEN } else { "" };
        let mut keys = curves.keys.clone();
        if targets.len() > 1 {
            keys.insert(0, TARGET.to_owned());
        }
        let (tuned, notes) = (Vec::new(), Vec::new());
        let table = Self { caption, keys, reached: "reached", failed: "never", columns, rows, tuned, versus: None, notes };
        Ok(unreached(table, curves, targets).related())
    }

    /// The last recorded value of every metric, and the cost of the runs: infinite where they diverged, or a method that diverges early
    /// would seem to cost the least.
    pub fn at_end(curves: &Curves) -> Self {
        let metrics: Vec<usize> = curves.metrics.iter().filter_map(|metric| curves.metric(&metric.name)).collect();
        let shown = [Axis::Seconds, Axis::Rounds, Axis::UplinkBits];
        let values = |run: &Run| {
            let finals = metrics.iter().map(|&m| run.last(m).map(|v| curves.metrics[m].better.settle(v)));
            let end = |axis| if run.diverged { f64::INFINITY } else { run.end(axis) };
            finals.chain(shown.iter().map(|&axis| Some(end(axis)))).map(|value| value.map(Bracket::at)).collect()
        };
        let rows = rows(curves, values, |run| !run.diverged);
        let mut columns: Vec<Column> = metrics.iter().map(|&m| metric_column(&curves.metrics[m])).collect();
        columns.extend(shown.iter().enumerate().map(|(i, &axis)| axis_column(axis, &rows, metrics.len() + i)));
        let (caption, keys) = ("Final values".to_owned(), curves.keys.clone());
        let (tuned, notes) = (Vec::new(), Vec::new());
        Self { caption, keys, reached: "finite", failed: "diverged", columns, rows, tuned, versus: None, notes }.related()
    }

    /// With the clients at work of each method, on average and at most, and notes on them.
    #[must_use]
    pub fn manned(mut self, crews: &[Crew]) -> Self {
        self.notes.extend(crews::notes(crews));
        if crews.is_empty() {
            return self;
        }
        let column = |name: &str, heading: &str| Column {
            key: "at-work".to_owned(),
            name: name.to_owned(),
            heading: heading.to_owned(),
            unit: 1.0,
            better: Better::Lower,
            relative: true,
            form: Form::Values,
        };
        self.columns.extend([column("at_work_mean", "at work"), column("at_work_most", "most")]);
        for row in &mut self.rows {
            let own = crews.iter().find(|crew| row.is_of(&crew.cell, &crew.method));
            row.entries.extend([own.map(|crew| Entry::alone(crew.mean)), own.map(|crew| Entry::alone(crew.most))]);
        }
        self
    }

    /// With the tuned values that were kept, and which of them are ends of their grids.
    #[must_use]
    pub fn tuned(mut self, winners: Vec<Winner>) -> Self {
        self.notes.extend(trial::lines(&winners, |_| true).into_iter().map(|line| format!("tuned: {line}")));
        self.notes.extend(trial::costs(&winners).into_iter().map(|line| format!("tuning: {line}")));
        self.tuned = winners;
        self
    }

    /// With the ratios to the best method of each cell, and whether that is clear.
    fn related(mut self) -> Self {
        let cells: Vec<Cell> = self.rows.iter().map(|row| row.cell.clone()).collect();
        for (c, column) in self.columns.iter().enumerate().filter(|(_, column)| column.better != Better::Neither) {
            let medians: Vec<Option<f64>> =
                self.rows.iter().map(|row| row.entries[c].as_ref().map(|entry| entry.quartiles.median)).collect();
            for (r, row) in self.rows.iter_mut().enumerate() {
                let rivals = medians.iter().zip(&cells).filter(|(_, cell)| **cell == cells[r]).filter_map(|(median, _)| *median);
                let best = rivals.reduce(|a, b| column.better.choose(a, b));
                if let (Some(entry), Some(best)) = (&mut row.entries[c], best) {
                    entry.ratio = ratio(column.better, entry.quartiles.median, best);
                }
            }
            let clear: Vec<bool> = (0..self.rows.len()).map(|r| versus::is_clear(&self.rows, r, c, column)).collect();
            let entries = self.rows.iter_mut().map(|row| &mut row.entries[c]);
            entries
                .zip(clear)
                .filter_map(|(entry, clear)| Some((entry.as_mut()?, clear)))
                .for_each(|(entry, clear)| entry.clear = clear);
        }
        self
    }
}

/// The remark of the caption where places lie between two samples.
const OPEN: &str = " (a–b: between two samples, ratios at the later)";

/// The key that distinguishes several targets.
const TARGET: &str = "target";

fn caption(curves: &Curves, targets: &[Target]) -> String {
    let [target] = targets else { return "Cost until each target".to_owned() };
    let Some(metric) = curves.metric(&target.metric).map(|column| &curves.metrics[column]) else { return String::new() };
    let sign = if metric.better == Better::Higher { "≥" } else { "≤" };
    let caption = format!("Cost until {} {sign} {}", metric.title, exact(target.value));
    if metric.unit.is_empty() { caption } else { format!("{caption} {}", metric.unit) }
}

/// The cost of each method on each axis until it first reached `target`.
fn rows_to(curves: &Curves, target: &Target) -> Result<Vec<Row>, Invalid> {
    let metric = curves.metric(&target.metric).ok_or_else(|| {
        Invalid::at("target", format!("there is no recorded metric `{}`", target.metric))
            .help(format!("recorded are: {}", curves.names().join(", ")))
    })?;
    let metric = (metric, curves.metrics[metric].better);
    if metric.1 == Better::Neither {
        return Err(Invalid::at("target", format!("no value of `{}` is better than another", target.metric)));
    }
    let never = Bracket::at(f64::INFINITY);
    let crossings = |run: &Run| AXES.map(|axis| target.crossing(run, axis, metric).or(Some(never))).to_vec();
    Ok(rows(curves, crossings, |run| target.crossing(run, Axis::Rounds, metric).is_some()))
}

fn ratio(better: Better, value: f64, best: f64) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    let ratio = match better {
        Better::Higher => (1.0 - value) / (1.0 - best),
        Better::Lower | Better::Neither => value / best,
    };
    if value == best { Some(1.0) } else { ratio.is_finite().then_some(ratio) }
}

/// Quartiles over seeds of what `values` says of each run.
fn rows(curves: &Curves, values: impl Fn(&Run) -> Vec<Option<Bracket>>, succeeded: impl Fn(&Run) -> bool) -> Vec<Row> {
    let (cells, methods) = (curves.cells(), curves.methods());
    let mut rows = Vec::new();
    for (&cell, &method) in cells.iter().flat_map(|cell| methods.iter().map(move |method| (cell, method))) {
        let runs: Vec<&Run> = curves.of(cell, method).collect();
        let found: Vec<(u64, Vec<Option<Bracket>>)> = runs.iter().map(|run| (run.seed, values(run))).collect();
        let Some((_, first)) = found.first() else { continue };
        let entry = |c: usize| {
            let (seeds, brackets): (Vec<u64>, Vec<Bracket>) =
                found.iter().filter_map(|(seed, row)| Some((*seed, row[c]?))).unzip();
            let high: Vec<f64> = brackets.iter().map(|bracket| bracket.high).collect();
            let quartiles = Quartiles::of(&mut high.clone())?;
            let mut values: Vec<(u64, f64)> = seeds.into_iter().zip(high).collect();
            // Sums over seeds in another order would round differently.
            values.sort_by_key(|value| value.0);
            Some(Entry { values, low: Bracket::median(&brackets)?.low, ..Entry::alone(quartiles) })
        };
        let entries = (0..first.len()).map(entry).collect();
        let reached = runs.iter().filter(|run| succeeded(run)).count();
        rows.push(Row { cell: cell.clone(), method: method.to_owned(), seeds: runs.len(), reached, entries });
    }
    rows
}

/// A column of places on an axis, in a unit that suits the smallest and the largest of them.
fn axis_column(axis: Axis, rows: &[Row], index: usize) -> Column {
    let quartiles = rows.iter().filter_map(|row| row.entries[index].as_ref().map(|entry| entry.quartiles));
    let values = quartiles.flat_map(|q| [q.median, q.upper]).filter(|&value| value.is_finite() && value > 0.0);
    let (least, greatest) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let unit = Unit::spanning(axis, if least.is_finite() { least } else { 0.0 }, greatest);
    let title = if axis == Axis::Seconds { "time" } else { axis.title() };
    Column {
        key: axis.name().to_owned(),
        name: axis.column().to_owned(),
        heading: unit.label(title),
        unit: unit.size,
        better: Better::Lower,
        relative: true,
        form: Form::Values,
    }
}

fn metric_column(metric: &Measure) -> Column {
    Column {
        key: metric.name.clone(),
        name: metric.name.replace('-', "_"),
        heading: metric.label(),
        unit: 1.0,
        better: metric.better,
        relative: metric.better == Better::Lower && metric.scale == ScaleKind::Log,
        form: Form::Values,
    }
}

#[cfg(test)]
mod tests;
