//! The table `staleness.csv`: how many updates of each staleness a run has applied, and the shares that figures show.

use std::{io, path::Path};

use super::{Cell, Curves, Run};
use crate::{
    invalid::Invalid,
    record::{
        metric::Measure,
        table::{self, Row},
    },
};

/// The horizontal axis of a figure of shares, and their sweep key.
pub const KEY: &str = "staleness";
/// The metric of a figure of shares.
pub const SHARE: &str = "share";

/// The columns after the sweep keys.
const COLUMNS: [&str; 4] = ["method", "seed", KEY, "count"];

/// Greatest staleness that is read back.
const MOST: u64 = 1 << 20;

/// The rows of one run with their header: `keys`, method, seed, staleness, count. `prefix` is what every row starts with;
/// `counts` begins with those of staleness 0, and stalenesses that never came have no row.
///
/// # Errors
/// None that memory does not have.
pub fn table(keys: &[String], prefix: &[String], counts: &[u64]) -> io::Result<String> {
    table::text(|csv| {
        csv.write_record(keys.iter().map(String::as_str).chain(COLUMNS))?;
        for (staleness, count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            csv.write_record(prefix.iter().chain(&[staleness.to_string(), count.to_string()]))?;
        }
        Ok(())
    })
}

/// The shares of a run's updates, read from `staleness.csv`: a point for every staleness from 0 to the greatest that the method met
/// in its cell, as if the [key](KEY) were swept and the [share](SHARE) recorded.
///
/// # Errors
/// [`Invalid`] in the file where it cannot be read or is no such table.
pub fn shares(path: &Path) -> Result<Curves, Invalid> {
    let counted = read(path)?;
    let (mut keys, share) = (counted.keys, Measure { title: "share of updates".to_owned(), ..Measure::named(SHARE) });
    let mut runs = Vec::new();
    for run in &counted.runs {
        let alike = counted.runs.iter().filter(|other| other.cell == run.cell && other.method == run.method);
        let greatest = alike.map(|other| other.counts.len()).max().unwrap_or(0);
        let total = run.counts.iter().sum::<u64>() as f64;
        runs.extend((0..greatest).map(|staleness| {
            let mut cell = run.cell.clone();
            cell.0.push((KEY.to_owned(), staleness.to_string()));
            let count = run.counts.get(staleness).copied().unwrap_or(0);
            Run::settled(cell, run.method.clone(), run.seed, vec![Some(count as f64 / total)])
        }));
    }
    keys.push(KEY.to_owned());
    Ok(Curves { keys, metrics: vec![share], runs, ..Curves::default() })
}

/// The content of [`table`]s, for all runs.
struct Counts {
    keys: Vec<String>,
    runs: Vec<Counted>,
}

/// The counts of one run, from staleness 0.
struct Counted {
    cell: Cell,
    method: String,
    seed: u64,
    counts: Vec<u64>,
}

fn read(path: &Path) -> Result<Counts, Invalid> {
    let bytes = table::bytes(path, "the counts of staleness")?;
    let mut runs: Vec<Counted> = Vec::new();
    let each = |row: &Row<'_>| {
        let (seed, staleness, count) =
            (row.parse(1, "a seed")?, row.parse::<u64>(2, "a staleness")?, row.parse::<u64>(3, "a count")?);
        if staleness > MOST {
            return Err(row.fault(2, format!("a staleness of {staleness} is more than a figure can show, {MOST}")));
        }
        let (cell, method) = (row.cell(), row.text(0));
        let same = |run: &Counted| run.cell == cell && run.method == method && run.seed == seed;
        if !runs.last().is_some_and(same) {
            runs.push(Counted { cell, method: method.to_owned(), seed, counts: Vec::new() });
        }
        let counts = &mut runs.last_mut().expect("a run was just opened").counts;
        counts.resize(counts.len().max(staleness as usize + 1), 0);
        counts[staleness as usize] += count;
        Ok(())
    };
    let (mut keys, count) = table::read(path, &bytes, |header| table::before(&COLUMNS, header), each)?;
    keys.truncate(count);
    Ok(Counts { keys, runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_has_a_row() {
        let (keys, prefix) = (["n".to_owned()], ["10", "FedBuff, K = 2", "0"].map(str::to_owned));
        let expected = "n,method,seed,staleness,count\n10,\"FedBuff, K = 2\",0,0,3\n10,\"FedBuff, K = 2\",0,2,1\n";
        assert_eq!(table(&keys, &prefix, &[3, 0, 1]).unwrap(), expected);
    }

    #[test]
    fn shares_are_of_each_run_and_reach_the_greatest_staleness_of_the_method() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("staleness.csv");
        let rows = "n,method,seed,staleness,count\n10,a,0,0,3\n10,a,0,2,1\n10,a,1,0,5\n10,b,0,0,7\n";
        std::fs::write(&path, rows).unwrap();
        let shares = shares(&path).unwrap();
        assert_eq!(shares.keys, ["n", "staleness"]);
        let found: Vec<(&str, u64, &str, Option<f64>)> =
            shares.runs.iter().map(|run| (&*run.method, run.seed, run.cell.get(KEY).unwrap(), run.last(0))).collect();
        let expected = [
            ("a", 0, "0", Some(0.75)),
            ("a", 0, "1", Some(0.0)),
            ("a", 0, "2", Some(0.25)),
            ("a", 1, "0", Some(1.0)),
            ("a", 1, "1", Some(0.0)),
            ("a", 1, "2", Some(0.0)),
            ("b", 0, "0", Some(1.0)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn other_tables_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("staleness.csv");
        let header = "method,seed,staleness,count\n";
        for (rows, place) in [
            ("a,b\n1,2\n".to_owned(), "1:1 a,b"),
            (format!("{header}a,0,0,1\na,0,x,1\n"), "3:5 x"),
            (format!("{header}a,0,9999999999999,1\n"), "2:5 9999999999999"),
            (format!("{header}a,0,1\n"), "2:1 a,0,1"),
        ] {
            std::fs::write(&path, &rows).unwrap();
            assert_eq!(shares(&path).unwrap_err().place(), place, "{rows}");
        }
    }
}
