//! `summary.csv`: the results of each method in each cell, over seeds.

use std::io::Write;

use super::{
    Cell, Curves, Run,
    crews::Crew,
    trial::{Cost, Winner},
};
use crate::record::{
    axis::Axis,
    metric::{Better, Measure},
    spread::Quartiles,
    table::guarded,
};

/// Final and best values of one metric over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Quartiles of the last recorded values.
    pub last: Quartiles,
    /// Quartiles of the best values of each run; `None` where no value is better than another.
    pub best: Option<Quartiles>,
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
    /// Number of runs that diverged.
    pub diverged: usize,
    /// Median totals, in the order of [`Axis::ALL`].
    pub totals: [f64; 6],
    /// Median clients at work: on average over virtual time, and the most; `None` where they are not known.
    pub at_work: Option<[f64; 2]>,
    /// One for each metric of the curves; `None` where it was not recorded.
    pub outcomes: Vec<Option<Outcome>>,
}

/// Names of the [values](Row::values) of a row: how many seeds there are and how many diverged, the median total on each axis, clients
/// at work on average and at most, then for each metric the median and quartiles of its final and of its best value.
pub fn columns(metrics: &[Measure]) -> Vec<String> {
    let counts = ["seeds", "diverged"].map(str::to_owned);
    let totals = Axis::ALL.map(|axis| axis.column().to_owned());
    let quartiles = metrics.iter().flat_map(|metric| {
        let column = metric.name.replace('-', "_");
        ["final", "best"].into_iter().flat_map(move |when| {
            let column = column.clone();
            ["median", "q1", "q3"].map(move |quartile| format!("{column}_{when}_{quartile}"))
        })
    });
    let at_work = ["at_work_mean", "at_work_most"].map(str::to_owned);
    counts.into_iter().chain(totals).chain(at_work).chain(quartiles).collect()
}

impl Row {
    /// The values of the [columns]; `None` where nothing was recorded.
    pub fn values(&self) -> Vec<Option<f64>> {
        let counts = [self.seeds, self.diverged].map(|count| count as f64);
        let quartiles = |outcome: &Option<Outcome>| match outcome {
            Some(Outcome { last, best }) => {
                [Some(*last), *best].map(|q| q.map_or([None; 3], |q| [q.median, q.lower, q.upper].map(Some))).concat()
            }
            None => vec![None; 6],
        };
        let counted = counts.into_iter().chain(self.totals).map(Some);
        let at_work = self.at_work.map_or([None; 2], |at_work| at_work.map(Some));
        counted.chain(at_work).chain(self.outcomes.iter().flat_map(quartiles)).collect()
    }

    /// The values kept for the method in the cell, where it is `tuned`.
    pub fn choice<'a>(&self, tuned: &'a [Winner]) -> Option<&'a Winner> {
        tuned.iter().find(|winner| winner.cell == self.cell && winner.method == self.method)
    }
}

/// Summarises every method in every cell, in order of appearance; `crews` are those of the same runs.
pub fn summarise(curves: &Curves, crews: &[Crew]) -> Vec<Row> {
    let (cells, methods) = (curves.cells(), curves.methods());
    let pairs = cells.iter().flat_map(|&cell| methods.iter().map(move |&method| (cell, method)));
    pairs.filter_map(|(cell, method)| row(curves, crews, cell, method)).collect()
}

fn row(curves: &Curves, crews: &[Crew], cell: &Cell, method: &str) -> Option<Row> {
    let runs: Vec<&Run> = curves.of(cell, method).collect();
    let total = |axis| Quartiles::of(&mut runs.iter().map(|run| run.end(axis)).collect::<Vec<_>>()).map(|q| q.median);
    let mut totals = [0.0; 6];
    for axis in Axis::ALL {
        totals[axis.index()] = total(axis)?;
    }
    Some(Row {
        cell: cell.clone(),
        method: method.to_owned(),
        seeds: runs.len(),
        diverged: runs.iter().filter(|run| run.diverged).count(),
        totals,
        at_work: crews
            .iter()
            .find(|crew| crew.cell == *cell && crew.method == method)
            .map(|crew| [crew.mean.median, crew.most.median]),
        outcomes: curves.metrics.iter().enumerate().map(|(column, metric)| outcome(&runs, column, metric.better)).collect(),
    })
}

fn outcome(runs: &[&Run], metric: usize, better: Better) -> Option<Outcome> {
    let last = |run: &&Run| run.last(metric).map(|v| better.settle(v));
    let best = |run: &&Run| run.best(metric, better).map(|v| better.settle(v));
    Some(Outcome {
        last: Quartiles::of(&mut runs.iter().filter_map(last).collect::<Vec<_>>())?,
        best: Quartiles::of(&mut runs.iter().filter_map(best).collect::<Vec<_>>()),
    })
}

/// Writes the `rows` of the [summary](summarise) of `curves` as CSV, numbers as their shortest exact decimals.
///
/// Columns: cell keys, `overridden` keys with one value in all rows, `method`; where methods are `tuned`, the values that were kept and
/// which of them are ends of their grids, and what the choice has [cost](Cost); then those of [`columns`].
///
/// # Errors
/// What `out` or the CSV writer reports.
pub fn write(
    curves: &Curves,
    (overridden, tuned): (&[(String, String)], &[Winner]),
    rows: &[Row],
    out: impl Write,
) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let method = ["method".to_owned()];
    let choice: Vec<String> = ["tuned", "edge"].into_iter().chain(Cost::COLUMNS).map(str::to_owned).collect();
    let choice = if tuned.is_empty() { &[] } else { &choice[..] };
    let (keys, changed): (Vec<&String>, Vec<&String>) = overridden.iter().map(|(key, value)| (key, value)).unzip();
    writer.write_record(curves.keys.iter().chain(keys).chain(&method).chain(choice).chain(&columns(&curves.metrics)))?;
    for row in rows {
        let values =
            row.values().into_iter().map(|value| value.map_or_else(String::new, |value| value.to_string())).collect::<Vec<_>>();
        let cell = row.cell.0.iter().map(|(_, value)| value.as_str());
        let kept = row.choice(tuned).map_or_else(
            || vec![String::new(); choice.len()],
            |winner| {
                let cost = winner.cost.values().map(|value| value.to_string());
                [winner.tuned(), winner.edges()].into_iter().chain(cost).collect()
            },
        );
        let kept = kept.iter().map(String::as_str);
        let texts = cell.chain(changed.iter().map(|value| value.as_str())).chain([row.method.as_str()]).chain(kept);
        writer.write_record(texts.map(|text| guarded(text).into_owned()).chain(values))?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::curves::trial::{Edge, Tuned};

    const FILE: &str = concat!(
        "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy,gap\n",
        "1,a,0,0,0,0,0,0,0,4,,\n1,a,0,2,1,8,80,64,32,1,0.5,\n1,a,0,4,2,16,160,128,64,2,0.4,\n",
        "1,a,1,0,0,0,0,0,0,4,,\n1,a,1,4,4,16,160,128,64,inf,0.1,\n",
        "1,a,2,0,0,0,0,0,0,4,,\n1,a,2,4,3,16,160,128,64,3,0.6,\n",
    );

    #[test]
    fn final_and_best_values_over_seeds() {
        let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
        let rows = summarise(&curves, &[]);
        assert_eq!(rows.len(), 1);
        let (row, loss) = (&rows[0], rows[0].outcomes[0].unwrap());
        assert_eq!((row.seeds, row.diverged), (3, 1));
        assert_eq!(row.totals, [4.0, 3.0, 16.0, 160.0, 128.0, 64.0]);
        assert_eq!((loss.last.lower, loss.last.median, loss.last.upper), (2.5, 3.0, f64::INFINITY));
        assert_eq!(loss.best.unwrap().median, 3.0);
        // The accuracy of the run that diverged counts as worst in the end, of 0.4 and 0.6, and was never recorded before.
        let accuracy = row.outcomes[1].unwrap();
        assert_eq!((accuracy.last.lower, accuracy.last.median), (f64::NEG_INFINITY, 0.4));
        assert_eq!(accuracy.best.unwrap().median, 0.5);
        assert_eq!(row.outcomes[2], None);
    }

    #[test]
    fn the_csv_has_a_column_for_every_value() {
        let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
        let mut out = Vec::new();
        let overridden = [("fleet.clients".to_owned(), "3".to_owned())];
        let kept = Tuned { key: "local.lr".to_owned(), value: "0.1".to_owned(), edge: Some(Edge::Smallest) };
        let (cell, method) = (curves.cells()[0].clone(), "a".to_owned());
        let crews = [Crew { cell, method, server: true, mean: Quartiles::at(3.25), most: Quartiles::at(10.0) }];
        let cost = Cost { arms: 5, runs: 15, totals: [0.0, 60.5, 0.0, 3000.0, 64.0, 32.0] };
        let tuned = [Winner { cell: curves.cells()[0].clone(), method: "a".to_owned(), values: vec![kept], cost }];
        write(&curves, (&overridden, &tuned), &summarise(&curves, &crews), &mut out).unwrap();
        let mut reader = csv::Reader::from_reader(&out[..]);
        let header = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let field = |name: &str| &row[header.iter().position(|h| h == name).unwrap()];
        assert_eq!(field("fleet.clients"), "3");
        assert_eq!((field("alpha"), field("method"), field("seeds"), field("diverged")), ("1", "a", "3", "1"));
        assert_eq!((field("loss_final_q1"), field("loss_final_q3"), field("gap_best_median")), ("2.5", "inf", ""));
        assert_eq!((field("at_work_mean"), field("at_work_most")), ("3.25", "10"));
        assert_eq!((field("tuned"), field("edge")), ("local.lr=0.1", "local.lr=smallest"));
        assert_eq!(Cost::COLUMNS.map(field), ["5", "15", "60.5", "3000", "64", "32"]);
        assert_eq!((field("accuracy_final_median"), field("accuracy_final_q1")), ("0.4", "-inf"));
    }
}
