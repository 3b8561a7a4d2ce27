//! The table `predicted.csv`: the metrics of the model at which theory says that a run settles.

use std::{io, path::Path};

use super::{
    curves::{Cell, Curves, Run},
    formula::bare,
    metric::{Column, Measure, wanted},
    units::shortest,
};
use crate::{
    file::{File, bounded, start},
    invalid::Invalid,
    memory,
    num::Real,
    problem::Problem,
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
    let mut csv = csv::Writer::from_writer(Vec::new());
    let names = ["method".to_owned(), "seed".to_owned()].into_iter().chain(columns.iter().map(|column| column.header()));
    csv.write_record(keys.iter().cloned().chain(names))?;
    if let Some(x) = model {
        let score = problem.evaluate(x, wanted(columns));
        let values = columns.iter().map(|column| column.metric.of_model(&score).map_or_else(String::new, shortest));
        csv.write_record(prefix.iter().cloned().chain(values))?;
    }
    let bytes = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Reads what [`table`] writes, for all runs: each of one sample, at the start of all axes.
///
/// # Errors
/// [`Invalid`] in the file where it cannot be read or is no such table.
pub fn read(path: &Path) -> Result<Curves, Invalid> {
    let refused = |error: io::Error| Invalid::at("", format!("the predictions cannot be read: {error}")).in_file(path, None);
    let bytes = bounded::read(path, memory::available()).map_err(refused)?;
    let file = File::in_memory(path, &bytes)?;
    let mut reader = csv::Reader::from_reader(file.text()?.as_bytes());
    let unreadable =
        |error: csv::Error| file.fault_at_record(start(error.position()), format!("the predictions cannot be read: {error}"));
    let header = reader.headers().map_err(unreadable)?.clone();
    let of_keys = header.iter().zip(header.iter().skip(1)).position(|pair| pair == ("method", "seed"));
    let of_keys = of_keys.ok_or_else(|| file.fault_at_record(0, "no columns `method,seed` in the first line"))?;
    let mut runs = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let fault = |column: usize, what: &str| {
            let message = format!("`{}` is not a {what}", &row[column]);
            file.fault_at_field(start(row.position()), (column, b','), message)
        };
        let seed = row[of_keys + 1].parse().map_err(|_| fault(of_keys + 1, "seed"))?;
        let value = |column: usize| match &row[column] {
            "" => Ok(None),
            text => text.parse::<f64>().map(Some).map_err(|_| fault(column, "number")),
        };
        let values = (of_keys + 2..row.len()).map(value).collect::<Result<Vec<_>, _>>()?;
        let pair = |(key, value): (&str, &str)| (key.to_owned(), bare(value).to_owned());
        let cell = Cell(header.iter().zip(&row).take(of_keys).map(pair).collect());
        runs.push(Run::settled(cell, bare(&row[of_keys]).to_owned(), seed, values));
    }
    let metrics = header.iter().skip(of_keys + 2).map(|name| Measure::named(&name.replace('_', "-"))).collect();
    Ok(Curves { keys: header.iter().take(of_keys).map(str::to_owned).collect(), metrics, runs })
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
        assert_eq!(
            (curves.names(), run.cell.get("n"), &*run.method),
            (vec!["loss".into(), "grad-norm".into()], Some("10"), "a, b")
        );
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
