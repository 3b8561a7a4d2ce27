//! The sizes of a data set, and a report on it: classes, how clients differ, held-out samples that are also training samples.

use std::collections::HashSet;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::{ClientData, Features, Samples, Table, Targets};
use crate::num::Real;

/// The data of a world, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Number of training samples.
    pub training: usize,
    /// Number of held-out samples of the test part.
    pub held_out: usize,
    /// Number of validation samples, where there is such a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<usize>,
    /// How many of the held-out samples are, features and target, also training samples.
    pub duplicates: usize,
    /// Number of features.
    pub features: usize,
    /// Share of the features of a training sample that are stored, where rows are sparse [1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<f64>,
    /// What is to be predicted.
    pub targets: Predicted,
    /// Number of clients.
    pub clients: usize,
    /// Whether all clients have all training samples.
    pub shared: bool,
    /// Training samples of a client.
    pub samples_per_client: Spread,
    /// Classes among the samples of a client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_per_client: Option<Spread>,
    /// Memory that the samples take [byte].
    pub bytes: u64,
}

impl Report {
    /// Whether `other` is of the same samples, as far as both tell, however clients have them.
    pub fn has_samples_of(&self, other: &Self) -> bool {
        let samples = |report: &Self| {
            (report.training, report.held_out, report.validation, report.duplicates, report.features, report.density)
        };
        samples(self) == samples(other) && self.targets == other.targets
    }
}

/// The targets of the training samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicted {
    /// Classes in their order.
    Classes(Vec<Class>),
    /// Real values from the least to the greatest.
    Values {
        /// The least.
        least: f64,
        /// The greatest.
        greatest: f64,
    },
}

/// A class with its samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Class {
    /// Its name in the data, or its number.
    pub name: String,
    /// Training samples of it.
    pub training: usize,
    /// Held-out samples of it.
    pub held_out: usize,
}

/// A count over clients: values that some client has, so that none is a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spread {
    /// The least.
    pub least: usize,
    /// First quartile.
    pub lower: usize,
    /// Median.
    pub median: usize,
    /// Third quartile.
    pub upper: usize,
    /// The greatest.
    pub greatest: usize,
}

impl Spread {
    /// The spread of `counts`, of which there is at least one; a quartile is the count nearest to its place.
    fn of(mut counts: Vec<usize>) -> Self {
        counts.sort_unstable();
        let at = |quarter: usize| counts[(quarter * (counts.len() - 1) + 2) / 4];
        Self { least: at(0), lower: at(1), median: at(2), upper: at(3), greatest: at(4) }
    }
}

impl<R: Real> ClientData<R> {
    /// The report on these data.
    pub fn report(&self) -> Report {
        let sizes = (0..self.clients()).map(|client| self.rows(client).len()).collect();
        let labels = self
            .label_counts()
            .map(|clients| Spread::of(clients.iter().map(|counts| counts.iter().filter(|&&count| count > 0).count()).collect()));
        let (train, test, validation) = (&self.train, self.test.as_ref(), self.validation.as_ref());
        Report {
            training: train.len(),
            held_out: test.map_or(0, Samples::len),
            validation: validation.map(Samples::len),
            duplicates: test.map_or(0, |test| repeated(train, test)),
            features: train.features.columns(),
            density: density(&train.features),
            targets: self.predicted(),
            clients: self.clients(),
            shared: matches!(self.offsets, super::Offsets::Shared { .. }),
            samples_per_client: Spread::of(sizes),
            labels_per_client: labels,
            bytes: bytes(train) + test.map_or(0, bytes) + validation.map_or(0, bytes),
        }
    }

    fn predicted(&self) -> Predicted {
        let count = match &self.train.targets {
            Targets::Classes { count, .. } => *count,
            Targets::Values(values) => {
                let range = |(least, greatest): (f64, f64), value: &R| (least.min(value.f64()), greatest.max(value.f64()));
                let (least, greatest) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), range);
                return Predicted::Values { least, greatest };
            }
        };
        let counts = |samples: Option<&Samples<R>>| {
            let mut counts = vec![0; count];
            if let Some(Targets::Classes { labels, .. }) = samples.map(|samples| &samples.targets) {
                labels.iter().for_each(|&label| counts[label as usize] += 1);
            }
            counts
        };
        let of_class = |(class, (training, held_out)): (usize, (usize, usize))| Class {
            name: self.classes.get(class).cloned().unwrap_or_else(|| class.to_string()),
            training,
            held_out,
        };
        let both = counts(Some(&self.train)).into_iter().zip(counts(self.test.as_ref()));
        Predicted::Classes(both.enumerate().map(of_class).collect())
    }
}

fn density<R: Real>(features: &Features<R>) -> Option<f64> {
    let Features::Sparse(rows) = features else { return None };
    Some(rows.values.len() as f64 / (features.rows() * features.columns()).max(1) as f64)
}

fn bytes<R: Real>(samples: &Samples<R>) -> u64 {
    let scalar = size_of::<R>();
    let features = match &samples.features {
        Features::Dense(matrix) => matrix.len() * scalar,
        Features::Sparse(rows) => rows.values.len() * (scalar + 4) + rows.starts.len() * 8,
    };
    let target = if let Targets::Values(_) = samples.targets { scalar } else { 4 };
    (features + samples.len() * target) as u64
}

/// How many of the samples `test` are also among `train`.
fn repeated<R: Real>(train: &Samples<R>, test: &Samples<R>) -> usize {
    let mut buffer = Vec::new();
    let known: HashSet<u128> = (0..train.len()).map(|row| fingerprint(train, row, &mut buffer)).collect();
    (0..test.len()).filter(|&row| known.contains(&fingerprint(test, row, &mut buffer))).count()
}

/// A hash of the features and the target of a row; −0 is 0.
fn fingerprint<R: Real>(samples: &Samples<R>, row: usize, buffer: &mut Vec<u8>) -> u128 {
    let bits = |value: R| (value.f64() + 0.0).to_le_bytes();
    buffer.clear();
    match &samples.features {
        Features::Dense(matrix) => matrix.row(row).iter().for_each(|&value| buffer.extend_from_slice(&bits(value))),
        Features::Sparse(rows) => {
            let (indices, values) = rows.row(row);
            for (index, &value) in indices.iter().zip(values).filter(|(_, value)| **value != R::zero()) {
                buffer.extend_from_slice(&index.to_le_bytes());
                buffer.extend_from_slice(&bits(value));
            }
        }
    }
    match &samples.targets {
        Targets::Classes { labels, .. } => buffer.extend_from_slice(&labels[row].to_le_bytes()),
        Targets::Values(values) => buffer.extend_from_slice(&bits(values[row])),
    }
    xxh3_128(buffer)
}

/// Size of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Number of training samples.
    pub rows: usize,
    /// Number of features.
    pub columns: usize,
    /// Number of classes; `None` for real targets.
    pub classes: Option<usize>,
    /// Number of held-out samples.
    pub test_rows: usize,
    /// Number of natural clients.
    pub clients: Option<usize>,
    /// Whether rows are sparse.
    pub sparse: bool,
}

impl Summary {
    /// The sizes of `table`.
    pub fn of<R: Real>(table: &Table<R>) -> Self {
        Self {
            rows: table.train.len(),
            columns: table.train.features.columns(),
            classes: if let Targets::Classes { count, .. } = table.train.targets { Some(count) } else { None },
            test_rows: table.test.as_ref().map_or(0, Samples::len),
            clients: table.natural.as_ref().map(|natural| natural.values.len()),
            sparse: matches!(table.train.features, Features::Sparse(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rows: ndarray::Array2<f64>, labels: Vec<u32>) -> Samples<f64> {
        Samples { features: Features::Dense(rows), targets: Targets::Classes { labels, count: 3 } }
    }

    #[test]
    fn what_was_read_is_counted() {
        let train = samples(ndarray::array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [-0.0, 0.0]], vec![0, 1, 0, 2]);
        // The first is a training sample, the second has another class, the third is one but for the sign of 0.
        let test = samples(ndarray::array![[3.0, 4.0], [1.0, 2.0], [0.0, 0.0]], vec![1, 1, 2]);
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let report = ClientData { train, offsets: vec![0, 1, 4].into(), test: Some(test), validation: None, classes }.report();
        assert_eq!((report.training, report.held_out, report.duplicates, report.features), (4, 3, 2, 2));
        let class = |name: &str, training, held_out| Class { name: name.into(), training, held_out };
        assert_eq!(report.targets, Predicted::Classes(vec![class("a", 2, 0), class("b", 1, 2), class("c", 1, 1)]));
        assert_eq!(report.samples_per_client, Spread { least: 1, lower: 1, median: 3, upper: 3, greatest: 3 });
        assert_eq!(report.labels_per_client.unwrap().greatest, 3);
        // Two values of 8 bytes and a label of 4 for each of seven samples.
        assert_eq!(report.bytes, 7 * 20);
    }

    #[test]
    fn quartiles_are_counts_of_clients() {
        let spread = Spread::of((0..=100).rev().collect());
        assert_eq!([spread.least, spread.lower, spread.median, spread.upper, spread.greatest], [0, 25, 50, 75, 100]);
    }
}
