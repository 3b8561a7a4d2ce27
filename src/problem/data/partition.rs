//! Which samples each client has.

mod divide;
mod file;
mod own;
mod spec;

pub(super) use divide::dirichlet;
pub(super) use file::read as read_ids;
pub use own::{ClientGroups, ClientTest, Owned};
pub(super) use own::{groups, of_clients, set_apart};
pub use spec::{DirichletSpec, DirichletSplit, FileOfClients, PartitionSpec, QuantitySpec, ShardSpec, ShareLaw};

use std::{borrow::Cow, cmp::Reverse, collections::BinaryHeap, path::Path};

use rand::seq::SliceRandom;

use super::{ClientData, Grouping, Offsets, Samples, Table, Targets, generate};
use crate::{
    invalid::{Invalid, count, require},
    num::Real,
    random::{Purpose, Streams},
};

/// Most clients that samples are divided among.
const MOST_CLIENTS: usize = 100_000_000;

/// Divides `table` among the clients; the natural clients where `spec` is `None` and there are some, else at random in
/// equal parts.
///
/// Every training sample goes to exactly one client (except with [`PartitionSpec::Shared`]). `clients` is the size of the
/// fleet; partitions by a column or a file may do without it. `base` is the folder of the scenario file.
///
/// # Errors
/// [`Invalid`] at a key of `spec`, or where data, partition and number of clients do not fit together.
pub fn partition<R: Real>(
    table: &Table<R>,
    spec: Option<&PartitionSpec>,
    clients: Option<usize>,
    streams: &Streams,
    base: &Path,
) -> Result<ClientData<R>, Invalid> {
    Ok(assign(table, spec, clients, streams, base)?.select(table))
}

/// Which rows each client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Assignment {
    Rows(Vec<Vec<usize>>),
    Shared { clients: usize },
}

impl Assignment {
    /// Number of clients.
    pub fn clients(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Shared { clients } => *clients,
        }
    }

    /// The clients' samples, copied from `table`.
    fn select<R: Real>(&self, table: &Table<R>) -> ClientData<R> {
        let offsets = self.offsets(table.train.len());
        let train = match self {
            Self::Rows(rows) => table.train.select(&rows.concat()),
            Self::Shared { .. } => table.train.clone(),
        };
        ClientData {
            train,
            offsets,
            test: table.test.clone(),
            validation: table.validation.clone(),
            classes: table.classes.clone(),
        }
    }

    /// The clients' samples, the rows of `table` put in order in place.
    pub fn take<R: Real>(self, mut table: Table<R>) -> ClientData<R> {
        let offsets = self.offsets(table.train.len());
        if let Self::Rows(rows) = self {
            let order = rows.concat();
            if order.len() == table.train.len() { table.train.permute(&order) } else { table.train = table.train.select(&order) }
        }
        ClientData { train: table.train, offsets, test: table.test, validation: table.validation, classes: table.classes }
    }

    fn offsets(&self, total: usize) -> Offsets {
        match self {
            Self::Shared { clients } => Offsets::Shared { clients: *clients, rows: total },
            Self::Rows(rows) => Offsets::Split(ends(rows)),
        }
    }
}

/// Where the rows of each client begin among those of all, and the end of the last.
fn ends(rows: &[Vec<usize>]) -> Vec<usize> {
    let ends = rows.iter().scan(0, |end, rows| {
        *end += rows.len();
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// Decides which rows each client gets.
///
/// # Errors
/// As [`partition`].
pub(super) fn assign<R: Real>(
    table: &Table<R>,
    spec: Option<&PartitionSpec>,
    clients: Option<usize>,
    streams: &Streams,
    base: &Path,
) -> Result<Assignment, Invalid> {
    let default = if table.natural.is_some() { PartitionSpec::Natural } else { PartitionSpec::Iid };
    let spec = spec.map_or(Cow::Owned(default), Cow::Borrowed);
    spec.check()?;
    if let PartitionSpec::Natural | PartitionSpec::By(_) | PartitionSpec::File(_) = &*spec {
        return Ok(Assignment::Rows(given(table, &spec, clients, base)?));
    }
    let clients = clients.ok_or_else(|| {
        Invalid::at("", "the number of clients is not known")
            .help("set `clients` in [fleet], or divide by natural clients or a column")
    })?;
    require(clients > 0, "", clients, "at least one client")?;
    if *spec == PartitionSpec::Shared {
        return Ok(Assignment::Shared { clients });
    }
    let rows = table.train.len();
    if !spec.allows_empty() && clients > rows {
        let message = format!("{clients} clients cannot share {rows} training samples: expected at least one for each client");
        return Err(Invalid::at("", message).help("lower `fleet.clients`, or use `partition = \"shared\"`"));
    }
    require(clients <= MOST_CLIENTS, "", clients, &format!("at most {MOST_CLIENTS} clients with data"))?;
    let mut parts = drawn(&table.train, &spec, clients, streams)?;
    if !spec.allows_empty() {
        fill_empty(&mut parts);
    }
    Ok(Assignment::Rows(parts))
}

/// Partitions that are drawn, or follow from the order of the samples.
fn drawn<R: Real>(
    train: &Samples<R>,
    spec: &PartitionSpec,
    clients: usize,
    streams: &Streams,
) -> Result<Vec<Vec<usize>>, Invalid> {
    let mut rng = streams.stream(Purpose::Data, 0, generate::PARTITION);
    let rows = train.len();
    Ok(match spec {
        PartitionSpec::Dirichlet(law) => {
            let Targets::Classes { labels, count } = &train.targets else {
                return Err(Invalid::at("dirichlet", "the targets are real values: a Dirichlet partition mixes classes")
                    .help("use `quantity`, `iid` or `contiguous`, or set `targets = \"classes\"` in the data"));
            };
            let members = divide::members(labels, *count);
            match law.split {
                DirichletSplit::ByClass => divide::by_class(members, law.alpha, clients, &mut rng),
                DirichletSplit::ByClient => divide::by_client(&members, law.alpha, clients, &mut rng),
                DirichletSplit::EqualSize => divide::equal_size(members, law.alpha, clients, &mut rng),
            }
        }
        PartitionSpec::Shards(law) => divide::shards(&train.targets, law.per_client, clients, &mut rng)?,
        PartitionSpec::Quantity(law) => {
            let sizes = divide::apportion(&divide::weights(&law.sizes, clients, &mut rng), rows);
            divide::chunks(&shuffled(rows, &mut rng), &sizes)
        }
        PartitionSpec::Contiguous => divide::chunks(&(0..rows).collect::<Vec<_>>(), &divide::equal(rows, clients)),
        _ => divide::chunks(&shuffled(rows, &mut rng), &divide::equal(rows, clients)),
    })
}

fn shuffled(rows: usize, rng: &mut crate::random::Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(rng);
    order
}

/// Partitions that the data or a file give.
fn given<R: Real>(
    table: &Table<R>,
    spec: &PartitionSpec,
    clients: Option<usize>,
    base: &Path,
) -> Result<Vec<Vec<usize>>, Invalid> {
    let grouping = match spec {
        PartitionSpec::File(source) => {
            return match &table.ids {
                Some(ids) => file::parts(source, ids, base),
                None => file::parts(source, &file::read(source, table.train.len(), clients, base)?, base),
            };
        }
        PartitionSpec::By(column) => Cow::Owned(by(table, column)?),
        _ => Cow::Borrowed(table.natural.as_ref().ok_or_else(|| {
            Invalid::at("", "the data set has no natural clients")
                .help("use iid, dirichlet, shards, quantity, contiguous or shared")
        })?),
    };
    let found = grouping.values.len();
    match clients {
        Some(clients) if clients != found => {
            let message = format!("`{}` names {}, but the fleet has {clients}", grouping.name, count(found, "client"));
            let empty = match grouping.empty.as_slice() {
                [] => String::new(),
                [only] => format!("; `{only}` has no samples"),
                [first, others @ ..] => format!("; `{first}` and {} more have no samples", others.len()),
            };
            Err(Invalid::at("", message).help(format!("set `fleet.clients = {found}`{empty}")))
        }
        _ => Ok(grouping.members()),
    }
}

fn by<R: Real>(table: &Table<R>, column: &str) -> Result<Grouping, Invalid> {
    if let Some(grouping) = table.grouping(column) {
        return Ok(grouping.clone());
    }
    if let (Targets::Classes { labels, .. }, "target") = (&table.train.targets, column) {
        let (values, of) = (table.classes.clone(), labels.clone());
        let mut grouping = Grouping { name: column.to_owned(), values, of, empty: Vec::new() };
        grouping.renumber();
        return Ok(grouping);
    }
    let mut known: Vec<&str> = table.natural.iter().chain(&table.columns).map(|grouping| grouping.name.as_str()).collect();
    if !table.classes.is_empty() {
        known.push("target");
    }
    let error = Invalid::at("by", format!("the data set has no column `{column}` to divide by"));
    Err(if known.is_empty() { error } else { error.help(format!("it can be divided by: {}", known.join(", "))) })
}

/// Gives every empty client, in order, the last sample of the client that has the most (the first of equals).
fn fill_empty(parts: &mut [Vec<usize>]) {
    let empty: Vec<usize> = (0..parts.len()).filter(|&client| parts[client].is_empty()).collect();
    if empty.is_empty() {
        return;
    }
    let mut largest: BinaryHeap<_> = parts.iter().enumerate().map(|(client, rows)| (rows.len(), Reverse(client))).collect();
    for client in empty {
        let Some((size, Reverse(donor))) = largest.pop() else { return };
        if size < 2 {
            return;
        }
        let sample = parts[donor].pop();
        parts[client].extend(sample);
        largest.push((size - 1, Reverse(donor)));
    }
}

#[cfg(test)]
mod tests;
