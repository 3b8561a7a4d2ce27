//! Comma-separated values with a header.

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord};

use super::{
    RawSamples, RawTable, RawTargets, bound,
    one_hot::{Columns, Unfit},
    target,
};
use crate::{
    file::{File, start},
    invalid::{Invalid, count},
    memory,
    num::Real,
    problem::data::{Features, Grouping, spec::CsvSpec},
    table::is_missing,
};

/// The roles of columns from the rest of a scenario.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::problem::data) struct Roles<'a> {
    /// One more column that is not a feature.
    pub by: Option<&'a str>,
    /// Whether the scenario says that targets are classes, so that numbers may occur beside names.
    pub classes: bool,
}

/// Reads training samples, and those of a test and a validation part in files of their own.
///
/// # Errors
/// [`Invalid`] at the first cell that cannot be read, or at the key of a column that does not exist.
pub(in crate::problem::data) fn read<R: Real>(
    file: &File<'_>,
    held_out: [Option<&File<'_>>; 2],
    spec: &CsvSpec,
    roles: Roles<'_>,
) -> Result<RawTable<R>, Invalid> {
    let mut columns = Columns::default();
    let (layout, mut parts) = parse(file, spec, roles, None, &mut columns)?;
    for (file, part) in held_out.into_iter().zip([&mut parts.test, &mut parts.validation]) {
        let Some(file) = file else { continue };
        let (_, found) = parse(file, spec, roles, Some((&layout, parts.numeric)), &mut columns)?;
        // With a file of its own, the part has all rows of that file.
        for rows in [found.train, found.test, found.validation] {
            part.append(rows);
        }
    }
    let groupings = layout.kept.iter().zip(&parts.train.kept).map(|(kept, cells)| Grouping::new(kept.name.clone(), cells));
    let (natural, others): (Vec<_>, Vec<_>) = groupings.partition(|grouping| Some(&grouping.name) == spec.client.as_ref());
    let held_out =
        layout.kept.iter().zip(&parts.test.kept).map(|(kept, cells)| Grouping::new(kept.name.clone(), cells)).collect();
    let finish = |part: Part<R>| part.samples(&columns).map_err(|error| error.under("csv"));
    let some = |part: Part<R>| if part.targets.is_empty() { Ok(None) } else { finish(part).map(Some) };
    let (test, validation) = (some(parts.test)?, some(parts.validation)?);
    let train = finish(parts.train)?;
    Ok(RawTable { validation, natural: natural.into_iter().next(), columns: others, held_out, ..RawTable::new(train, test) })
}

/// The role of each column of the file.
struct Layout {
    header: StringRecord,
    target: usize,
    split: Option<usize>,
    features: Vec<usize>,
    /// Whether each feature is declared to be text.
    text: Vec<bool>,
    /// Columns that are neither features, target nor split.
    kept: Vec<Kept>,
}

/// A column by which samples can be divided.
struct Kept {
    name: String,
    at: usize,
    /// Whether the scenario divides by it, so that no value may be missing.
    divides: bool,
}

impl Layout {
    fn new(file: &File<'_>, header: StringRecord, spec: &CsvSpec, roles: Roles<'_>) -> Result<Self, Invalid> {
        let target = match &spec.target {
            Some(name) => find(&header, name, "csv.target")?,
            None => ["label", "target", "y"].iter().find_map(|name| position(&header, name)).ok_or_else(|| {
                let fault = file.fault_at_record(0, "no column is called label, target or y");
                fault.help("name the column to predict: target = \"…\"").under("csv")
            })?,
        };
        let split = spec.split.as_deref().map(|name| find(&header, name, "csv.split")).transpose()?;
        let client = spec.client.as_deref().map(|name| find(&header, name, "csv.client")).transpose()?;
        let places: BTreeMap<&str, usize> = header.iter().zip(0..).collect();
        let all = |names: &[String], key| -> Result<Vec<usize>, Invalid> {
            names.iter().map(|name| places.get(name.as_str()).copied().map_or_else(|| find(&header, name, key), Ok)).collect()
        };
        let (dropped, text) = (all(&spec.drop, "csv.drop")?, all(&spec.text, "csv.text")?);
        check_roles(spec, target, (split, client, &dropped))?;
        let by = roles.by.and_then(|name| position(&header, name)).filter(|&at| at != target);
        let (dropped, text) = (BTreeSet::from_iter(dropped), BTreeSet::from_iter(text));
        let free: Vec<usize> = (0..header.len()).filter(|&at| at != target && split != Some(at)).collect();
        let divides = |at: usize| client == Some(at) || by == Some(at);
        let (kept, features): (Vec<usize>, Vec<usize>) = free.into_iter().partition(|at| divides(*at) || dropped.contains(at));
        let kept = kept.into_iter().map(|at| Kept { name: header[at].to_owned(), at, divides: divides(at) }).collect();
        if features.is_empty() {
            return Err(Invalid::at("csv", "no column is left for the features"));
        }
        let text = features.iter().map(|at| text.contains(at)).collect();
        Ok(Self { header, target, split, features, text, kept })
    }

    /// Refuses a feature without a name, as the index of rows is that pandas and R write.
    fn check_names(&self) -> Result<(), Fault> {
        let unnamed =
            |name: &str| name.is_empty() || name.strip_prefix("Unnamed: ").is_some_and(|number| number.parse::<u32>().is_ok());
        match self.features.iter().find(|&&at| unnamed(&self.header[at])) {
            None => Ok(()),
            Some(&at) => {
                let (name, last) = (&self.header[at], at > 0 && at + 1 == self.header.len());
                let what = if name.is_empty() && last { "the header ends in a delimiter" } else { "it may count the rows" };
                Err(Fault::at(at, format!("column {} has no name: {what}", at + 1)))
            }
        }
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
        self.kept.iter_mut().zip(&mut other.kept).for_each(|(cells, others)| cells.append(others));
    }

    fn samples(self, columns: &Columns) -> Result<RawSamples<R>, Invalid> {
        let features = Features::Dense(columns.expand(self.targets.len(), self.features)?);
        Ok(RawSamples { features, targets: RawTargets::parse(self.targets) })
    }
}

#[derive(Default)]
struct Parts<R> {
    train: Part<R>,
    test: Part<R>,
    validation: Part<R>,
    /// Whether targets are numbers; the first of them says so.
    numeric: Option<bool>,
}

fn parse<R: Real>(
    file: &File<'_>,
    spec: &CsvSpec,
    roles: Roles<'_>,
    like: Option<(&Layout, Option<bool>)>,
    columns: &mut Columns,
) -> Result<(Layout, Parts<R>), Invalid> {
    let delimiter = spec
        .delimiter
        .map_or(Ok(b','), u8::try_from)
        .map_err(|_| Invalid::at("csv.delimiter", "the delimiter is not a single byte: expected a character such as `;`"))?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(file.text()?.as_bytes());
    let header = reader.headers().map_err(|error| malformed(file, &error))?.clone();
    check_header(file, &header, delimiter)?;
    if let Some((like, _)) = like.filter(|(like, _)| like.header != header) {
        return Err(file.fault_at_record(0, format!("expected the {} columns of the training file", like.header.len())));
    }
    let layout = Layout::new(file, header, spec, roles)?;
    let fault =
        |start: usize, fault: Fault| file.fault_at_field(fault.record.unwrap_or(start), (fault.column, delimiter), fault.message);
    layout.check_names().map_err(|found| {
        let name = &layout.header[found.column];
        fault(0, found).help(format!("leave it out, `ignore = [{name:?}]`, or give it a name"))
    })?;
    let lines = file.bytes().iter().filter(|&&byte| byte == b'\n').count();
    check_memory::<R>(&layout, lines).map_err(|error| error.under("csv"))?;
    let mut parts = Parts { numeric: like.and_then(|(_, numeric)| numeric), ..Parts::default() };
    parts.train.kept = vec![Vec::new(); layout.kept.len()];
    parts.test.kept = vec![Vec::new(); layout.kept.len()];
    if like.is_none() {
        *columns = Columns::new(layout.text.iter().copied());
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| malformed(file, &error))? {
        let start = start(record.position());
        let row = Row { layout: &layout, record: &record, start, roles, training: like.is_none() };
        row.read(&mut parts, columns).map_err(|found| fault(start, found))?;
    }
    if like.is_some() && [&parts.train, &parts.test, &parts.validation].iter().all(|part| part.targets.is_empty()) {
        return Err(file.fault("the file has no held-out samples: expected a line for each below the header"));
    }
    if like.is_none() && parts.train.targets.is_empty() {
        return Err(file.fault("the file has no training samples: expected a line for each below the header"));
    }
    columns.settle().map_err(|(column, unfit)| fault(0, layout.unfit(column, unfit)))?;
    Ok((layout, parts))
}

/// Refuses more samples than the memory holds: their features, and cells of text for targets and kept columns.
fn check_memory<R: Real>(layout: &Layout, rows: usize) -> Result<(), Invalid> {
    let cell = size_of::<String>() + 16;
    let row = layout.features.len() * size_of::<R>() + (1 + layout.kept.len()) * cell;
    memory::require(
        "",
        &format!("{rows} lines of {} features", layout.features.len()),
        rows as f64 * row as f64,
        memory::available(),
    )
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
struct Fault {
    column: usize,
    message: String,
    /// Where the record at fault begins, if it is an earlier one.
    record: Option<usize>,
}

impl Fault {
    fn at(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into(), record: None }
    }
}

/// Refuses two columns of one name, of which only the first could be meant by it.
fn distinct(header: &StringRecord) -> Result<(), (usize, String)> {
    let mut places = BTreeMap::new();
    for (at, name) in header.iter().enumerate() {
        if let Some(first) = places.insert(name, at) {
            let alike = if name.is_empty() { "have no name".to_owned() } else { format!("are both called `{name}`") };
            return Err((at, format!("columns {} and {} {alike}", first + 1, at + 1)));
        }
    }
    Ok(())
}

impl Layout {
    /// The fault of a cell in feature `column` that cannot be one.
    fn unfit(&self, column: usize, Unfit { cell, reason, record }: Unfit) -> Fault {
        let at = self.features[column];
        let found = if cell.is_empty() { "the cell".to_owned() } else { format!("`{cell}`") };
        Fault { column: at, message: format!("{found} in column `{}` is not a feature: {reason}", &self.header[at]), record }
    }
}

/// A record that is being read.
struct Row<'a> {
    layout: &'a Layout,
    record: &'a StringRecord,
    start: usize,
    roles: Roles<'a>,
    training: bool,
}

impl Row<'_> {
    fn read<R: Real>(&self, parts: &mut Parts<R>, columns: &mut Columns) -> Result<(), Fault> {
        let Self { layout, record, .. } = self;
        let word = layout.split.map(|at| (at, record[at].to_ascii_lowercase()));
        let (part, held_out) = match word.as_ref().map(|(at, word)| (*at, word.as_str())) {
            None | Some((_, "train")) => (&mut parts.train, false),
            Some((_, "test")) => (&mut parts.test, true),
            Some((_, "validation")) => (&mut parts.validation, true),
            Some((at, "")) => return Err(Fault::at(at, "the part is missing: expected `train`, `test` or `validation`")),
            Some((at, _)) => {
                let message = format!("`{}` is not a part: expected `train`, `test` or `validation`", &record[at]);
                return Err(Fault::at(at, message));
            }
        };
        for (column, &at) in layout.features.iter().enumerate() {
            let value = columns.code(column, &record[at], self.start, self.training && !held_out);
            let value = R::of(value.map_err(|unfit| layout.unfit(column, unfit))?);
            if !value.f64().is_finite() {
                let message = format!("`{}` in column `{}` is too large{}", &record[at], &layout.header[at], bound::<R>());
                return Err(Fault::at(at, message));
            }
            part.features.push(value);
        }
        self.check_target::<R>(&mut parts.numeric)?;
        part.targets.push(record[layout.target].to_owned());
        for (kept, cells) in layout.kept.iter().zip(&mut part.kept) {
            let cell = &record[kept.at];
            if kept.divides && is_missing(cell) {
                return Err(Fault::at(
                    kept.at,
                    format!("the value of column `{}`, by which samples are divided, is missing", kept.name),
                ));
            }
            cells.push(cell.to_owned());
        }
        Ok(())
    }

    /// Refuses a target that is missing, or is a name among numbers or a number among names unless they are classes.
    fn check_target<R: Real>(&self, numeric: &mut Option<bool>) -> Result<(), Fault> {
        let (at, cell) = (self.layout.target, &self.record[self.layout.target]);
        let told = |what: String| Fault::at(at, format!("the target in column `{}` {what}", &self.layout.header[at]));
        let number = target::<R>(cell, self.roles.classes).map_err(told)?;
        match *numeric {
            Some(expected) if expected != number.is_some() && !self.roles.classes => {
                let other = if expected { "numbers" } else { "names" };
                Err(told(format!(
                    "is `{cell}`, while those above are {other}: expected the like, or `targets = \"classes\"` in the data"
                )))
            }
            _ => {
                *numeric = Some(number.is_some());
                Ok(())
            }
        }
    }
}

fn malformed(file: &File<'_>, error: &csv::Error) -> Invalid {
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {}: expected {expected_len}, as many as the header", count(*len as usize, "value"))
        }
        _ => format!("the line cannot be read: {error}"),
    };
    file.fault_at_record(start(error.position()), message)
}
