//! The tables `clients.csv` and `reliability.csv`.

use std::{io, path::Path};

use super::{Groups, Rows};
use crate::{
    invalid::Invalid,
    problem::{
        client_scores::{OfClient, Whose},
        predictions::{BINS, Predictions, Score},
    },
    record::{
        axis::shortest,
        curves::Cell,
        metric::Crowd,
        recorder::{files::Part, progress::Progress},
        table::{self, Row, guarded},
    },
};

/// The name of the table of clients.
pub const CLIENTS: &str = "clients.csv";
/// The name of the table of bins of confidence.
pub const RELIABILITY: &str = "reliability.csv";

/// The columns of `clients.csv` between the sweep keys and the scores.
const COLUMNS: [&str; 9] = ["method", "seed", "round", "seconds", "client", "group", "samples", "held_out", "mix"];
/// The columns of `reliability.csv` after the sweep keys.
const BIN_COLUMNS: [&str; 11] =
    ["method", "seed", "round", "seconds", "model", "mix", "low", "high", "count", "confidence", "accuracy"];

/// The models of a row, by the beginning of their columns in `clients.csv`, and by their names in `reliability.csv`.
const MODELS: [(&str, &str, Whose); 3] =
    [("", "run", Whose::Run), ("personalised-", "personalised", Whose::Personal), ("mixed-", "mixed", Whose::Mixed)];

/// The header of `clients.csv`, with the sweep keys `keys`.
pub fn header(keys: &[String], rows: &Rows, models: usize) -> Vec<String> {
    let scores = names(rows, models).into_iter().map(|name| name.replace('-', "_"));
    keys.iter().cloned().chain(COLUMNS.map(str::to_owned)).chain(scores).collect()
}

/// The names of the scores of `clients.csv`: `accuracy`, `personalised-accuracy`.
pub fn names(rows: &Rows, models: usize) -> Vec<String> {
    let of = |prefix: &'static str| rows.scores.iter().map(move |score| format!("{prefix}{}", score.name()));
    MODELS.iter().take(models).flat_map(|&(prefix, ..)| of(prefix)).collect()
}

/// The header of `reliability.csv`.
pub fn bins_header(keys: &[String]) -> Vec<String> {
    keys.iter().cloned().chain(BIN_COLUMNS.map(str::to_owned)).collect()
}

fn instant(progress: &Progress) -> [String; 2] {
    [progress.round.to_string(), shortest(progress.seconds)]
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, shortest)
}

/// Appends the rows of all clients at an instant: one a client, or one for each of several mixtures.
///
/// # Errors
/// When they cannot be written.
pub fn write(
    part: &mut Part,
    (rows, models): (&Rows, usize),
    (progress, groups): (&Progress, &Groups),
    crowd: &Crowd<'_>,
    samples: impl Fn(usize) -> usize,
) -> io::Result<()> {
    for of in &crowd.clients {
        for mixture in 0..of.mixed.len().max(1) {
            let mix = of.mixed.get(mixture).map(|(_, share)| *share);
            let group = guarded(groups.name(of.client)).into_owned();
            let about = [of.client.to_string(), group, samples(of.client).to_string(), of.run.len().to_string(), number(mix)];
            let of_model = |whose: Whose| {
                let predictions = of.of(whose, mixture);
                rows.scores.iter().map(move |&score| number(predictions.and_then(|all| all.score(score))))
            };
            let scores = MODELS.iter().take(models).flat_map(|&(_, _, whose)| of_model(whose));
            part.append(instant(progress).into_iter().chain(about).chain(scores))?;
        }
    }
    part.flush()
}

/// Appends the bins of confidence over all clients together at an instant; those without samples have no row.
///
/// # Errors
/// When they cannot be written.
pub fn write_bins(part: &mut Part, progress: &Progress, crowd: &Crowd<'_>) -> io::Result<()> {
    let mixtures = crowd.clients.first().map_or(0, |of| of.mixed.len());
    for (_, name, whose) in MODELS {
        for mixture in 0..if whose == Whose::Mixed { mixtures } else { 1 } {
            let all = crowd.clients.iter().filter_map(|of| of.of(whose, mixture));
            let Some(bins) = Predictions::joined(all).and_then(|all| all.reliability(BINS)) else { continue };
            let mix = if whose == Whose::Mixed { mean_share(&crowd.clients, mixture) } else { None };
            for (bin, found) in bins.bins.iter().enumerate().filter(|(_, found)| found.count > 0) {
                let ends = [bin, bin + 1].map(|end| shortest(end as f64 / BINS as f64));
                let about = [name.to_owned(), number(mix)].into_iter().chain(ends);
                let values = [found.count.to_string(), shortest(found.confidence()), shortest(found.accuracy())];
                part.append(instant(progress).into_iter().chain(about).chain(values))?;
            }
        }
    }
    part.flush()
}

/// The mean over clients of the share of a mixture.
fn mean_share(clients: &[OfClient], mixture: usize) -> Option<f64> {
    let shares: Vec<f64> = clients.iter().filter_map(|of| Some(of.mixed.get(mixture)?.1)).collect();
    Some(shares.iter().sum::<f64>() / shares.len() as f64)
}

/// A row of `clients.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    /// The sweep cell.
    pub cell: Cell,
    /// The method.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// The round.
    pub round: u64,
    /// Its number.
    pub client: usize,
    /// Its group; empty without groups.
    pub group: String,
    /// Number of training samples.
    pub samples: f64,
    /// Number of held-out samples.
    pub held_out: f64,
    /// The share of the personalised model in the mixture of this row, where there is one.
    pub mix: Option<f64>,
    /// The scores, as [`Clients::scores`] names them.
    pub scores: Vec<Option<f64>>,
}

/// The content of `clients.csv`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clients {
    /// Names of the scores: `accuracy`, `personalised-accuracy`.
    pub scores: Vec<String>,
    /// The rows.
    pub rows: Vec<Client>,
}

/// Reads `clients.csv`.
///
/// # Errors
/// [`Invalid`] in the file where it cannot be read or is no such table.
pub fn read(path: &Path) -> Result<Clients, Invalid> {
    let bytes = table::bytes(path, "the scores of clients")?;
    let mut rows = Vec::new();
    let layout = |header: &csv::StringRecord| {
        let keys = header.iter().position(|name| name == COLUMNS[0]).ok_or("no column `method` in the first line")?;
        let fits = header.iter().skip(keys).take(COLUMNS.len()).eq(COLUMNS);
        if fits { Ok(keys) } else { Err(format!("the columns after the sweep keys are not `{}`", COLUMNS.join(","))) }
    };
    let each = |row: &Row<'_>| {
        let scores = (COLUMNS.len()..row.width()).map(|column| row.number(column)).collect::<Result<_, _>>()?;
        rows.push(Client {
            cell: row.cell(),
            method: row.text(0).to_owned(),
            seed: row.parse(1, "a seed")?,
            round: row.parse(2, "a round")?,
            client: row.parse(4, "a client")?,
            group: row.text(5).to_owned(),
            samples: row.parse(6, "a number of samples")?,
            held_out: row.parse(7, "a number of samples")?,
            mix: row.number(8)?,
            scores,
        });
        Ok(())
    };
    let (header, keys) = table::read(path, &bytes, layout, each)?;
    let scores = header.iter().skip(keys + COLUMNS.len()).map(|name| name.replace('_', "-")).collect();
    Ok(Clients { scores, rows })
}

/// A row of `reliability.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct BinRow {
    /// The sweep cell.
    pub cell: Cell,
    /// The method.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// The round.
    pub round: u64,
    /// Whose predictions: `run`, `personalised` or `mixed`.
    pub model: String,
    /// The lower end, which is not in the bin, and the upper end, which is \[1\].
    pub ends: (f64, f64),
    /// Number of samples.
    pub count: f64,
    /// Mean confidence \[1\].
    pub confidence: f64,
    /// Share of right predictions \[1\].
    pub accuracy: f64,
}

/// Reads `reliability.csv`.
///
/// # Errors
/// [`Invalid`] in the file where it cannot be read or is no such table.
pub fn read_bins(path: &Path) -> Result<Vec<BinRow>, Invalid> {
    let bytes = table::bytes(path, "the bins of confidence")?;
    let mut rows = Vec::new();
    let each = |row: &Row<'_>| {
        rows.push(BinRow {
            cell: row.cell(),
            method: row.text(0).to_owned(),
            seed: row.parse(1, "a seed")?,
            round: row.parse(2, "a round")?,
            model: row.text(4).to_owned(),
            ends: (row.parse(6, "a number")?, row.parse(7, "a number")?),
            count: row.parse(8, "a count")?,
            confidence: row.parse(9, "a number")?,
            accuracy: row.parse(10, "a number")?,
        });
        Ok(())
    };
    let _ = table::read(path, &bytes, |header| table::before(&BIN_COLUMNS, header), each)?;
    Ok(rows)
}

/// The title of a column of scores.
pub fn title(score: &str) -> String {
    let (model, name) = match score.split_once('-') {
        Some(("personalised", name)) => ("personalised ", name),
        Some(("mixed", name)) => ("mixed ", name),
        _ => ("", score),
    };
    let title = Score::from_name(name).map_or_else(|| name.replace('-', " "), |score| score.title().to_owned());
    format!("{model}{title}")
}
