//! The held-out samples of each client, and the groups that its training samples put it in.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use rand::seq::SliceRandom;

use super::{Assignment, PartitionSpec, by, ends, generate};
use crate::{
    invalid::Invalid,
    num::Real,
    problem::data::{Grouping, Samples, Table, Targets},
    random::{Purpose, Streams},
};

/// Held-out samples, those of each client next to each other.
#[derive(Debug, Clone)]
pub struct ClientTest<R> {
    /// The samples, ordered by client.
    pub samples: Samples<R>,
    offsets: Vec<usize>,
}

impl<R: Real> ClientTest<R> {
    /// The rows `owned` of `samples` by client.
    pub fn select(samples: &Samples<R>, owned: &[Vec<usize>]) -> Self {
        Self { samples: samples.select(&owned.concat()), offsets: ends(owned) }
    }

    /// The rows of a client in [`samples`](Self::samples).
    pub fn rows(&self, client: usize) -> Range<usize> {
        self.offsets[client]..self.offsets[client + 1]
    }
}

/// Where each client's held-out samples are.
#[derive(Debug, Clone)]
pub enum Owned<R> {
    /// No client has any of its own.
    Nobody,
    /// These rows of the shared held-out samples, by client.
    Shared(Vec<Vec<usize>>),
    /// Apart from the shared ones.
    Apart(ClientTest<R>),
}

/// A column that puts every client into the group of the value that most of its training samples have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientGroups {
    /// Name of the column.
    pub name: String,
    /// The values.
    pub values: Vec<String>,
    /// The value of each client, the first of equally frequent ones; `None` for a client without samples.
    pub of: Vec<Option<u32>>,
}

/// Takes `share` of the samples of each client, at least one of two or more, out of `rows` and returns them by client; drawn anew for each
/// seed, as partitions are. The other samples stay in their order.
///
/// # Errors
/// [`Invalid`] where all clients share the samples, or the share takes none.
pub fn set_apart(rows: &mut Assignment, share: f64, streams: &Streams) -> Result<Vec<Vec<usize>>, Invalid> {
    let Assignment::Rows(rows) = rows else {
        let fault = "every client has all samples, and none of its own to hold out";
        return Err(Invalid::at("", fault).help("remove `own-test`, or divide the samples, as by `partition = \"iid\"`"));
    };
    let take = |(client, rows): (usize, &mut Vec<usize>)| {
        let kept = (((1.0 - share) * rows.len() as f64).floor() as usize).max(1).min(rows.len());
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.shuffle(&mut streams.stream(Purpose::Data, client, generate::CLIENT_TEST));
        let mut held: Vec<usize> = places.split_off(kept);
        places.sort_unstable();
        held.sort_unstable();
        let held = held.into_iter().map(|place| rows[place]).collect();
        *rows = places.into_iter().map(|place| rows[place]).collect();
        held
    };
    let held: Vec<Vec<usize>> = rows.iter_mut().enumerate().map(take).collect();
    if held.iter().all(Vec::is_empty) {
        return Err(Invalid::at("", format!("a share of {share} holds out no sample of any client: expected a larger share")));
    }
    Ok(held)
}

/// The held-out rows of each of `clients` clients, where the column that divides the training samples is known of them.
pub fn of_clients<R: Real>(table: &Table<R>, spec: Option<&PartitionSpec>, clients: usize) -> Option<Vec<Vec<usize>>> {
    let test = table.test.as_ref()?;
    let held_out = |name: &str| table.held_out.iter().find(|grouping| grouping.name == name);
    let (names, of) = match (spec, &table.natural) {
        (Some(PartitionSpec::File(_)), _) => {
            let ids = held_out("")?;
            (Cow::Borrowed(&ids.values), Cow::Borrowed(ids))
        }
        (Some(PartitionSpec::By(column)), _) => (Cow::Owned(by(table, column).ok()?.values), of_column(table, test, column)?),
        (None | Some(PartitionSpec::Natural), Some(natural)) => {
            (Cow::Borrowed(&natural.values), Cow::Borrowed(held_out(&natural.name)?))
        }
        _ => return None,
    };
    let client: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..clients).collect();
    let mut rows = vec![Vec::new(); clients];
    for (row, &value) in of.of.iter().enumerate() {
        // Held-out samples may be of somebody who has none for training.
        if let Some(&client) = client.get(of.values[value as usize].as_str()) {
            rows[client].push(row);
        }
    }
    rows.iter().any(|rows| !rows.is_empty()).then_some(rows)
}

/// The values of the held-out samples in a column, or their classes.
fn of_column<'t, R: Real>(table: &'t Table<R>, test: &Samples<R>, column: &str) -> Option<Cow<'t, Grouping>> {
    let known = table.held_out.iter().find(|grouping| grouping.name == column);
    match (known, &test.targets) {
        (Some(grouping), _) => Some(Cow::Borrowed(grouping)),
        (None, Targets::Classes { labels, .. }) if column == "target" => {
            let (values, of) = (table.classes.clone(), labels.clone());
            Some(Cow::Owned(Grouping { name: column.to_owned(), values, of, empty: Vec::new() }))
        }
        _ => None,
    }
}

/// The groups of clients with the training samples `rows`, by every column but the one that divides the samples, and by their classes.
pub fn groups<R: Real>(table: &Table<R>, rows: &Assignment, spec: Option<&PartitionSpec>) -> Vec<ClientGroups> {
    let Assignment::Rows(rows) = rows else { return Vec::new() };
    let divides = |grouping: &Grouping| match spec {
        None | Some(PartitionSpec::Natural) => table.natural.as_ref().is_some_and(|natural| natural.name == grouping.name),
        Some(PartitionSpec::By(column)) => *column == grouping.name,
        Some(_) => false,
    };
    let columns = table.natural.iter().chain(&table.columns).filter(|grouping| !divides(grouping));
    let mut groups: Vec<ClientGroups> = columns.map(|column| majority(&column.name, &column.values, &column.of, rows)).collect();
    if let Targets::Classes { labels, .. } = &table.train.targets {
        groups.push(majority("target", &table.classes, labels, rows));
    }
    groups
}

/// The most frequent of `values` among the `rows` of each client.
fn majority(name: &str, values: &[String], of: &[u32], rows: &[Vec<usize>]) -> ClientGroups {
    let mut counts = vec![0_usize; values.len()];
    let mut most = |rows: &Vec<usize>| {
        rows.iter().for_each(|&row| counts[of[row] as usize] += 1);
        // The first of equals; the counts of this client alone are looked at and cleared.
        let best = rows.iter().map(|&row| of[row]).max_by_key(|&value| (counts[value as usize], u32::MAX - value));
        rows.iter().for_each(|&row| counts[of[row] as usize] = 0);
        best
    };
    let of = rows.iter().map(&mut most).collect();
    ClientGroups { name: name.to_owned(), values: values.to_vec(), of }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::data::Features;

    fn table(labels: &[u32]) -> Table<f64> {
        let features = ndarray::Array2::from_shape_fn((labels.len(), 1), |(i, _)| i as f64);
        let targets = Targets::Classes { labels: labels.to_vec(), count: 3 };
        let train = Samples { features: Features::Dense(features), targets };
        Table::new(train, None, ["a", "b", "c"].map(str::to_owned).to_vec())
    }

    #[test]
    fn a_share_of_each_client_is_held_out_and_the_rest_keeps_its_order() {
        let mut rows = Assignment::Rows(vec![(0..10).collect(), vec![10], vec![], vec![11, 12]]);
        let held = set_apart(&mut rows, 0.25, &Streams::new(3)).unwrap();
        // Of 10 samples ⌊7.5⌋ stay; of one and of none all do; of two ⌊1.5⌋.
        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [3, 0, 0, 1]);
        let Assignment::Rows(kept) = &rows else { panic!("rows stay rows") };
        for (kept, held) in kept.iter().zip(&held) {
            assert!(kept.is_sorted() && kept.iter().all(|row| !held.contains(row)));
        }
        assert_eq!(kept.iter().chain(&held).map(Vec::len).sum::<usize>(), 13);
        let again = set_apart(&mut Assignment::Rows(vec![(0..10).collect()]), 0.25, &Streams::new(3)).unwrap();
        assert_eq!(again[0], held[0], "the draw of a client is its own");
        assert!(set_apart(&mut Assignment::Shared { clients: 2 }, 0.25, &Streams::new(3)).is_err());
        assert!(set_apart(&mut Assignment::Rows(vec![vec![0]]), 0.25, &Streams::new(3)).is_err());
    }

    #[test]
    fn a_client_belongs_to_the_value_that_most_of_its_samples_have() {
        let table = table(&[2, 2, 0, 1, 0, 1]);
        let rows = Assignment::Rows(vec![vec![0, 1, 2], vec![3, 4], vec![], vec![5]]);
        let found = groups(&table, &rows, Some(&PartitionSpec::Iid));
        assert_eq!(found[0].of, [Some(2), Some(0), None, Some(1)]);
        assert_eq!((found.len(), found[0].name.as_str()), (1, "target"));
    }

    #[test]
    fn held_out_samples_go_to_the_client_of_their_column_and_strangers_to_nobody() {
        let mut table = table(&[0, 1, 2]);
        let grouping = |cells: &[&str]| Grouping::new("user", &cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
        table.natural = Some(grouping(&["x", "y", "y"]));
        table.test = Some(table.train.clone());
        assert_eq!(of_clients(&table, None, 2), None, "nothing is known of them");
        table.held_out = vec![grouping(&["y", "z", "x"])];
        assert_eq!(of_clients(&table, None, 2), Some(vec![vec![2], vec![0]]));
        assert_eq!(of_clients(&table, Some(&PartitionSpec::Iid), 2), None);
        let by_class = Some(PartitionSpec::By("target".to_owned()));
        assert_eq!(of_clients(&table, by_class.as_ref(), 3), Some(vec![vec![0], vec![1], vec![2]]));
    }
}
