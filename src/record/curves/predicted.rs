//! The table `predicted.csv`: the metrics of the stationary point that theory predicts for a run.

use std::{io, path::Path};

use csv::StringRecord;

use super::{Curves, Run};
use crate::{
    invalid::Invalid,
    num::Real,
    problem::Problem,
    record::{
        axis::shortest,
        metric::{Column, Measure, wanted},
        table::{self, Row},
    },
};

/// The row of one run with its header: `keys`, method, seed, and a metric for each of `columns`, empty where a model has none by
/// itself. `prefix` is what the row starts with; without a model there is no row.
///
/// # Errors
/// None that memory does not have.
pub fn table<R: Real>(
    keys: &[String],
    prefix: &[String],
    columns: &[Column],
    (problem, model): (&Problem<R>, Option<&[R]>),
) -> io::Result<String> {
    let names = ["method".to_owned(), "seed".to_owned()].into_iter().chain(columns.iter().map(|column| column.header()));
    table::text(|csv| {
        csv.write_record(keys.iter().cloned().chain(names))?;
        let Some(x) = model else { return Ok(()) };
        let score = problem.evaluate(x, wanted(columns));
        let values = columns.iter().map(|column| column.metric.of_model(&score).map_or_else(String::new, shortest));
        csv.write_record(prefix.iter().cloned().chain(values))
    })
}

/// Reads what [`table`] writes, for all runs: each of one sample, at the start of all axes.
///
/// # Errors
/// [`Invalid`] in the file where it cannot be read or is no such table.
pub fn read(path: &Path) -> Result<Curves, Invalid> {
    let bytes = table::bytes(path, "the predictions")?;
    let layout = |header: &StringRecord| {
        let place = header.iter().zip(header.iter().skip(1)).position(|pair| pair == ("method", "seed"));
        place.ok_or_else(|| "no columns `method,seed` in the first line".to_owned())
    };
    let mut runs = Vec::new();
    let each = |row: &Row<'_>| {
        let seed = row.parse(1, "a seed")?;
        let values = (2..row.width()).map(|column| row.number(column)).collect::<Result<_, _>>()?;
        runs.push(Run::settled(row.cell(), row.text(0).to_owned(), seed, values));
        Ok(())
    };
    let (mut keys, count) = table::read(path, &bytes, layout, each)?;
    let metrics = keys.drain(count..).skip(2).map(|name| Measure::named(&name.replace('_', "-"))).collect();
    Ok(Curves { keys, metrics, runs, ..Curves::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_read_back_and_other_tables_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predicted.csv");
        std::fs::write(&path, "n,method,seed,loss,grad_norm\n10,\"a, b\",3,0.5,\n").unwrap();
        let curves = read(&path).unwrap();
        let run = &curves.runs[0];
        assert_eq!((curves.names(), run.cell.get("n"), &*run.method), (vec!["loss", "grad-norm"], Some("10"), "a, b"));
        assert_eq!((run.seed, run.last(0), run.last(1)), (3, Some(0.5), None));
        for (text, place) in [
            ("a,b\n", "1:1 a,b"),
            ("method,seed,loss\na,0,x\n", "2:5 x"),
            ("method,seed,loss\na,one,1\n", "2:3 one"),
            ("method,seed,loss\na,0\n", "2:1 a,0"),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap_err().place(), place, "{text}");
        }
    }
}
