//! A value of a scenario that cannot be used: where it stands, why, and what to do.

use std::{borrow::Cow, ops::Range, path::PathBuf};

use thiserror::Error;

/// A value that cannot be used, before the scenario layer points into the file.
///
/// A module that checks its part of a scenario names the key *relative to that part* and lets each caller
/// [prefix](Invalid::under) its own; the scenario layer turns the full path into a line and column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Invalid {
    /// Keys from the root of the scenario, such as `["method", "2", "schedule", "rounds", "cohort"]`.
    pub path: Vec<String>,
    /// The value found and the one expected.
    pub message: String,
    /// The remedy, if one can be named.
    pub help: Option<String>,
    /// The place of the fault in a data file, when it is not in the scenario itself.
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

/// Longest line that is shown whole [bytes].
const LINE: usize = 120;
/// Shown length of a longer line on both sides of the fault [bytes].
const MARGIN: usize = 40;

/// A stretch of one line, with as much of the line as a message can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The first character in it, from 1.
    pub column: usize,
    /// The line, or its part near the fault.
    pub excerpt: String,
    /// The bytes of `excerpt` at fault.
    pub marked: Range<usize>,
}

impl Spot {
    /// The bytes `range` of `text`, as far as their first line goes.
    pub fn of(text: &str, range: Range<usize>) -> Self {
        let start = floor(text, range.start);
        let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[begin..end].trim_end_matches('\r');
        let first = (start - begin).min(line.len());
        let marked = first..floor(line, range.end.saturating_sub(begin)).max(first);
        Self {
            line: 1 + text[..begin].matches('\n').count(),
            column: 1 + line[..first].chars().count(),
            ..Self::cut(line, marked)
        }
    }

    /// The marked text.
    pub fn text(&self) -> &str {
        &self.excerpt[self.marked.clone()]
    }

    /// Whether the excerpt begins after the line.
    pub fn is_cut_before(&self) -> bool {
        self.column != 1 + self.excerpt[..self.marked.start].chars().count()
    }

    /// `line` cut to a readable length around what is marked.
    fn cut(line: &str, marked: Range<usize>) -> Self {
        if line.len() <= LINE {
            return Self { line: 1, column: 1, excerpt: line.to_owned(), marked };
        }
        let shown = floor(line, marked.end.min(marked.start + LINE - 2 * MARGIN));
        let from = if marked.start <= MARGIN { 0 } else { floor(line, marked.start - MARGIN) };
        let to = floor(line, shown + MARGIN);
        let before = if from > 0 { "…" } else { "" };
        let after = if to < line.len() { "…" } else { "" };
        let place = |at: usize| before.len() + at - from;
        let excerpt = format!("{before}{}{after}", &line[from..to]);
        Self { line: 1, column: 1, excerpt, marked: place(marked.start)..place(shown.max(marked.start)) }
    }
}

/// The last character boundary of `text` that is not after `index`.
pub(crate) fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(printable("a\tb\nc"), "a\tb\nc");
        assert_eq!(printable("a\u{1b}[31m\r\u{202e}b"), "a\\u{1b}[31m\\u{d}\\u{202e}b");
    }

    fn spot(text: &str, part: &str) -> Spot {
        let start = text.find(part).unwrap();
        Spot::of(text, start..start + part.len())
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let found = spot("1,2\r\n3,é,x\r\n4", "x");
        assert_eq!((found.line, found.column, found.excerpt.as_str(), found.text()), (2, 5, "3,é,x", "x"));
        let end = Spot::of("a\nbc", 4..4);
        assert_eq!((end.line, end.column, end.text()), (2, 3, ""));
    }

    #[test]
    fn what_goes_over_lines_is_marked_to_the_end_of_the_first() {
        assert_eq!(spot("a [1,\n2]", "[1,\n2]").text(), "[1,");
    }

    #[test]
    fn long_lines_are_cut_on_both_sides() {
        let text = format!("{}here{}", "é".repeat(300), "b".repeat(300));
        let found = spot(&text, "here");
        assert_eq!((found.column, found.text(), found.is_cut_before()), (301, "here", true));
        assert!(found.excerpt.starts_with("…é") && found.excerpt.ends_with("b…") && found.excerpt.len() < LINE);
        let long = spot(&"c".repeat(300), &"c".repeat(300));
        assert_eq!((long.marked.len(), long.excerpt.chars().count(), long.is_cut_before()), (40, 81, false));
    }
}
