//! Loading: from the specification of data to the samples of all clients.

use std::path::{Path, PathBuf};

use super::{
    Bundled, ClientData, ClientGroups, ClientTest, DataSpec, IdxSpec, LeafSpec, LinearTargets, NpySpec, Owned, PartitionSpec,
    Scale, Source, Summary, Table, TargetKind, bundled, generate, partition, prepare,
    read::{RawTable, csv, idx, leaf, libsvm, numpy},
};
use crate::{
    file::File,
    invalid::{Invalid, printable},
    memory::{self, check_layers, check_values},
    num::Real,
    random::Streams,
};

/// The demands of the rest of a scenario on a data set.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Request<'a> {
    /// Number of clients of the fleet; generators of natural clients follow it.
    pub clients: Option<usize>,
    /// Column by which the samples will be divided; it is then not a feature.
    pub by: Option<&'a str>,
    /// The targets that the objective needs; it counts where the data do not say so.
    pub objective: TargetKind,
}

impl<'a> Request<'a> {
    /// The demands of `partition` over `clients` clients.
    pub fn new(partition: Option<&'a PartitionSpec>, clients: Option<usize>) -> Self {
        let by = if let Some(PartitionSpec::By(column)) = partition { Some(column.as_str()) } else { None };
        Self { clients, by, objective: TargetKind::Auto }
    }
}

/// The samples of all clients, and what may not have been meant about them.
#[derive(Debug, Clone)]
pub struct Loaded<R> {
    /// The samples.
    pub data: ClientData<R>,
    /// Held-out samples of each client.
    pub owned: Owned<R>,
    /// The groups of the clients, by each column that is no feature.
    pub groups: Vec<ClientGroups>,
    /// Notes on data that may not be as the author meant, a line each.
    pub notes: Vec<String>,
}

/// Reads or generates the data of `spec` and divides them among the clients; `objective` is what it needs targets to be, and
/// `client_test` the share of each client's samples that is then held out, if any.
///
/// `base` is the folder of the scenario file.
///
/// # Errors
/// [`Invalid`] under `data` or `partition`, relative to the problem.
pub fn load<R: Real>(
    spec: &DataSpec,
    (partition, client_test): (Option<&PartitionSpec>, Option<f64>),
    (clients, objective): (Option<usize>, TargetKind),
    streams: &Streams,
    base: &Path,
) -> Result<Loaded<R>, Invalid> {
    let request = Request { objective, ..Request::new(partition, clients) };
    let (mut table, options) = unprepared(spec, request, streams, base).map_err(|error| error.under("data"))?;
    if let Some(PartitionSpec::File(file)) = partition {
        let ids = partition::read_ids(file, table.train.len(), clients, base).map_err(|error| error.under("partition"))?;
        table.ids = Some(ids);
    }
    let mut table = prepare::prepare(table, &options).map_err(|error| error.under("data"))?;
    let mut rows = partition::assign(&table, partition, clients, streams, base).map_err(|error| error.under("partition"))?;
    let of_source = partition::of_clients(&table, partition, rows.clients());
    let apart = client_test.map(|share| partition::set_apart(&mut rows, share, streams)).transpose();
    let apart = apart.map_err(|error| error.under("own-test"))?;
    let groups = partition::groups(&table, &rows, partition);
    if let Some(numbers) = table.fitted {
        table.parts_mut().for_each(|part| part.targets = part.targets.numbers(numbers));
    }
    let notes = table.notes.iter().map(|note| printable(note).into_owned()).collect();
    let owned = match (apart, of_source) {
        (Some(apart), _) if table.test.is_some() => Owned::Apart(ClientTest::select(&table.train, &apart)),
        (Some(apart), _) => {
            // Without others, the clients' held-out samples are also those that all share.
            let test = ClientTest::select(&table.train, &apart);
            let rows = (0..rows.clients()).map(|client| test.rows(client).collect()).collect();
            table.test = Some(test.samples);
            Owned::Shared(rows)
        }
        (None, Some(rows)) => Owned::Shared(rows),
        (None, None) => Owned::Nobody,
    };
    Ok(Loaded { data: rows.take(table), owned, groups, notes })
}

/// Reads or generates the data of `spec`, prepared.
///
/// # Errors
/// [`Invalid`] at a key of `spec`, or with a data file and its line.
pub fn read<R: Real>(spec: &DataSpec, request: Request<'_>, streams: &Streams, base: &Path) -> Result<Table<R>, Invalid> {
    let (table, options) = unprepared(spec, request, streams, base)?;
    prepare::prepare(table, &options)
}

/// The data of `spec` with classes numbered, and the options by which they are still to be prepared.
fn unprepared<R: Real>(
    spec: &DataSpec,
    request: Request<'_>,
    streams: &Streams,
    base: &Path,
) -> Result<(Table<R>, DataSpec), Invalid> {
    spec.check()?;
    let size = known_sizes(&spec.source, request, streams);
    if let Some(Summary { rows, test_rows, columns, classes, .. }) = size {
        let rows = rows.saturating_add(test_rows);
        check_values("", &[rows, columns])?;
        check_layers("", &[columns, classes.unwrap_or(1)])?;
        let bytes = rows as f64 * columns as f64 * size_of::<R>() as f64;
        memory::require("", &format!("{rows} samples of {columns} features"), bytes, memory::available())?;
    }
    let mut options = spec.clone();
    match spec.source {
        Source::Bundled(Bundled::Digits8x8) => options.scale = spec.scale.or(Some(Scale::Factor(1.0 / 16.0))),
        Source::Bundled(Bundled::WatchExercises) => options.standardise = true,
        // Bytes are scaled as they are widened.
        Source::Bundled(Bundled::Mnist10k) | Source::Idx(_) => options.scale = None,
        _ => {}
    }
    let table = match origin(spec, request, streams, base)? {
        Origin::File(mut raw) => {
            let unscaled = raw.unscaled.take().filter(|_| spec.scale.is_none() && !spec.standardise && !spec.normalise);
            let mut table = prepare::number(raw, spec.targets, request.objective)?;
            if let Some((name, largest)) = unscaled {
                let note =
                    format!("`{name}` holds bytes up to {largest}, taken as they are: `scale = \"bytes\"` divides them by 255");
                table.notes.push(note);
            }
            let empty = table.natural.iter().flat_map(|natural| natural.empty.iter().map(move |user| (&natural.name, user)));
            let notes: Vec<String> =
                empty.map(|(name, user)| format!("{name} `{user}` has no samples and is left out")).collect();
            table.notes.extend(notes);
            table
        }
        Origin::Law(table) => table,
    };
    Ok((table, options))
}

/// Sizes of the data of `spec`. Bundled sets and generators are not unpacked or drawn; files are read.
///
/// # Errors
/// As [`read`].
pub fn describe(spec: &DataSpec, request: Request<'_>, streams: &Streams, base: &Path) -> Result<Summary, Invalid> {
    spec.check()?;
    let whole = spec.test.is_none() && spec.validation.is_none() && spec.classes.is_none();
    let known = if whole { known_sizes(&spec.source, request, streams) } else { None };
    // Random features of sparse ones are refused once they are read.
    match known.filter(|summary| spec.random_features.is_none() || !summary.sparse) {
        Some(summary) => Ok(Summary { columns: spec.random_features.unwrap_or(summary.columns), ..summary }),
        None => Ok(Summary::of(&read::<f32>(spec, request, streams, base)?)),
    }
}

fn streams_of(seed: Option<u64>, streams: &Streams) -> Streams {
    seed.map_or(*streams, Streams::new)
}

/// Samples as their source has them.
enum Origin<R> {
    File(RawTable<R>),
    Law(Table<R>),
}

fn origin<R: Real>(spec: &DataSpec, request: Request<'_>, streams: &Streams, base: &Path) -> Result<Origin<R>, Invalid> {
    let open = |path: &Path, key: &str| File::open_within(path, base, spec.max_unpacked).map_err(|error| error.under(key));
    let open_some = |path: &Option<_>, key: &str| path.as_deref().map(|path| open(path, key)).transpose();
    let raw = match &spec.source {
        Source::Bundled(set) => bundled::read(*set, spec.scale)?,
        Source::Libsvm(libsvm) => {
            let test = open_some(&libsvm.test_path, "libsvm.test-path")?;
            let validation = open_some(&libsvm.validation_path, "libsvm.validation-path")?;
            libsvm::read(&open(&libsvm.path, "libsvm")?, [test.as_ref(), validation.as_ref()], libsvm)?
        }
        Source::Csv(csv) => {
            let test = open_some(&csv.test_path, "csv.test-path")?;
            let validation = open_some(&csv.validation_path, "csv.validation-path")?;
            let roles = csv::Roles { by: request.by, classes: spec.targets == TargetKind::Classes };
            csv::read(&open(&csv.path, "csv")?, [test.as_ref(), validation.as_ref()], csv, roles)?
        }
        Source::Idx(idx) => idx_files(idx, spec.scale, open)?,
        Source::Npz(npz) => numpy::npz(&open(&npz.path, "npz")?, npz)?.table().map_err(|error| error.under("npz"))?,
        Source::Npy(npy) => npy_files(npy, open)?,
        Source::Leaf(leaf) => {
            leaf_files(leaf, spec.targets == TargetKind::Classes, |path| leaf::open(path, base, spec.max_unpacked))?
        }
        Source::Synthetic(law) => {
            let clients = request.clients.unwrap_or(law.clients);
            return Ok(Origin::Law(generate::synthetic(law, clients, &streams_of(law.seed, streams))));
        }
        Source::Mixture(law) => {
            let clients = request.clients.or(law.clients.as_ref().map(|clients| clients.count)).unwrap_or_default();
            return Ok(Origin::Law(generate::mixture(law, clients, &streams_of(law.seed, streams))));
        }
        Source::Teacher(law) => return Ok(Origin::Law(generate::teacher(law, &streams_of(law.seed, streams)))),
        Source::Linear(law) => return Ok(Origin::Law(generate::linear(law, &streams_of(law.seed, streams)))),
    };
    Ok(Origin::File(raw))
}

fn known_sizes(source: &Source, request: Request<'_>, streams: &Streams) -> Option<Summary> {
    let dense = |rows, columns, classes, test_rows| Summary { rows, columns, classes, test_rows, clients: None, sparse: false };
    match source {
        Source::Bundled(set) => Some(bundled::summary(*set)),
        Source::Synthetic(spec) => {
            let clients = request.clients.unwrap_or(spec.clients);
            let sizes = generate::sizes(spec, clients, &streams_of(spec.seed, streams));
            let (train, test) = sizes
                .iter()
                .fold((0, 0), |sum: (usize, usize), size| (sum.0.saturating_add(size.0), sum.1.saturating_add(size.1)));
            Some(Summary { clients: Some(clients), ..dense(train, spec.features, Some(spec.classes), test) })
        }
        Source::Mixture(spec) => {
            let clients = spec.clients.as_ref().map(|law| (request.clients.unwrap_or(law.count), law.samples));
            let rows = clients.map_or(spec.samples, |(count, samples)| count.saturating_mul(samples));
            let clients = clients.map(|(count, _)| count);
            Some(Summary { clients, ..dense(rows, spec.features, Some(spec.classes), spec.test) })
        }
        Source::Teacher(spec) => Some(dense(spec.samples, spec.features, Some(spec.classes), spec.test)),
        Source::Linear(spec) => {
            let classes = if let LinearTargets::Labels { classes } = spec.targets { Some(classes) } else { None };
            Some(dense(spec.samples, spec.features, classes, spec.test))
        }
        _ => None,
    }
}

/// Opens the file at a path that a key gives.
trait Open: Fn(&Path, &str) -> Result<File<'static>, Invalid> {}
impl<F: Fn(&Path, &str) -> Result<File<'static>, Invalid>> Open for F {}

fn leaf_files<R: Real>(
    spec: &LeafSpec,
    classes: bool,
    open: impl Fn(&Path) -> Result<Vec<File<'static>>, Invalid>,
) -> Result<RawTable<R>, Invalid> {
    let train = open(&spec.path).map_err(|error| error.under("leaf"))?;
    let part = |path: &Option<PathBuf>, key: &str| path.as_deref().map(&open).transpose().map_err(|error| error.under(key));
    let test = part(&spec.test_path, "leaf.test-path")?;
    let validation = part(&spec.validation_path, "leaf.validation-path")?;
    leaf::read(&train, [test.as_deref(), validation.as_deref()], spec, classes)
}

fn idx_files<R: Real>(spec: &IdxSpec, scale: Option<Scale>, open: impl Open) -> Result<RawTable<R>, Invalid> {
    let pair = |images: &Path, labels: &Path, keys: [&str; 2]| -> Result<_, Invalid> {
        Ok(idx::Pair { images: open(images, keys[0])?, labels: open(labels, keys[1])? })
    };
    let train = pair(&spec.images, &spec.labels, ["idx.images", "idx.labels"])?;
    let test = both(&spec.test_images, &spec.test_labels, "idx", ["test-images", "test-labels"])?
        .map(|(images, labels)| pair(images, labels, ["idx.test-images", "idx.test-labels"]))
        .transpose()?;
    idx::read(&train, test.as_ref(), scale)
}

fn npy_files<R: Real>(spec: &NpySpec, open: impl Open) -> Result<RawTable<R>, Invalid> {
    let test = both(&spec.test_x, &spec.test_y, "npy", ["test-x", "test-y"])?;
    let inputs = |path: &Path, key: &str| numpy::npy(&open(path, key)?, key).map_err(|error| error.under(key));
    let column = |path: &Path, key: &str| numpy::npy_column(&open(path, key)?, key).map_err(|error| error.under(key));
    let arrays = numpy::Arrays {
        x: inputs(&spec.x, "npy.x")?,
        y: column(&spec.y, "npy.y")?,
        test: test.map(|(x, y)| Ok::<_, Invalid>((inputs(x, "npy.test-x")?, column(y, "npy.test-y")?))).transpose()?,
        client: spec.client.as_deref().map(|path| column(path, "npy.client")).transpose()?,
    };
    arrays.table().map_err(|error| error.under("npy"))
}

type Both<'a> = Option<(&'a Path, &'a Path)>;

fn both<'a, P: AsRef<Path>>(a: &'a Option<P>, b: &'a Option<P>, key: &str, names: [&str; 2]) -> Result<Both<'a>, Invalid> {
    match (a, b) {
        (Some(a), Some(b)) => Ok(Some((a.as_ref(), b.as_ref()))),
        (None, None) => Ok(None),
        _ => Err(Invalid::at(key, format!("only one of {} and {} is given: expected both", names[0], names[1]))),
    }
}

#[cfg(test)]
mod tests;
