//! CSV tables among results: text that no spreadsheet takes for a formula, and rows with faults at their places.
//!
//! A field of text that begins with `=`, `+`, `-` or `@` is written with an apostrophe in front, as a spreadsheet marks plain text
//! itself. Numbers stay as they are. A program that reads the table gets the text without the apostrophe.

use std::{
    borrow::Cow,
    io::{self, Write},
    path::Path,
    str::FromStr,
};

use csv::StringRecord;

use super::cell::Cell;
use crate::{
    file::{File, bounded, start},
    invalid::Invalid,
    memory,
};

/// The first characters of formulas, including spaces that spreadsheets skip.
const FIRST: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether `text`, after any apostrophes, begins like a formula and is no number.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FIRST) && text.parse::<f64>().is_err()
}

/// Whether a spreadsheet would take `text` for a formula.
pub fn begins(text: &str) -> bool {
    text.starts_with(FIRST)
}

/// `text` as a field that no spreadsheet runs.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// The text that was [guarded] as this field.
pub fn bare(field: &str) -> &str {
    field.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(field)
}

/// The content of a table that is written by `content`.
///
/// # Errors
/// None that memory does not have.
pub fn text(content: impl FnOnce(&mut csv::Writer<&mut dyn Write>) -> csv::Result<()>) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut csv = csv::Writer::from_writer(&mut bytes as &mut dyn Write);
    content(&mut csv)?;
    csv.flush()?;
    drop(csv);
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// The bytes of the table at `path`, called `name` in messages.
///
/// # Errors
/// [`Invalid`] in a file that cannot be read.
pub fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, Invalid> {
    let unreadable = |error| Invalid::at("", format!("{name} cannot be read: {error}")).in_file(path, None);
    bounded::read(path, memory::available()).map_err(unreadable)
}

/// The bytes of the table at `path`; `None` where there is no such file.
///
/// # Errors
/// [`Invalid`] in a file that cannot be read.
pub fn bytes_if_any(path: &Path, name: &str) -> Result<Option<Vec<u8>>, Invalid> {
    if path.try_exists().is_ok_and(|exists| !exists) { Ok(None) } else { bytes(path, name).map(Some) }
}

/// A column at fault, with the reason.
pub type Fault = (usize, String);

/// A row of a table whose first columns are those of the sweep keys.
pub struct Row<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
    /// Number of sweep keys.
    keys: usize,
}

impl Row<'_> {
    /// The sweep cell.
    pub fn cell(&self) -> Cell {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), bare(value).to_owned());
        Cell(self.header.iter().zip(self.record).take(self.keys).map(pair).collect())
    }

    /// The values of the sweep keys.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.record.iter().take(self.keys).map(bare)
    }

    /// Number of columns after those of the sweep keys.
    pub fn width(&self) -> usize {
        self.record.len() - self.keys
    }

    /// The field of a column, counted from the sweep keys on.
    pub fn field(&self, column: usize) -> &str {
        &self.record[self.keys + column]
    }

    /// The text of a column.
    pub fn text(&self, column: usize) -> &str {
        bare(self.field(column))
    }

    /// The value of a column, which should be `a` thing of that kind.
    pub fn parse<T: FromStr>(&self, column: usize, a: &str) -> Result<T, Fault> {
        self.field(column).parse().map_err(|_| self.fault(column, format!("`{}` is not {a}", self.field(column))))
    }

    /// The number in a column; `None` in an empty field.
    pub fn number(&self, column: usize) -> Result<Option<f64>, Fault> {
        if self.field(column).is_empty() { Ok(None) } else { self.parse(column, "a number").map(Some) }
    }

    /// The fault of a column.
    pub fn fault(&self, column: usize, message: impl Into<String>) -> Fault {
        (self.keys + column, message.into())
    }
}

/// Reads the table that `bytes` hold; `path` is for messages. `layout` finds the number of sweep keys in the header, and `each` takes
/// the rows. Returns the names of the columns, and the number of sweep keys.
///
/// # Errors
/// [`Invalid`] at the row and the column at fault.
pub fn read(
    path: &Path,
    bytes: &[u8],
    layout: impl FnOnce(&StringRecord) -> Result<usize, String>,
    mut each: impl FnMut(&Row<'_>) -> Result<(), Fault>,
) -> Result<(Vec<String>, usize), Invalid> {
    let file = File::in_memory(path, bytes)?;
    let unreadable = |error: csv::Error| file.fault_at_record(start(error.position()), describe(&error));
    let mut reader = csv::Reader::from_reader(file.text()?.as_bytes());
    let header = reader.headers().map_err(unreadable)?.clone();
    let keys = layout(&header).map_err(|message| file.fault_at_record(0, message))?;
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let placed = |(column, message)| file.fault_at_field(start(record.position()), (column, b','), message);
        each(&Row { header: &header, record: &record, keys }).map_err(placed)?;
    }
    Ok((header.iter().map(str::to_owned).collect(), keys))
}

/// The number of sweep keys before the columns `fixed`, which end the `header`.
pub fn before(fixed: &[&str], header: &StringRecord) -> Result<usize, String> {
    let keys = header.len().saturating_sub(fixed.len());
    let is_end = header.iter().skip(keys).eq(fixed.iter().copied());
    if is_end { Ok(keys) } else { Err(format!("the first line does not end in `{}`", fixed.join(","))) }
}

fn describe(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, expected {expected_len} as in the header")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_come_back() {
        for (text, field) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-lr", "'-lr"),
            ("'=x", "''=x"),
            ("-0.5", "-0.5"),
            ("+1e-3", "+1e-3"),
            ("'tis", "'tis"),
            ("FedAvg", "FedAvg"),
            ("", ""),
        ] {
            assert_eq!((guarded(text).as_ref(), bare(&guarded(text))), (field, text));
        }
    }
}
