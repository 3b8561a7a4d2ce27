//! Reading `curves.csv`: typed columns, grouped by sweep cell, method and seed.

pub mod crews;
pub mod facts;
pub mod predicted;
pub mod staleness;
pub mod summary;
pub mod target;
pub mod trial;

use std::{collections::HashMap, path::Path};

use csv::StringRecord;
use facts::{Fact, Facts, Sampling};

use super::{
    axis::Axis,
    metric::{self, Better, Measure},
    recorder::{files::OWN, progress::Outcome},
    table::{self, Fault, Row},
};
use crate::invalid::Invalid;

pub use super::cell::Cell;

/// The recorded curve of one method in one cell under one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// Whether it diverged; see [`Curves::read`].
    pub diverged: bool,
    /// Its sampling; `None` where that is not known.
    pub sampling: Option<Sampling>,
    axes: [Vec<f64>; 6],
    metrics: Vec<Vec<Option<f64>>>,
}

/// Everything in one `curves.csv`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// Sweep keys, in the order of the columns.
    pub keys: Vec<String>,
    /// Metrics, in the order of the columns.
    pub metrics: Vec<Measure>,
    /// Runs, in the order of their first rows.
    pub runs: Vec<Run>,
    /// Facts about the runs.
    pub facts: Facts,
}

impl Run {
    /// A run of one sample of each metric, at the start of all axes.
    pub(super) fn settled(cell: Cell, method: String, seed: u64, values: Vec<Option<f64>>) -> Self {
        let metrics = values.into_iter().map(|value| vec![value]).collect();
        Self { cell, method, seed, diverged: false, sampling: None, axes: std::array::from_fn(|_| vec![0.0]), metrics }
    }

    /// The values of `axis` at every row, never decreasing.
    pub fn axis(&self, axis: Axis) -> &[f64] {
        &self.axes[axis.index()]
    }

    /// The end of the run on `axis`.
    pub fn end(&self, axis: Axis) -> f64 {
        self.axis(axis).last().copied().unwrap_or(0.0)
    }

    /// The samples `(x, value)` of a metric, without the rows in which it was not recorded.
    ///
    /// Where the run diverged they are not a number.
    pub fn samples(&self, axis: Axis, metric: usize) -> impl DoubleEndedIterator<Item = (f64, f64)> + '_ {
        self.axis(axis).iter().zip(&self.metrics[metric]).filter_map(|(&x, &value)| Some((x, value?)))
    }

    /// The curve as a step function: the last sample at or before `x`; none before the first sample.
    pub fn at(&self, axis: Axis, metric: usize, x: f64) -> Option<f64> {
        let rows = self.axis(axis).partition_point(|&row| row <= x);
        self.metrics[metric][..rows].iter().rev().find_map(|&value| value)
    }

    /// Whether the run went on to `x`, give or take the distance between its last two rows.
    pub fn reaches(&self, axis: Axis, x: f64) -> bool {
        match self.axis(axis) {
            [.., before, last] => last + (last - before) >= x,
            rows => rows.last().is_some_and(|&last| last >= x),
        }
    }

    /// The beginning of the run, up to a `share` of its rounds.
    pub fn until(&self, share: f64) -> Self {
        let end = share * self.end(Axis::Rounds);
        let rows = self.axis(Axis::Rounds).partition_point(|&round| round <= end);
        let axes = std::array::from_fn(|axis| self.axes[axis][..rows].to_vec());
        let metrics: Vec<Vec<Option<f64>>> = self.metrics.iter().map(|column| column[..rows].to_vec()).collect();
        let diverged = self.diverged && metrics.iter().flatten().flatten().any(|value| value.is_nan());
        Self {
            cell: self.cell.clone(),
            method: self.method.clone(),
            seed: self.seed,
            diverged,
            sampling: self.sampling,
            axes,
            metrics,
        }
    }

    /// The mean of the samples of a metric in the last `share` of the rounds; `None` without any sample.
    pub fn tail(&self, metric: usize, share: f64) -> Option<f64> {
        let from = (1.0 - share) * self.end(Axis::Rounds);
        let values: Vec<f64> =
            self.samples(Axis::Rounds, metric).filter(|sample| sample.0 >= from).map(|sample| sample.1).collect();
        if values.is_empty() { self.last(metric) } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
    }

    /// The last recorded value of a metric.
    pub fn last(&self, metric: usize) -> Option<f64> {
        self.metrics[metric].iter().rev().find_map(|&value| value)
    }

    /// Adds the facts about the run, and replaces its values by NaN from the sample at which it diverged.
    fn complete(&mut self, metrics: &[Measure], fact: Option<&Fact>) {
        self.sampling = fact.map(|fact| fact.sampling);
        let shows = |name: &str| matches!(name, "loss" | "gap" | "grad-norm");
        let left = |column: &Vec<Option<f64>>| column.iter().position(|value| value.is_some_and(|value| !value.is_finite()));
        let left = metrics
            .iter()
            .zip(&self.metrics)
            .filter(|(metric, _)| shows(&metric.name))
            .filter_map(|(_, column)| left(column))
            .min();
        self.diverged = fact.and_then(|fact| fact.outcome).map_or(left.is_some(), |outcome| outcome == Outcome::Diverged);
        if !self.diverged {
            return;
        }
        let from = left.unwrap_or_else(|| self.axis(Axis::Rounds).len().saturating_sub(1));
        for column in self.metrics.iter_mut().filter(|column| column.iter().any(Option::is_some)) {
            column[from..].fill(Some(f64::NAN));
        }
    }

    /// The run as it was at the first sample at or after `x`: whole where it ended before.
    pub fn cut(&mut self, axis: Axis, x: f64) {
        let rows = (self.axis(axis).partition_point(|&row| row < x) + 1).min(self.axis(axis).len());
        self.axes.iter_mut().for_each(|axis| axis.truncate(rows));
        self.metrics.iter_mut().for_each(|column| column.truncate(rows));
        self.diverged &= self.metrics.iter().flatten().any(|value| value.is_some_and(f64::is_nan));
    }

    /// The best value of a metric over the run; `None` where no value is better.
    pub fn best(&self, metric: usize, better: Better) -> Option<f64> {
        let values = self.metrics[metric].iter().flatten().copied().filter(|_| better != Better::Neither);
        values.reduce(|a, b| better.choose(a, b))
    }
}

impl Curves {
    /// Curves of one sample in each of the `cells`, in place of those to come.
    pub fn outline(keys: Vec<String>, metrics: Vec<Measure>, cells: impl Iterator<Item = Cell>) -> Self {
        let run = |cell| Run::settled(cell, String::new(), 0, vec![Some(0.0); metrics.len()]);
        Self { keys, runs: cells.map(run).collect(), metrics, facts: Facts::default() }
    }

    /// Reads a file, and the [`runs.csv`](facts) and [`metrics.csv`](Measure) beside it; a last line without its end, left by a crash, is ignored.
    ///
    /// A run diverged if `runs.csv` says so; where there is none, if its loss, gap or gradient norm leaves the finite numbers. It does so
    /// at that sample, or at its last one, and from there on all of its metrics are NaN, whether loss, accuracy or energy, so that it ranks
    /// behind every other run by any metric.
    ///
    /// # Errors
    /// [`Invalid`] naming the file, and the line where there is one, if it cannot be read, lacks a column, holds a value that
    /// is not a number, a run goes back on an axis, or a run is missing that has ended by `runs.csv`.
    pub fn read(path: &Path) -> Result<Self, Invalid> {
        let bytes = table::bytes(path, "the recorded curves").map_err(|fault| {
            if path.with_file_name(OWN).join("runs").is_dir() {
                return fault.help(format!(
                    "an earlier call was interrupted, and its rows are in `{OWN}/runs`: go on with `fedfleet run SCENARIO --resume`"
                ));
            }
            fault
        })?;
        let metrics = metric::read(&path.with_file_name(metric::TABLE))?;
        Self::of_table(&bytes, path, &metrics, Facts::read(&path.with_file_name(facts::TABLE))?)
    }

    /// Reads the content of a file with no other tables beside it; `path` is for messages only.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, Invalid> {
        Self::of_table(bytes, path, &[], Facts::default())
    }

    /// Reads the content of a file whose metrics are `described`, and of which `facts` are known.
    fn of_table(bytes: &[u8], path: &Path, described: &[Measure], facts: Facts) -> Result<Self, Invalid> {
        let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
        let mut grouped = Grouping::default();
        let (mut keys, count) = table::read(path, &bytes[..whole], layout, |row| grouped.push(row))?;
        let lost = facts.rows().iter().find(|fact| fact.outcome.is_some() && !grouped.has(fact));
        if let Some(Fact { method, seed, .. }) = lost {
            let what = format!("the table is incomplete: `{}` says that `{method}` with seed {seed} has ended", facts::TABLE);
            return Err(Invalid::at("", what).help("`fedfleet run SCENARIO` writes it again").in_file(path, None));
        }
        let measure = |name: String| {
            described.iter().find(|measure| measure.name == name).cloned().unwrap_or_else(|| Measure::named(&name))
        };
        let metrics: Vec<Measure> = keys.drain(count..).skip(METRICS).map(|name| measure(name.replace('_', "-"))).collect();
        let mut runs = grouped.runs;
        runs.iter_mut().for_each(|run| run.complete(&metrics, facts.of(&run.cell, &run.method, run.seed)));
        Ok(Self { keys, metrics, runs, facts })
    }

    /// The runs of `parts`, whose cells all have the same `keys`, with every metric that one of them has; without
    /// facts about them.
    pub fn union(keys: Vec<String>, parts: Vec<Self>) -> Self {
        let mut all = Self { keys, ..Self::default() };
        for part in &parts {
            let new = part.metrics.iter().filter(|metric| all.metrics.iter().all(|known| known.name != metric.name));
            all.metrics.extend(new.cloned().collect::<Vec<_>>());
        }
        for part in parts {
            for mut run in part.runs {
                let rows = run.axis(Axis::Rounds).len();
                let column = |metric: &Measure| part.metrics.iter().position(|own| own.name == metric.name);
                let of = |metric: &Measure| {
                    column(metric).map_or_else(|| vec![None; rows], |own| std::mem::take(&mut run.metrics[own]))
                };
                run.metrics = all.metrics.iter().map(of).collect();
                all.runs.push(run);
            }
        }
        all
    }

    /// The column of the metric `name`, if it was recorded at least once.
    pub fn metric(&self, name: &str) -> Option<usize> {
        let column = self.metrics.iter().position(|metric| metric.name == name)?;
        self.runs.iter().any(|run| run.last(column).is_some()).then_some(column)
    }

    /// The metrics by their names in a scenario.
    pub fn names(&self) -> Vec<&str> {
        self.metrics.iter().map(|metric| metric.name.as_str()).collect()
    }

    /// Labels of the methods, in order of appearance.
    pub fn methods(&self) -> Vec<&str> {
        distinct(self.runs.iter().map(|run| run.method.as_str()))
    }

    /// The sweep cells, in order of appearance.
    pub fn cells(&self) -> Vec<&Cell> {
        distinct(self.runs.iter().map(|run| &run.cell))
    }

    /// The distinct values of a sweep key, in order of appearance.
    pub fn values(&self, key: &str) -> Vec<&str> {
        distinct(self.runs.iter().filter_map(|run| run.cell.get(key)))
    }

    /// The runs of one method in one cell, one for each seed.
    pub fn of<'a>(&'a self, cell: &'a Cell, method: &'a str) -> impl Iterator<Item = &'a Run> + Clone {
        self.runs.iter().filter(move |run| run.cell == *cell && run.method == method)
    }
}

/// Values without repeats, in order of first appearance.
pub(super) fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.fold(Vec::new(), |mut seen, value| {
        if !seen.contains(&value) {
            seen.push(value);
        }
        seen
    })
}

/// The place of the first metric, after the sweep keys, `method`, `seed` and the axes.
const METRICS: usize = 2 + Axis::ALL.len();

/// The number of sweep keys in a header.
fn layout(header: &StringRecord) -> Result<usize, String> {
    let keys = header.iter().position(|name| name == "method").ok_or("no column `method` in the first line")?;
    let fixed = ["seed"].into_iter().chain(Axis::ALL.iter().map(|axis| axis.column()));
    for (i, expected) in fixed.enumerate() {
        let found = header.get(keys + 1 + i).unwrap_or("nothing");
        if found != expected {
            return Err(format!("column `{found}` where `{expected}` was expected, {} after `method`", i + 1));
        }
    }
    Ok(keys)
}

/// Collects rows into runs.
#[derive(Default)]
struct Grouping {
    runs: Vec<Run>,
    places: HashMap<(Cell, String, u64), usize>,
}

impl Grouping {
    fn push(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let place = self.place(row, row.parse(1, "a seed")?);
        let run = &mut self.runs[place];
        for axis in Axis::ALL {
            let column = 2 + axis.index();
            let x = row.number(column)?.ok_or_else(|| row.fault(column, format!("no value of `{}`", axis.column())))?;
            if !x.is_finite() || run.axis(axis).last().is_some_and(|&before| x < before) {
                return Err(row.fault(column, format!("`{}` goes to {x} after {}", axis.column(), run.end(axis))));
            }
            run.axes[axis.index()].push(x);
        }
        for (values, column) in run.metrics.iter_mut().zip(METRICS..) {
            values.push(row.number(column)?);
        }
        Ok(())
    }

    /// Whether there is a row of the run.
    fn has(&self, Fact { cell, method, seed, .. }: &Fact) -> bool {
        self.places.contains_key(&(cell.clone(), method.clone(), *seed))
    }

    /// The index of the row's run, which is opened at its first row; rows of a run usually follow each other.
    fn place(&mut self, row: &Row<'_>, seed: u64) -> usize {
        let method = row.text(0);
        let same = |run: &Run| {
            run.seed == seed && run.method == method && run.cell.0.iter().map(|(_, value)| value.as_str()).eq(row.values())
        };
        if self.runs.last().is_some_and(same) {
            return self.runs.len() - 1;
        }
        let (runs, cell, method) = (&mut self.runs, row.cell(), method.to_owned());
        *self.places.entry((cell.clone(), method.clone(), seed)).or_insert_with(|| {
            let metrics = vec![Vec::new(); row.width() - METRICS];
            runs.push(Run { cell, method, seed, diverged: false, sampling: None, axes: Default::default(), metrics });
            runs.len() - 1
        })
    }
}

#[cfg(test)]
mod tests;
