//! The table `runs.csv`: the outcome and the sampling of each run of `curves.csv`.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::Path,
};

use crate::{
    engine::AtWork,
    invalid::Invalid,
    record::{
        cell::Cell,
        recorder::progress::Outcome,
        spec::EverySpec,
        table::{self, Fault, Row, guarded},
    },
};

/// The name of the table among results.
pub const TABLE: &str = "runs.csv";

/// Facts about a run besides its curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The sweep cell.
    pub cell: Cell,
    /// The method's label.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// Outcome; `None` for a run that was interrupted and can be resumed.
    pub outcome: Option<Outcome>,
    /// Clients at work until it ended.
    pub at_work: Option<AtWork>,
    /// Sampling.
    pub sampling: Sampling,
}

/// The places at which a run was sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Distance between samples.
    pub every: EverySpec,
    /// Whether the method has a server, whose steps alone change the model.
    pub server: bool,
}

impl Sampling {
    /// Whether every update of a server's model was sampled, as it was made.
    pub fn is_exact(self) -> bool {
        self.server && matches!(self.every, EverySpec::Rounds(1) | EverySpec::Updates(1))
    }
}

/// The rows of a `runs.csv`; none where there is no such file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    rows: Vec<Fact>,
    places: HashMap<(Cell, String, u64), usize>,
}

impl Facts {
    /// Reads the table at `path`: nothing where there is no such file, as beside results of an earlier version.
    ///
    /// # Errors
    /// [`Invalid`] naming the file, and the line where there is one, if it cannot be read or is no such table.
    pub fn read(path: &Path) -> Result<Self, Invalid> {
        table::bytes_if_any(path, "the outcomes of runs")?.map_or_else(|| Ok(Self::default()), |bytes| Self::parse(&bytes, path))
    }

    /// Reads the content of a file; `path` is for messages only.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, Invalid> {
        let mut facts = Self::default();
        let each = |row: &Row<'_>| {
            let is_new = facts.add(fact(row)?);
            if is_new { Ok(()) } else { Err(row.fault(0, "this run has an earlier line already")) }
        };
        table::read(path, bytes, |header| table::before(&FIXED, header), each).map(|_| facts)
    }

    /// Adds a run; whether it is not there yet.
    fn add(&mut self, fact: Fact) -> bool {
        let name = (fact.cell.clone(), fact.method.clone(), fact.seed);
        let is_new = self.places.insert(name, self.rows.len()).is_none();
        self.rows.push(fact);
        is_new
    }

    /// The runs, in the order of the file.
    pub fn rows(&self) -> &[Fact] {
        &self.rows
    }

    /// The facts about one run.
    pub fn of(&self, cell: &Cell, method: &str, seed: u64) -> Option<&Fact> {
        self.places.get(&(cell.clone(), method.to_owned(), seed)).map(|&place| &self.rows[place])
    }
}

impl FromIterator<Fact> for Facts {
    fn from_iter<T: IntoIterator<Item = Fact>>(facts: T) -> Self {
        let mut all = Self::default();
        facts.into_iter().for_each(|fact| {
            let _ = all.add(fact);
        });
        all
    }
}

/// The columns after the sweep keys.
const FIXED: [&str; 7] = ["method", "seed", "outcome", "sampled", "server", "at_work_mean", "at_work_most"];

/// The facts in a row.
fn fact(row: &Row<'_>) -> Result<Fact, Fault> {
    let outcome = match row.field(2) {
        "" => None,
        name => Some(Outcome::from_name(name).ok_or_else(|| row.fault(2, format!("`{name}` is not an outcome of a run")))?),
    };
    let has_ended = !(row.field(5).is_empty() && row.field(6).is_empty());
    let at_work = || Ok(AtWork { mean: row.parse(5, "a number of clients")?, most: row.parse(6, "a number of clients")? });
    Ok(Fact {
        cell: row.cell(),
        method: row.text(0).to_owned(),
        seed: row.parse(1, "a seed")?,
        outcome,
        sampling: Sampling {
            every: row.parse(3, "a distance between samples, such as `6 seconds`")?,
            server: row.parse(4, "`true` or `false`")?,
        },
        at_work: has_ended.then(at_work).transpose()?,
    })
}

/// Writes `runs.csv`: the sweep `keys`, `method` and `seed` as in `curves.csv`; `outcome`, empty for a run that was interrupted; `sampled`,
/// such as `6 seconds`; whether the method has a `server`; and the clients at work, on average over virtual time and the most.
///
/// # Errors
/// What `out` reports.
pub fn write(keys: &[String], facts: impl IntoIterator<Item = Fact>, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(keys.iter().map(String::as_str).chain(FIXED))?;
    for Fact { cell, method, seed, outcome, at_work, sampling } in facts {
        let texts = cell.0.iter().map(|(_, value)| value).chain([&method]).map(|text| guarded(text).into_owned());
        let outcome = outcome.map_or("", Outcome::name).to_owned();
        let [mean, most] = at_work.map(|AtWork { mean, most }| [format!("{mean:?}"), most.to_string()]).unwrap_or_default();
        let rest = [seed.to_string(), outcome, sampling.every.to_string(), sampling.server.to_string(), mean, most];
        csv.write_record(texts.chain(rest))?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests;
