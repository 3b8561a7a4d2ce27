//! `tuning.csv`: the values tried for each tuned method, the ones kept, and whether those are at the end of their grids.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

use csv::StringRecord;
use serde::Serialize;

use crate::{
    invalid::{Invalid, count},
    record::{
        axis::{Axis, Unit, short},
        cell::Cell,
        table::{self, Row, guarded},
    },
};

/// One combination of the tuned values of a method in a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// Paths of the tuned keys, each with the value that is tried.
    pub values: Vec<(String, String)>,
    /// Whether the curves are of the arm of this trial.
    pub kept: bool,
    /// What decides, in words.
    pub by: String,
    /// Median over seeds of what decides; the geometric mean of several quantities.
    pub score: f64,
    /// The rung or phase that it came to, from 1.
    pub rung: usize,
    /// Number of seeds that it ran on.
    pub seeds: usize,
    /// Totals over seeds, in the order of [`Axis::ALL`].
    pub totals: [f64; 6],
}

/// The columns after the sweep keys that every such table has.
const COLUMNS: [&str; 5] = ["method", "trial", "key", "value", "kept"];

/// Writes `trials`, numbered from 1, with a row for each tuned key: cell keys, method, number, key, value, whether it was kept, what
/// decides with the score by it, the rung that it came to, the number of seeds, and the totals over them on every axis.
///
/// # Errors
/// What `out` or the CSV writer reports.
pub fn write(keys: &[String], trials: &[Trial], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let totals = Axis::ALL.map(|axis| axis.name().replace('-', "_"));
    let names = keys.iter().map(String::as_str).chain(COLUMNS).chain(["by", "score", "rung", "seeds"]);
    csv.write_record(names.chain(totals.iter().map(String::as_str)))?;
    for (trial, number) in trials.iter().zip(1_usize..) {
        for (key, value) in &trial.values {
            let cell = trial.cell.0.iter().map(|(_, value)| value.clone());
            let texts = [trial.method.clone(), number.to_string(), key.clone(), value.clone(), trial.kept.to_string()];
            let texts = cell.chain(texts).chain([trial.by.clone()]).map(|text| guarded(&text).into_owned());
            let numbers = [format!("{:?}", trial.score), trial.rung.to_string(), trial.seeds.to_string()];
            csv.write_record(texts.chain(numbers).chain(trial.totals.map(|total| total.to_string())))?;
        }
    }
    csv.flush()
}

/// Reads `tuning.csv`; nothing where no method is tuned. Of a table without seeds and totals, those are 0.
///
/// # Errors
/// [`Invalid`] when the file is no such table.
pub fn read(path: &Path) -> Result<Vec<Trial>, Invalid> {
    let Some(bytes) = table::bytes_if_any(path, "the table of tuned values")? else { return Ok(Vec::new()) };
    let layout = |header: &StringRecord| {
        let columns: Vec<&str> = header.iter().collect();
        let place = columns.windows(COLUMNS.len()).position(|window| window == COLUMNS);
        place.ok_or_else(|| format!("no columns `{}` in the first line", COLUMNS.join(",")))
    };
    let mut trials: Vec<Trial> = Vec::new();
    let mut latest = String::new();
    let each = |row: &Row<'_>| {
        let value = (row.text(2).to_owned(), row.text(3).to_owned());
        if let Some(trial) = trials.last_mut().filter(|_| latest == row.field(1)) {
            trial.values.push(value);
            return Ok(());
        }
        row.field(1).clone_into(&mut latest);
        let (method, kept) = (row.text(0).to_owned(), row.field(4) == "true");
        let number = |at: usize| if at < row.width() { row.field(at).parse::<f64>().ok() } else { None };
        let totals = std::array::from_fn(|axis| number(9 + axis).unwrap_or(0.0));
        let (by, score) = if row.width() > 7 { (row.text(5).to_owned(), number(6)) } else { (String::new(), number(5)) };
        let [rung, seeds] = [7, 8].map(|at| number(at).unwrap_or(0.0) as usize);
        trials.push(Trial {
            cell: row.cell(),
            method,
            values: vec![value],
            kept,
            by,
            score: score.unwrap_or(f64::NAN),
            rung,
            seeds,
            totals,
        });
        Ok(())
    };
    table::read(path, &bytes, layout, each).map(|_| trials)
}

/// The end of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    /// No smaller value was tried.
    Smallest,
    /// No larger value was tried.
    Largest,
}

impl Edge {
    /// Such as `largest`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smallest => "smallest",
            Self::Largest => "largest",
        }
    }
}

/// The kept value of a tuned key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuned {
    /// The path of the key.
    pub key: String,
    /// The value.
    pub value: String,
    /// The end of the grid that it is, where all values are numbers and there are several.
    pub edge: Option<Edge>,
}

impl fmt::Display for Tuned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.key, self.value)?;
        self.edge.map_or(Ok(()), |edge| write!(f, " (the {} tried)", edge.name()))
    }
}

/// The kept trial of a tuned method in a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Winner {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// Its tuned keys.
    pub values: Vec<Tuned>,
    /// What the choice has cost.
    pub cost: Cost,
}

/// The cost of the choice among the arms of a method in a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Number of arms that were run.
    pub arms: usize,
    /// Number of runs.
    pub runs: usize,
    /// Totals over runs, in the order of [`Axis::ALL`].
    pub totals: [f64; 6],
}

impl Cost {
    /// The columns of [`values`](Self::values).
    pub const COLUMNS: [&'static str; 6] =
        ["arms", "tuning_runs", "tuning_seconds", "tuning_gradients", "tuning_uplink_bits", "tuning_downlink_bits"];

    /// Arms, runs, virtual seconds [s], gradients, and bits in either direction [bit].
    pub fn values(&self) -> [f64; 6] {
        let [_, seconds, _, gradients, up, down] = self.totals;
        [self.arms as f64, self.runs as f64, seconds, gradients, up, down]
    }

    /// The cost of `trials`.
    fn of(trials: &[Trial]) -> Self {
        let mut cost = Self { arms: trials.len(), ..Self::default() };
        for trial in trials {
            cost.runs += trial.seeds;
            cost.totals.iter_mut().zip(trial.totals).for_each(|(sum, total)| *sum += total);
        }
        cost
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", count(self.arms, "arm"), count(self.runs, "run"))?;
        for axis in [Axis::Seconds, Axis::Gradients, Axis::UplinkBits] {
            let total = self.totals[axis.index()];
            let unit = Unit::fitting(axis, total);
            let symbol = match (axis, unit.symbol) {
                (Axis::Gradients, "") => "gradients".to_owned(),
                (Axis::Gradients, symbol) => format!("× {symbol} gradients"),
                (Axis::UplinkBits, symbol) => format!("{symbol} up"),
                (_, symbol) => symbol.to_owned(),
            };
            write!(f, ", {} {symbol}", short(total / unit.size))?;
        }
        Ok(())
    }
}

impl Winner {
    /// The kept values, such as `local.lr=0.1; beta=0.5`.
    pub fn tuned(&self) -> String {
        self.values.iter().map(|tuned| format!("{}={}", tuned.key, tuned.value)).collect::<Vec<_>>().join("; ")
    }

    /// The kept values at the ends of their grids, such as `local.lr=largest`.
    pub fn edges(&self) -> String {
        let edges = self.values.iter().filter_map(|tuned| Some(format!("{}={}", tuned.key, tuned.edge?.name())));
        edges.collect::<Vec<_>>().join("; ")
    }
}

/// The kept trials, each key with its place in its own grid. Those of a method in a cell follow each other.
pub fn winners(trials: &[Trial]) -> Vec<Winner> {
    let together = |a: &Trial, b: &Trial| a.cell == b.cell && a.method == b.method;
    trials.chunk_by(together).filter_map(winner).collect()
}

/// What the choice has cost for each method, over all cells: a line for methods with the same cost. Nothing where that is not known.
pub fn costs(winners: &[Winner]) -> Vec<String> {
    let mut methods: Vec<(&str, Cost)> = Vec::new();
    for Winner { method, cost, .. } in winners.iter().filter(|winner| winner.cost.runs > 0) {
        match methods.iter_mut().find(|(known, _)| known == method) {
            Some((_, sum)) => {
                sum.arms += cost.arms;
                sum.runs += cost.runs;
                sum.totals.iter_mut().zip(cost.totals).for_each(|(sum, total)| *sum += total);
            }
            None => methods.push((method, *cost)),
        }
    }
    let mut lines: Vec<(Vec<&str>, String)> = Vec::new();
    for (method, cost) in methods {
        let cost = cost.to_string();
        match lines.iter_mut().find(|(_, known)| *known == cost) {
            Some((labels, _)) => labels.push(method),
            None => lines.push((vec![method], cost)),
        }
    }
    lines.into_iter().map(|(labels, cost)| format!("{}, {cost}", labels.join(" and "))).collect()
}

/// The kept one of `rivals`.
fn winner(rivals: &[Trial]) -> Option<Winner> {
    let kept = rivals.iter().find(|trial| trial.kept)?;
    let tuned = |(index, (key, value)): (usize, &(String, String))| {
        let grid = rivals.iter().map(|trial| trial.values.get(index)?.1.parse().ok()).collect::<Option<Vec<f64>>>();
        let edge = grid.and_then(|grid| edge(&grid, value.parse().ok()?));
        Tuned { key: key.clone(), value: value.clone(), edge }
    };
    let values = kept.values.iter().enumerate().map(tuned).collect();
    Some(Winner { cell: kept.cell.clone(), method: kept.method.clone(), values, cost: Cost::of(rivals) })
}

/// The end of `grid` at which `value` lies.
fn edge(grid: &[f64], value: f64) -> Option<Edge> {
    let least = grid.iter().copied().fold(f64::INFINITY, f64::min);
    let most = grid.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match value {
        _ if least == most => None,
        _ if value == least => Some(Edge::Smallest),
        _ if value == most => Some(Edge::Largest),
        _ => None,
    }
}

/// Cells that a line names.
const NAMED: usize = 3;

/// The values kept for each method, for the keys that are `shown`: a line for each choice, with the cells where there are several.
pub fn lines(winners: &[Winner], shown: impl Fn(&Tuned) -> bool) -> Vec<String> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for winner in winners {
        let values = winner.values.iter().filter(|tuned| shown(tuned)).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let line = format!("{}, {values}", winner.method);
        match groups.iter_mut().find(|(known, _)| *known == line) {
            _ if values.is_empty() => {}
            Some((_, cells)) => cells.push(winner.cell.to_string()),
            None => groups.push((line, vec![winner.cell.to_string()])),
        }
    }
    let line = |(line, cells): (String, Vec<String>)| {
        let more = cells.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!("; {more} more") } else { String::new() };
        let named: Vec<String> = cells.into_iter().filter(|cell| !cell.is_empty()).take(NAMED).collect();
        if named.is_empty() { line } else { format!("{line}: {}{rest}", named.join("; ")) }
    };
    groups.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(alpha: &str, values: &[(&str, &str)], kept: bool) -> Trial {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let cell = Cell(vec![("alpha".to_owned(), alpha.to_owned())]);
        let (method, by) = ("fedavg".to_owned(), "final loss".to_owned());
        Trial { cell, method, values, kept, by, score: 0.5, rung: 1, seeds: 3, totals: [30.0, 60.0, 0.0, 3000.0, 2e6, 0.0] }
    }

    /// Two keys in a cell, of which one has three values and one two; another cell keeps the middle of three.
    fn trials() -> Vec<Trial> {
        let grid = ["0.1", "0.01", "0.001"].into_iter().flat_map(|lr| ["0.9", "1"].map(move |beta| (lr, beta)));
        let first = grid.map(|(lr, beta)| trial("1", &[("local.lr", lr), ("beta", beta)], (lr, beta) == ("0.01", "1")));
        let second = ["0.1", "0.01", "0.001"].map(|lr| trial("2", &[("local.lr", lr)], lr == "0.001"));
        let words = ["none", "0.5"].map(|word| trial("3", &[("discount", word)], word == "0.5"));
        let single = ["0.5", "0.5"].iter().zip([true, false]).map(|(lr, kept)| trial("4", &[("local.lr", lr)], kept));
        first.chain(second).chain(words).chain(single).collect()
    }

    #[test]
    fn each_key_is_an_edge_of_its_own_grid_if_that_is_of_numbers() {
        let found = winners(&trials());
        let told: Vec<_> = found.iter().map(|winner| (winner.tuned(), winner.edges())).collect();
        let text = |tuned: &str, edges: &str| (tuned.to_owned(), edges.to_owned());
        assert_eq!(
            told,
            [
                text("local.lr=0.01; beta=1", "beta=largest"),
                text("local.lr=0.001", "local.lr=smallest"),
                text("discount=0.5", ""),
                text("local.lr=0.5", ""),
            ]
        );
        // 6, 3, 2 and 2 trials of three runs each, with 3000 gradients and 2 Mbit altogether.
        assert_eq!(costs(&found), ["fedavg, 13 arms, 39 runs, 780 s, 39.0 × 10³ gradients, 26.0 Mbit up"]);
        let at_edges = lines(&found, |tuned| tuned.edge.is_some());
        assert_eq!(
            at_edges,
            ["fedavg, beta = 1 (the largest tried): alpha = 1", "fedavg, local.lr = 0.001 (the smallest tried): alpha = 2"]
        );
    }

    #[test]
    fn trials_are_numbered_and_come_back() {
        let mut out = Vec::new();
        write(&["alpha".to_owned()], &trials(), &mut out).unwrap();
        let text = String::from_utf8(out.clone()).unwrap();
        // Six trials of two keys come first, so that the first of the second cell is the seventh.
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(
            rows[..3],
            [
                "alpha,method,trial,key,value,kept,by,score,rung,seeds,rounds,seconds,updates,gradients,uplink_bits,downlink_bits",
                "1,fedavg,1,local.lr,0.1,false,final loss,0.5,1,3,30,60,0,3000,2000000,0",
                "1,fedavg,1,beta,0.9,false,final loss,0.5,1,3,30,60,0,3000,2000000,0",
            ]
        );
        assert_eq!(rows[13], "2,fedavg,7,local.lr,0.1,false,final loss,0.5,1,3,30,60,0,3000,2000000,0");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.csv");
        assert!(read(&path).unwrap().is_empty());
        std::fs::write(&path, &out).unwrap();
        assert_eq!(read(&path).unwrap(), trials());
        // As fedfleet 0.1.0 wrote it.
        std::fs::write(&path, "method,trial,key,value,kept,loss\nfedavg,1,local.lr,0.1,true,0.5\n").unwrap();
        let old = read(&path).unwrap();
        assert_eq!((old[0].score, old[0].seeds, costs(&winners(&old)).len()), (0.5, 0, 0));
    }
}
