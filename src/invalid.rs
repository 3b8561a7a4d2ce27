//! A value of a scenario that cannot be used: where it stands, why, and what to do.

mod spot;

use std::{borrow::Cow, path::PathBuf};

use thiserror::Error;

pub use spot::Spot;
pub(crate) use spot::floor;

/// What is wrong with one value, before the scenario layer points into the file.
///
/// A module that checks its part of a scenario names the key *relative to that part* and lets each caller
/// [prefix](Invalid::under) its own; the scenario layer turns the full path into a line and column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Invalid {
    /// Keys from the root of the scenario, such as `["method", "2", "schedule", "rounds", "cohort"]`.
    pub path: Vec<String>,
    /// What was found and what was expected.
    pub message: String,
    /// The remedy, if one can be named.
    pub help: Option<String>,
    /// Where in a data file the fault lies, when it is not in the scenario itself.
    pub file: Option<Box<InFile>>,
}

/// A fault in a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFile {
    /// The file.
    pub path: PathBuf,
    /// The place in its text, where it is one place.
    pub spot: Option<Spot>,
}

impl Invalid {
    /// A fault at the key `key` (empty for the part as a whole).
    pub fn at(key: &str, message: impl Into<String>) -> Self {
        let path = if key.is_empty() { Vec::new() } else { key.split('.').map(str::to_owned).collect() };
        Self { path, message: message.into(), help: None, file: None }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the data file at fault, and the place in it where that is known.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<PathBuf>, spot: Option<Spot>) -> Self {
        self.file = Some(Box::new(InFile { path: path.into(), spot }));
        self
    }

    /// Where in its data file the fault lies, as `line:column marked text`; empty where it is the whole file.
    #[cfg(test)]
    pub(crate) fn place(&self) -> String {
        let spot = self.file.as_ref().expect("a file is at fault").spot.as_ref();
        spot.map(|spot| format!("{}:{} {}", spot.line, spot.column, spot.text())).unwrap_or_default()
    }

    /// Puts `key` (dots separate levels) in front of the path.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        let mut path: Vec<String> = key.split('.').map(str::to_owned).collect();
        path.append(&mut self.path);
        self.path = path;
        self
    }
}

/// Refuses `value` at `key` unless `ok`, saying what was `expected`.
///
/// # Errors
/// [`Invalid`] when `ok` is false.
pub fn require(ok: bool, key: &str, value: impl std::fmt::Display, expected: &str) -> Result<(), Invalid> {
    if ok { Ok(()) } else { Err(Invalid::at(key, format!("`{value}` is out of range: expected {expected}"))) }
}

/// Refuses a text at `key` that has breaks, tabs or other control characters.
///
/// # Errors
/// [`Invalid`] when it has one.
pub fn one_line(key: &str, text: &str) -> Result<(), Invalid> {
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(Invalid::at(key, format!("the text holds {character:?}: expected one line of plain text"))),
        None => Ok(()),
    }
}

/// `text` with control characters, which a terminal would act on, as what they are called; breaks of lines stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c.is_control() && c != '\n';
    if !text.contains(acts) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out.into()
}

/// Such as `1 field` or `2 fields`, for messages.
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
