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

/// Whether a character acts on what shows it: control characters, and those that change the direction of writing.
pub fn acts(character: char) -> bool {
    let turns = ['\u{61c}', '\u{200e}', '\u{200f}'].contains(&character);
    character.is_control() || turns || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Refuses a text at `key` that has breaks, tabs or other characters that [act](acts).
///
/// # Errors
/// [`Invalid`] when it has one.
pub fn one_line(key: &str, text: &str) -> Result<(), Invalid> {
    match text.chars().find(|&character| acts(character)) {
        Some(character) => Err(Invalid::at(key, format!("the text holds {character:?}: expected one line of plain text"))),
        None => Ok(()),
    }
}

/// `text` with the characters that [act](acts) in an escaped form, so that a terminal shows them and does not obey; breaks and tabs
/// stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |character: char| acts(character) && character != '\n' && character != '\t';
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let escaped =
        |character: char| if obeyed(character) { character.escape_unicode().to_string() } else { character.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Such as `1 field` or `2 fields`, for messages.
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(printable("a\tb\nc"), "a\tb\nc");
        assert_eq!(printable("a\u{1b}[31m\r\u{202e}b"), "a\\u{1b}[31m\\u{d}\\u{202e}b");
    }
}
