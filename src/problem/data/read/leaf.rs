//! JSON of the LEAF benchmark.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    RawSamples, RawTable, RawTargets, bound, is_large,
    json::{self, Entries, Flat, Label, Piece},
    target,
    text::Alphabet,
};
use crate::{
    file::File,
    invalid::{Invalid, count},
    num::Real,
    problem::data::{
        Features, Grouping,
        spec::{LeafSpec, TextSpec},
        table::dense,
    },
    table::is_missing,
};

/// Reads training samples and those of a test and a validation part; `classes` says whether targets are classes, so that numbers may
/// occur beside names.
///
/// # Errors
/// [`Invalid`] at what cannot be read.
pub(in crate::problem::data) fn read<R: Real>(
    train: &[File<'_>],
    held_out: [Option<&[File<'_>]>; 2],
    spec: &LeafSpec,
    classes: bool,
) -> Result<RawTable<R>, Invalid> {
    let mut seen = Seen { classes, ..Seen::default() };
    let train = parse(train, &mut seen)?;
    let [test, validation] = held_out.map(|files| files.map(|files| parse(files, &mut seen)).transpose());
    let (test, validation) = (test?, validation?);
    let present: BTreeSet<&str> = train.users.iter().map(String::as_str).collect();
    let again = &train.again;
    let notes = again.iter().map(|user| format!("user `{user}` is in several files: its samples are joined")).collect();
    let empty = train.empty.iter().filter(|user| !present.contains(user.as_str())).cloned().collect();
    let natural = Some(Grouping { empty, ..Grouping::new("user", &train.users) });
    let columns = train.inputs.columns();
    for (key, part) in [("leaf.test-path", &test), ("leaf.validation-path", &validation)] {
        let Some(part) = part.as_ref().filter(|part| part.inputs.columns() != columns) else { continue };
        let told = |columns: Option<usize>| {
            columns.map_or("are text".to_owned(), |columns| format!("have {}", count(columns, "feature")))
        };
        let message = format!("held-out samples {}, those for training {}", told(part.inputs.columns()), told(columns));
        return Err(Invalid::at(key, message));
    }
    seen.settle()?;
    let alphabet = match &train.inputs {
        Inputs::Texts { listed, texts } => {
            let suited = if *listed { TextSpec::words() } else { TextSpec::window() };
            Some(Alphabet::learn(spec.text.as_ref().unwrap_or(&suited), texts).map_err(|error| error.under("leaf.text"))?)
        }
        Inputs::Numbers { .. } if spec.text.is_some() => {
            return Err(Invalid::at("leaf.text", "the samples are numbers, not text").help("remove `text`"));
        }
        Inputs::Numbers { .. } => None,
    };
    let held_out = test.iter().map(|test| Grouping::new("user", &test.users)).collect();
    let finish = |rows: Rows<R>| rows.samples(alphabet.as_ref());
    Ok(RawTable {
        validation: validation.map(finish),
        natural,
        held_out,
        notes,
        ..RawTable::new(finish(train), test.map(finish))
    })
}

/// The files behind `path`, each of which may unpack to `most` bytes: itself, or the `.json` files of the folder by name.
///
/// # Errors
/// [`Invalid`] when there is none or one cannot be read.
pub(in crate::problem::data) fn open(path: &Path, base: &Path, most: Option<u64>) -> Result<Vec<File<'static>>, Invalid> {
    let folder = base.join(path);
    if !folder.is_dir() {
        return Ok(vec![File::open_within(path, base, most)?]);
    }
    let unreadable =
        |error: std::io::Error| Invalid::at("", format!("the folder cannot be read: {error}")).in_file(&folder, None);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        files.push(entry.map_err(unreadable)?.path());
    }
    files.retain(|file| is_json(file));
    files.sort();
    if files.is_empty() {
        return Err(Invalid::at("", "the folder has no `.json` file").in_file(&folder, None));
    }
    files.iter().map(|file: &PathBuf| File::open_within(file, base, most)).collect()
}

fn is_json(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [".json", ".jsonl", ".json.gz", ".jsonl.gz"].iter().any(|end| name.ends_with(end))
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `users` and `user_data`")]
struct Document<'t> {
    #[serde(borrow)]
    users: Vec<Piece<'t>>,
    #[serde(borrow)]
    num_samples: Option<Vec<Piece<'t>>>,
    #[serde(borrow)]
    user_data: Entries<'t>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `x` and `y`")]
struct UserData<'t> {
    #[serde(borrow)]
    x: Vec<Piece<'t>>,
    #[serde(borrow)]
    y: Vec<Piece<'t>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `user`, `x` and `y`")]
struct Line<'t> {
    #[serde(borrow)]
    user: Piece<'t>,
    #[serde(borrow)]
    x: Piece<'t>,
    #[serde(borrow)]
    y: Piece<'t>,
}

/// Samples, with the users and targets as text.
struct Rows<R> {
    users: Vec<String>,
    /// Users that a file lists without samples.
    empty: Vec<String>,
    /// Users of several files.
    again: BTreeSet<String>,
    inputs: Inputs<R>,
    labels: Vec<String>,
}

/// The targets seen so far, in training and held-out samples together.
#[derive(Default)]
struct Seen {
    /// Whether they are said to be classes.
    classes: bool,
    /// Whether one is a number that is not written as text.
    number: bool,
    /// The fault of the first name if there are numbers beside it.
    name: Option<Invalid>,
    /// The fault of the first `?` unless it is a character among others.
    question: Option<Invalid>,
}

impl Seen {
    /// The target at `place`, that of sample `row` of `user`; refuses one that is missing or written in another way.
    fn target<R: Real>(&mut self, file: &File<'_>, place: Piece<'_>, user: &str, row: usize) -> Result<String, Invalid> {
        let cell = label(file, place)?;
        let fault = |what: &str| {
            file.fault_at(place.get(), format!("the target of sample {row} (counted from 0) of user `{user}` {what}"))
        };
        let missing = || fault("is missing").help("fill it in, or remove the sample");
        let beside = || {
            let found = fault(&format!("is `{cell}`, while others are numbers: expected the like"));
            found.help("set `targets = \"classes\"` in the data if that is meant")
        };
        match target::<R>(&cell, self.classes) {
            Ok(Some(_)) => self.number |= !json::shape(place).1,
            Ok(None) => {
                let _ = self.name.get_or_insert_with(beside);
            }
            Err(_) if cell == "?" => {
                let _ = self.question.get_or_insert_with(missing);
            }
            Err(_) if is_missing(&cell) => return Err(missing()),
            Err(what) => return Err(fault(&what)),
        }
        Ok(cell)
    }

    /// Refuses a name among numbers, and `?` as a missing value.
    fn settle(&self) -> Result<(), Invalid> {
        let question = self.question.iter().filter(|_| self.number || self.name.is_none());
        let name = self.name.iter().filter(|_| self.number && !self.classes);
        question.chain(name).next().cloned().map_or(Ok(()), Err)
    }
}

/// A target or user as text; a number too large to be held exactly as it is written.
fn label(file: &File<'_>, piece: Piece<'_>) -> Result<String, Invalid> {
    Ok(match json::read::<Label>(file, piece.get())? {
        Label::Number(_) if is_large(piece.get()) => piece.get().to_owned(),
        label => label.to_string(),
    })
}

/// The name of a user; refuses an empty one.
fn user(file: &File<'_>, piece: Piece<'_>) -> Result<String, Invalid> {
    let user = label(file, piece)?;
    if user.trim().is_empty() {
        return Err(file.fault_at(piece.get(), "the name of a user is empty: expected one by which samples are divided"));
    }
    Ok(user)
}

/// The samples, of the kind of the first one.
enum Inputs<R> {
    Numbers {
        columns: usize,
        values: Vec<R>,
    },
    Texts {
        /// Whether each is at the end of a list of strings.
        listed: bool,
        texts: Vec<String>,
    },
}

impl<R: Real> Inputs<R> {
    /// Number of features; `None` for text.
    fn columns(&self) -> Option<usize> {
        if let Self::Numbers { columns, .. } = self { Some(*columns) } else { None }
    }

    /// The kind of samples that `first` belongs to.
    fn like(first: Piece<'_>) -> Self {
        match json::shape(first) {
            (listed, true) => Self::Texts { listed, texts: Vec::new() },
            (_, false) => Self::Numbers { columns: 0, values: Vec::new() },
        }
    }

    fn push(&mut self, file: &File<'_>, sample: Piece<'_>) -> Result<(), Invalid> {
        match (self, json::shape(sample)) {
            (Self::Texts { listed: false, texts }, (false, true)) => texts.push(json::read(file, sample.get())?),
            (Self::Texts { listed: true, texts }, (true, true)) => {
                let strings: Vec<String> = json::read(file, sample.get())?;
                texts.extend(strings.into_iter().next_back());
            }
            (Self::Numbers { columns, values }, _) => {
                let Flat(row) = json::read(file, sample.get())?;
                if values.is_empty() {
                    *columns = row.len();
                }
                if row.len() != *columns || row.is_empty() {
                    let message = format!("the sample has {}: expected {}", count(row.len(), "feature"), (*columns).max(1));
                    return Err(file.fault_at(sample.get(), message));
                }
                let first = values.len();
                values.extend(row.into_iter().map(R::of));
                if values[first..].iter().any(|value| !value.f64().is_finite()) {
                    return Err(file.fault_at(sample.get(), format!("a feature of the sample is too large{}", bound::<R>())));
                }
            }
            (Self::Texts { .. }, _) => return Err(file.fault_at(sample.get(), "the sample is not like the first: expected text")),
        }
        Ok(())
    }
}

impl<R: Real> Rows<R> {
    fn samples(self, alphabet: Option<&Alphabet>) -> RawSamples<R> {
        let features = match (self.inputs, alphabet) {
            (Inputs::Texts { texts, .. }, Some(alphabet)) => Features::Sparse(alphabet.rows(&texts)),
            (Inputs::Numbers { columns, values }, _) => Features::Dense(dense(self.labels.len(), columns, values)),
            (Inputs::Texts { .. }, None) => unreachable!("text comes with an alphabet"),
        };
        RawSamples { features, targets: RawTargets::parse(self.labels) }
    }

    /// Adds the samples `x` and targets `y` of `user` from `place`.
    fn append(
        &mut self,
        file: &File<'_>,
        (user, place): (&str, Piece<'_>),
        (x, y): (&[Piece<'_>], &[Piece<'_>]),
        seen: &mut Seen,
    ) -> Result<(), Invalid> {
        if x.len() != y.len() {
            let (samples, targets) = (count(x.len(), "sample"), count(y.len(), "target"));
            let message = format!("user `{user}` has {samples} and {targets}: expected as many");
            return Err(file.fault_at(place.get(), message));
        }
        if x.is_empty() {
            self.empty.push(user.to_owned());
        }
        for (row, (x, y)) in x.iter().zip(y).enumerate() {
            if self.users.is_empty() {
                self.inputs = Inputs::like(x);
            }
            self.inputs.push(file, x)?;
            self.users.push(user.to_owned());
            self.labels.push(seen.target::<R>(file, y, user, row)?);
        }
        Ok(())
    }
}

fn parse<R: Real>(files: &[File<'_>], seen: &mut Seen) -> Result<Rows<R>, Invalid> {
    let inputs = Inputs::Numbers { columns: 0, values: Vec::new() };
    let mut rows = Rows { users: Vec::new(), empty: Vec::new(), again: BTreeSet::new(), inputs, labels: Vec::new() };
    let mut known = BTreeSet::new();
    for file in files {
        let before = rows.users.len();
        let text = file.text()?;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        // A document may be one line too: only in the other form is the first line an object of its own.
        let by_line =
            serde_json::from_str::<BTreeMap<String, Piece<'_>>>(first).is_ok_and(|keys| !keys.contains_key("user_data"));
        if by_line {
            lines(file, text, &mut rows, seen)?
        } else {
            document(file, text, &mut rows, seen)?
        }
        if files.len() > 1 {
            let users: BTreeSet<String> = rows.users[before..].iter().cloned().collect();
            rows.again.extend(users.intersection(&known).cloned());
            known.extend(users);
        }
    }
    match files.first() {
        Some(file) if rows.users.is_empty() => Err(file.fault("the file has no samples")),
        _ => Ok(rows),
    }
}

fn document<R: Real>(file: &File<'_>, text: &str, rows: &mut Rows<R>, seen: &mut Seen) -> Result<(), Invalid> {
    let expected = |error: Invalid| {
        error.help("expected {\"users\": […], \"user_data\": {user: {\"x\": […], \"y\": […]}}}, or {\"user\": …, \"x\": …, \"y\": …} a line")
    };
    let start = text.trim_start();
    if start.starts_with('[') {
        return Err(expected(file.fault_at(&start[..1], "the file is a list: expected an object")));
    }
    let document: Document<'_> = json::read(file, text).map_err(expected)?;
    let counted = document.num_samples.unwrap_or_default();
    if !counted.is_empty() && counted.len() != document.users.len() {
        let (counts, users) = (count(counted.len(), "count"), count(document.users.len(), "user"));
        return Err(
            file.fault_at(counted[0].get(), format!("`num_samples` has {counts}, and there are {users}: expected as many"))
        );
    }
    let user_data = by_user(file, document.user_data)?;
    let mut listed = BTreeSet::new();
    for (at, piece) in document.users.into_iter().enumerate() {
        let user = user(file, piece)?;
        let missing = || file.fault_at(piece.get(), format!("user `{user}` has no `user_data`"));
        let place = *user_data.get(&user).ok_or_else(missing)?;
        if !listed.insert(user.clone()) {
            let fault = file.fault_at(piece.get(), format!("`users` names `{user}` twice: its samples would count twice"));
            return Err(fault.help("name each user once"));
        }
        let UserData { x, y } = json::read(file, place.get()).map_err(expected)?;
        if let Some(counted) = counted.get(at).filter(|counted| counted.get() != x.len().to_string()) {
            let message =
                format!("user `{user}` has {}: expected {}, as `num_samples` says", count(x.len(), "sample"), counted.get());
            return Err(file.fault_at(counted.get(), message));
        }
        rows.append(file, (&user, place), (&x, &y), seen)?;
    }
    match user_data.iter().find(|(user, _)| !listed.contains(*user)) {
        Some((user, place)) => {
            let fault = file.fault_at(place.get(), format!("user `{user}` has `user_data` and is not among `users`"));
            Err(fault.help("add the user to the list, or remove these samples"))
        }
        None => Ok(()),
    }
}

/// The data of each user, who may occur once.
fn by_user<'t>(file: &File<'_>, Entries(entries): Entries<'t>) -> Result<BTreeMap<String, Piece<'t>>, Invalid> {
    let mut by_user = BTreeMap::new();
    for (user, place) in entries {
        if by_user.contains_key(&user) {
            let fault = file.fault_at(place.get(), format!("`user_data` has `{user}` twice"));
            return Err(fault.help("put all samples of a user in one place"));
        }
        by_user.insert(user, place);
    }
    Ok(by_user)
}

fn lines<R: Real>(file: &File<'_>, text: &str, rows: &mut Rows<R>, seen: &mut Seen) -> Result<(), Invalid> {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let expected = |error: Invalid| error.help("expected {\"user\": …, \"x\": sample, \"y\": target}, or lists of both");
        let Line { user, x, y } = json::read(file, line).map_err(expected)?;
        let user = self::user(file, user)?;
        if json::shape(y).0 {
            let (xs, ys): (Vec<Piece<'_>>, Vec<Piece<'_>>) = (json::read(file, x.get())?, json::read(file, y.get())?);
            rows.append(file, (&user, y), (&xs, &ys), seen)?;
        } else {
            rows.append(file, (&user, y), (&[x], &[y]), seen)?;
        }
    }
    Ok(())
}
