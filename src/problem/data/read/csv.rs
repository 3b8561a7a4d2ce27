//! Comma-separated values with a header.

use csv::{ReaderBuilder, StringRecord};

use super::{RawSamples, RawTable, RawTargets, one_hot::Categories};
use crate::{
    file::{File, start},
    invalid::Invalid,
    num::Real,
    problem::data::{Features, Grouping, spec::CsvSpec},
};

/// Reads samples; `by` names one more column that is not a feature.
///
/// # Errors
/// [`Invalid`] at the first cell that cannot be read, or at the key of a column that does not exist.
pub(in crate::problem::data) fn read<R: Real>(
    file: &File<'_>,
    test: Option<&File<'_>>,
    spec: &CsvSpec,
    by: Option<&str>,
) -> Result<RawTable<R>, Invalid> {
    let mut categories = Categories::default();
    let (layout, mut parts) = parse(file, spec, by, None, &mut categories)?;
    if let Some(test) = test {
        let (_, held_out) = parse(test, spec, by, Some(&layout), &mut categories)?;
        // With a file of its own, the held-out samples are all rows of that file.
        parts.test.append(held_out.train);
        parts.test.append(held_out.test);
    }
    let groupings = layout.kept.iter().zip(&parts.train.kept).map(|((name, _), cells)| Grouping::new(name.clone(), cells));
    let (natural, others): (Vec<_>, Vec<_>) = groupings.partition(|grouping| Some(&grouping.name) == spec.client.as_ref());
    let test = (!parts.test.targets.is_empty()).then(|| parts.test.samples(&categories));
    let train = parts.train.samples(&categories);
    Ok(RawTable { natural: natural.into_iter().next(), columns: others, ..RawTable::new(train, test) })
}

/// What each column of the file is for.
struct Layout {
    header: StringRecord,
    target: usize,
    split: Option<usize>,
    features: Vec<usize>,
    /// Columns that are neither features, target nor split, by name.
    kept: Vec<(String, usize)>,
}

impl Layout {
    fn new(file: &File<'_>, header: StringRecord, spec: &CsvSpec, by: Option<&str>) -> Result<Self, Invalid> {
        let target = match &spec.target {
            Some(name) => find(&header, name, "csv.target")?,
            None => ["label", "target", "y"].iter().find_map(|name| position(&header, name)).ok_or_else(|| {
                let fault = file.fault_at_record(0, "no column is called label, target or y");
                fault.help("name the column to predict: target = \"…\"").under("csv")
            })?,
        };
        let split = spec.split.as_deref().map(|name| find(&header, name, "csv.split")).transpose()?;
        let client = spec.client.as_deref().map(|name| find(&header, name, "csv.client")).transpose()?;
        let dropped = spec.drop.iter().map(|name| find(&header, name, "csv.drop")).collect::<Result<Vec<_>, _>>()?;
        check_roles(spec, target, (split, client, &dropped))?;
        let by = by.and_then(|name| position(&header, name)).filter(|&at| at != target);
        let is_kept = |at: usize| client == Some(at) || by == Some(at) || dropped.contains(&at);
        let free: Vec<usize> = (0..header.len()).filter(|&at| at != target && split != Some(at)).collect();
        let kept = free.iter().filter(|&&at| is_kept(at)).map(|&at| (header[at].to_owned(), at)).collect();
        let features: Vec<usize> = free.into_iter().filter(|&at| !is_kept(at)).collect();
        if features.is_empty() {
            return Err(Invalid::at("csv", "no column is left for the features"));
        }
        Ok(Self { header, target, split, features, kept })
    }
}

/// Refuses a column that would be two things, of which one would be ignored.
fn check_roles(
    spec: &CsvSpec,
    target: usize,
    (split, client, dropped): (Option<usize>, Option<usize>, &[usize]),
) -> Result<(), Invalid> {
    let twice = |key: &str, name: &str, role: &str| Invalid::at(key, format!("the column `{name}` is {role} already"));
    if let Some(index) = dropped.iter().position(|&at| at == target) {
        let fault = twice(&format!("csv.drop.{index}"), &spec.drop[index], "the target");
        return Err(fault.help("the target is no feature anyway: take it from the list, or name another `target`"));
    }
    let roles = [("csv.split", &spec.split, split), ("csv.client", &spec.client, client)];
    if let Some((key, Some(name), _)) = roles.iter().find(|(_, _, at)| *at == Some(target)) {
        let fault = twice(key, name, "the target");
        return Err(fault.help(format!("`partition = {{ by = {name:?} }}` divides the samples by their targets")));
    }
    if let (Some(name), true) = (&spec.client, client.is_some() && client == split) {
        return Err(twice("csv.client", name, "the one of `split`"));
    }
    Ok(())
}

fn position(header: &StringRecord, name: &str) -> Option<usize> {
    header.iter().position(|column| column == name)
}

fn find(header: &StringRecord, name: &str, key: &str) -> Result<usize, Invalid> {
    position(header, name).ok_or_else(|| {
        let columns: Vec<&str> = header.iter().collect();
        let nearest = columns.iter().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
        let error = Invalid::at(key, format!("the file has no column `{name}`"));
        error.help(format!("the nearest of its {} columns is `{}`", columns.len(), nearest.copied().unwrap_or_default()))
    })
}

/// Rows of one part, features row by row.
#[derive(Default)]
struct Part<R> {
    features: Vec<R>,
    targets: Vec<String>,
    kept: Vec<Vec<String>>,
}

impl<R: Real> Part<R> {
    fn append(&mut self, mut other: Self) {
        self.features.append(&mut other.features);
        self.targets.append(&mut other.targets);
    }

    fn samples(self, categories: &Categories) -> RawSamples<R> {
        let features = Features::Dense(categories.expand(self.targets.len(), self.features));
        RawSamples { features, targets: RawTargets::parse(self.targets) }
    }
}

#[derive(Default)]
struct Parts<R> {
    train: Part<R>,
    test: Part<R>,
}

fn parse<R: Real>(
    file: &File<'_>,
    spec: &CsvSpec,
    by: Option<&str>,
    like: Option<&Layout>,
    categories: &mut Categories,
) -> Result<(Layout, Parts<R>), Invalid> {
    let delimiter = spec
        .delimiter
        .map_or(Ok(b','), u8::try_from)
        .map_err(|_| Invalid::at("csv.delimiter", "the delimiter is not a single byte: expected a character such as `;`"))?;
    let fault = |position: Option<&csv::Position>, (column, message): Fault| {
        file.fault_at_field(start(position), (column, delimiter), message)
    };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(file.text()?.as_bytes());
    let header = reader.headers().map_err(|error| malformed(file, &error))?.clone();
    check_header(file, &header, delimiter)?;
    if let Some(like) = like.filter(|like| like.header != header) {
        return Err(file.fault_at_record(0, format!("expected the {} columns of the training file", like.header.len())));
    }
    let layout = Layout::new(file, header, spec, by)?;
    let mut parts = Parts::default();
    parts.train.kept = vec![Vec::new(); layout.kept.len()];
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| malformed(file, &error))? {
        let read = row(&layout, &record, &mut parts, categories, like.is_none());
        read.map_err(|found| fault(record.position(), found))?;
    }
    if like.is_some() && parts.train.targets.is_empty() && parts.test.targets.is_empty() {
        return Err(file.fault("the file has no held-out samples: expected a line for each below the header"));
    }
    if like.is_none() && parts.train.targets.is_empty() {
        return Err(file.fault("the file has no training samples: expected a line for each below the header"));
    }
    Ok((layout, parts))
}

/// Refuses a first line that does not name columns, each by a name of its own.
fn check_header(file: &File<'_>, header: &StringRecord, delimiter: u8) -> Result<(), Invalid> {
    if header.is_empty() {
        return Err(file.fault("the file is empty: expected a header and samples"));
    }
    if header.iter().all(|cell| cell.parse::<f64>().is_ok()) {
        let error = file.fault_at_record(0, "the first line holds numbers: expected a header that names the columns");
        return Err(error.help("add a first line such as `x1,x2,label`"));
    }
    distinct(header).map_err(|(column, message)| {
        file.fault_at_field(0, (column, delimiter), message).help("give each column a name of its own")
    })?;
    if let (1, Some(other)) = (header.len(), header[0].chars().find(|character| ";\t|".contains(*character))) {
        let message = format!("the header is one column: expected several, with `{}` between them", char::from(delimiter));
        let error = file.fault_at_record(0, message);
        return Err(error.help(format!("set `delimiter = {:?}`", other.to_string())));
    }
    Ok(())
}

/// The column at fault, and what is wrong with it.
type Fault = (usize, String);

/// Refuses two columns of one name, of which only the first could be meant by it.
fn distinct(header: &StringRecord) -> Result<(), Fault> {
    for (at, name) in header.iter().enumerate() {
        if let Some(first) = header.iter().take(at).position(|earlier| earlier == name) {
            return Err((at, format!("columns {} and {} are both called `{name}`", first + 1, at + 1)));
        }
    }
    Ok(())
}

fn row<R: Real>(
    layout: &Layout,
    record: &StringRecord,
    parts: &mut Parts<R>,
    categories: &mut Categories,
    training: bool,
) -> Result<(), Fault> {
    let held_out = match layout.split.map(|at| (at, &record[at])) {
        None => false,
        Some((_, part)) if part.eq_ignore_ascii_case("train") => false,
        Some((_, part)) if part.eq_ignore_ascii_case("test") => true,
        Some((at, part)) => return Err((at, format!("`{part}` is not a part: expected `train` or `test`"))),
    };
    let part = if held_out { &mut parts.test } else { &mut parts.train };
    categories.decide(layout.features.iter().map(|&at| &record[at]));
    for (column, &at) in layout.features.iter().enumerate() {
        let value = categories.code(column, &record[at], training && !held_out);
        let told = |remedy| format!("`{}` in column `{}` is not a feature: {remedy}", &record[at], &layout.header[at]);
        part.features.push(R::of(value.map_err(|remedy| (at, told(remedy)))?));
    }
    if record[layout.target].is_empty() {
        return Err((layout.target, format!("the target in column `{}` is missing", &layout.header[layout.target])));
    }
    part.targets.push(record[layout.target].to_owned());
    for ((_, at), cells) in layout.kept.iter().zip(&mut part.kept) {
        cells.push(record[*at].to_owned());
    }
    Ok(())
}

fn malformed(file: &File<'_>, error: &csv::Error) -> Invalid {
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} values: expected {expected_len}, as many as the header")
        }
        _ => format!("the line cannot be read: {error}"),
    };
    file.fault_at_record(start(error.position()), message)
}
