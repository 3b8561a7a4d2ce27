//! JSON of the LEAF benchmark.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    File, RawSamples, RawTable, RawTargets,
    json::{Flat, Label, OneOrMany},
};
use crate::{
    invalid::Invalid,
    num::Real,
    problem::data::{Features, Grouping, table::dense},
};

/// Reads training and held-out samples.
///
/// # Errors
/// [`Invalid`] with the line of what cannot be read.
pub(in crate::problem::data) fn read<R: Real>(train: &[File<'_>], test: Option<&[File<'_>]>) -> Result<RawTable<R>, Invalid> {
    let train = parse(train)?;
    let test = test.map(parse).transpose()?;
    if let Some(test) = test.as_ref().filter(|test| test.columns != train.columns) {
        let message = format!("held-out samples have {} features: expected {}, as in training", test.columns, train.columns);
        return Err(Invalid::at("leaf.test-path", message));
    }
    let natural = Some(Grouping::new("user", &train.users));
    Ok(RawTable { natural, ..RawTable::new(train.samples(), test.map(Rows::samples)) })
}

/// The files behind `path`: itself, or the `.json` files of the folder by name.
///
/// # Errors
/// [`Invalid`] when there is none or one cannot be read.
pub(in crate::problem::data) fn open(path: &Path, base: &Path) -> Result<Vec<File<'static>>, Invalid> {
    let folder = base.join(path);
    if !folder.is_dir() {
        return Ok(vec![File::open(path, base)?]);
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
    files.iter().map(|file: &PathBuf| File::open(file, base)).collect()
}

fn is_json(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [".json", ".jsonl", ".json.gz", ".jsonl.gz"].iter().any(|end| name.ends_with(end))
}

#[derive(Deserialize)]
struct Document {
    users: Vec<String>,
    user_data: BTreeMap<String, UserData>,
}

#[derive(Deserialize)]
struct UserData {
    x: Vec<Flat>,
    y: Vec<Label>,
}

#[derive(Deserialize)]
struct Line {
    user: Label,
    x: serde_json::Value,
    y: OneOrMany<Label>,
}

struct Rows<R> {
    users: Vec<String>,
    columns: usize,
    features: Vec<R>,
    labels: Vec<String>,
}

impl<R: Real> Rows<R> {
    fn push(&mut self, user: &str, x: &Flat, y: &Label) -> Result<(), String> {
        if self.users.is_empty() {
            self.columns = x.0.len();
        }
        if x.0.len() != self.columns || x.0.is_empty() {
            return Err(format!("a sample of user `{user}` has {} features: expected {}", x.0.len(), self.columns.max(1)));
        }
        self.users.push(user.to_owned());
        self.features.extend(x.0.iter().map(|&value| R::of(value)));
        self.labels.push(y.to_string());
        Ok(())
    }

    fn samples(self) -> RawSamples<R> {
        let features = Features::Dense(dense(self.labels.len(), self.columns, self.features));
        RawSamples { features, targets: RawTargets::parse(self.labels) }
    }
}

fn parse<R: Real>(files: &[File<'_>]) -> Result<Rows<R>, Invalid> {
    let mut rows = Rows { users: Vec::new(), columns: 0, features: Vec::new(), labels: Vec::new() };
    for file in files {
        let text = file.text()?;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        // A document may stand on one line too: what tells the forms apart is a `user` of its own on the first line.
        let by_line = serde_json::from_str::<serde_json::Value>(first).is_ok_and(|value| value.get("user_data").is_none());
        if by_line { lines(file, text, &mut rows)? } else { document(file, text, &mut rows)? }
    }
    match files.first() {
        Some(file) if rows.users.is_empty() => Err(file.fault(None, "the file has no samples")),
        _ => Ok(rows),
    }
}

fn document<R: Real>(file: &File<'_>, text: &str, rows: &mut Rows<R>) -> Result<(), Invalid> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        file.fault(Some(error.line()), format!("the file is not LEAF JSON: {error}"))
            .help("expected {\"users\": […], \"user_data\": {user: {\"x\": [[…]], \"y\": […]}}}, or one object a line")
    })?;
    for user in &document.users {
        let data = document.user_data.get(user).ok_or_else(|| file.fault(None, format!("user `{user}` has no `user_data`")))?;
        append(user, &data.x, &data.y, rows).map_err(|message| file.fault(None, message))?;
    }
    Ok(())
}

fn lines<R: Real>(file: &File<'_>, text: &str, rows: &mut Rows<R>) -> Result<(), Invalid> {
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |error: serde_json::Error| {
            file.fault(Some(number), format!("the line cannot be read: {error}"))
                .help("expected {\"user\": …, \"x\": [numbers], \"y\": target}, or lists of both")
        };
        let Line { user, x, y } = serde_json::from_str(line).map_err(fault)?;
        let (x, y) = match y {
            OneOrMany::One(y) => (vec![serde_json::from_value(x).map_err(fault)?], vec![y]),
            OneOrMany::Many(y) => (serde_json::from_value(x).map_err(fault)?, y),
        };
        append(&user.to_string(), &x, &y, rows).map_err(|message| file.fault(Some(number), message))?;
    }
    Ok(())
}

fn append<R: Real>(user: &str, x: &[Flat], y: &[Label], rows: &mut Rows<R>) -> Result<(), String> {
    if x.len() != y.len() {
        return Err(format!("user `{user}` has {} samples and {} targets: expected as many", x.len(), y.len()));
    }
    x.iter().zip(y).try_for_each(|(x, y)| rows.push(user, x, y))
}
