//! Numbers in a text file, plain or gzip: columns with commas, semicolons, spaces or tabs between them, an optional header line,
//! `#` comments. Braces at the end of a line, in which networkx writes the attributes of an edge, are skipped.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    file::File,
    invalid::{Invalid, count},
    toml::decode::forms,
};

/// Rows in a file, or in the scenario itself.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Source<T> {
    /// The path of a text file.
    File(PathBuf),
    /// The rows.
    Inline(Vec<T>),
}

forms! {
    Source<T>, "the path of a file or a list" where T: DeserializeOwned,
    text(PathBuf) => Source::File,
    list(Vec<T>) => Source::Inline,
}

/// Rows of exactly `C` numbers, with the text they come from.
#[derive(Debug)]
pub struct Table<const C: usize> {
    file: File<'static>,
    /// The rows, in the order of the file. Never empty.
    pub rows: Vec<Row<C>>,
}

/// One row of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<const C: usize> {
    /// The start of its line in the text [bytes].
    start: usize,
    /// Its numbers.
    pub values: [f64; C],
}

/// Reads the file at `path`, plain or gzip; its columns are called `columns` in messages.
///
/// # Errors
/// [`Invalid`] that names the file, and the field where one is at fault: unreadable file, a wrong number of columns, a field
/// that is no number, no row at all.
pub fn read<const C: usize>(path: &Path, columns: [&str; C]) -> Result<Table<C>, Invalid> {
    let file = File::open(path, Path::new(""))?;
    let text = file.text()?;
    let mut rows = Vec::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (index, line) in lines.enumerate() {
        match numbers(line) {
            Ok(values) => rows.push(Row { start: line.as_ptr() as usize - text.as_ptr() as usize, values }),
            Err(_) if index == 0 && fields(line).all(|field| field.parse::<f64>().is_err() && !is_missing(field)) => {}
            Err((part, found)) => {
                let expected = columns.join(", ");
                let numbers = count(C, "number");
                return Err(file.fault_at(part, format!("found {found}: expected {numbers} ({expected})")));
            }
        }
    }
    if rows.is_empty() {
        return Err(file.fault(format!("the file has no row: expected the columns {}", columns.join(", "))));
    }
    Ok(Table { file, rows })
}

/// How files write that a value is missing.
const MISSING: [&str; 7] = ["", "?", "na", "n/a", "<na>", "nan", "null"];

/// Whether `cell` says that a value is missing.
pub fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The fields of a line: between commas or else semicolons where there are some, else between blanks.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    let attributes = line.ends_with('}').then(|| line.find('{')).flatten();
    let line = attributes.map_or(line, |brace| line[..brace].trim_end().trim_end_matches([',', ';']));
    let mark = [',', ';'].into_iter().find(|mark| line.contains(*mark));
    let split = move |character: char| mark.map_or_else(|| character.is_whitespace(), |mark| character == mark);
    let (blanks, fields) = (mark.is_none(), line.split(split));
    fields.map(str::trim).filter(move |field| !(blanks && field.is_empty()))
}

/// The numbers of a line, or the part at fault with the words for it.
fn numbers<const C: usize>(line: &str) -> Result<[f64; C], (&str, String)> {
    let found = fields(line).count();
    if found != C {
        return Err((line, count(found, "field")));
    }
    let mut row = [0.0; C];
    for (value, field) in row.iter_mut().zip(fields(line)) {
        let found = || if field.is_empty() { "nothing".to_owned() } else { format!("`{field}`") };
        *value = field.parse().map_err(|_| (field, found()))?;
    }
    Ok(row)
}

/// Most rounds that a file may tell of.
const MOST_ROUNDS: usize = 1_000_000;

/// Reads which of `clients` clients each round has, from lines `round, client`; rounds that have none are
/// empty. Only if `repeats`, a client may be in a round twice.
///
/// # Errors
/// As [`read`], and at the first round or client that does not exist or is repeated.
pub fn rounds(path: &Path, clients: usize, repeats: bool) -> Result<Vec<Vec<usize>>, Invalid> {
    let table = read(path, ["round", "client"])?;
    let (mut sets, mut known) = (Vec::new(), BTreeSet::new());
    for row in &table.rows {
        let round = table.index(row, 0, MOST_ROUNDS, "round")?;
        let client = table.index(row, 1, clients, "client")?;
        if !repeats && !known.insert((round, client)) {
            return Err(table.fault_at(row, format!("round {round} names client `{client}` twice")));
        }
        if sets.len() <= round {
            sets.resize(round + 1, Vec::new());
        }
        sets[round].push(client);
    }
    Ok(sets)
}

impl<const C: usize> Table<C> {
    /// The number in `column` of `row` as an index below `limit`, called `what` in the message.
    ///
    /// # Errors
    /// [`Invalid`] at the number if it is no whole number in `0..limit`.
    pub fn index(&self, row: &Row<C>, column: usize, limit: usize, what: &str) -> Result<usize, Invalid> {
        let value = row.values[column];
        if value.fract() == 0.0 && (0.0..limit as f64).contains(&value) {
            return Ok(value as usize);
        }
        let message = format!("`{value}` is no {what}: expected a whole number from 0 to {}", limit.saturating_sub(1));
        Err(self.file.fault_at(fields(self.line(row)).nth(column).unwrap_or_default(), message))
    }

    /// A fault of a whole row.
    pub fn fault_at(&self, row: &Row<C>, message: impl Into<String>) -> Invalid {
        self.file.fault_at(self.line(row), message)
    }

    /// A fault of the file as a whole.
    pub fn fault(&self, message: impl Into<String>) -> Invalid {
        self.file.fault(message)
    }

    fn line(&self, row: &Row<C>) -> &str {
        self.file.text().ok().and_then(|text| text.get(row.start..)?.lines().next()).unwrap_or_default().trim_end()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn header_comments_and_blank_lines_are_skipped() {
        let file = file("from,to\n# a comment\n0, 1\n\n2,3.5\n");
        let table = read(file.path(), ["from", "to"]).unwrap();
        assert_eq!(table.rows.iter().map(|row| row.values).collect::<Vec<_>>(), [[0.0, 1.0], [2.0, 3.5]]);
        let spot = table.index(&table.rows[1], 1, 9, "node").unwrap_err().file.unwrap().spot.unwrap();
        assert_eq!((spot.line, spot.column, spot.text()), (5, 3, "3.5"));
    }

    #[test]
    fn blanks_and_semicolons_part_fields_and_braces_are_passed_over() {
        for text in ["0 1\n2  3\n", "0\t1\n2\t 3\n", "0 1 {}\n2 3 {'weight': 5}\n", "0;1\n2; 3\n", "a b\n0,1,{}\n2, 3\n"] {
            let file = file(text);
            let table = read(file.path(), ["a", "b"]).unwrap();
            assert_eq!(table.rows.iter().map(|row| row.values).collect::<Vec<_>>(), [[0.0, 1.0], [2.0, 3.0]], "{text:?}");
            assert_eq!(table.index(&table.rows[1], 1, 3, "node").unwrap_err().place().chars().last(), Some('3'), "{text:?}");
        }
        // Without a comma, a first line of numbers is no header.
        assert!(read(file("0 1 2\n3 4\n").path(), ["a", "b"]).is_err());
    }

    #[test]
    fn rounds_name_a_client_once_and_are_not_too_many() {
        let sets = |text: &str, repeats| rounds(file(text).path(), 4, repeats);
        assert_eq!(sets("1,3\n1,0\n3,2\n", false).unwrap(), [vec![], vec![3, 0], vec![], vec![2]]);
        assert_eq!(sets("0,1\n0,1\n", true).unwrap(), [[1, 1]]);
        let twice = sets("0,1\n1,1\n0,1\n", false).unwrap_err();
        assert_eq!((twice.place(), twice.message.as_str()), ("3:1 0,1".to_owned(), "round 0 names client `1` twice"));
        assert_eq!(sets("1000000,1\n", false).unwrap_err().place(), "1:1 1000000");
    }

    #[test]
    fn faults_name_their_place() {
        for (text, place) in [
            ("1,2\n3\n", Some((2, 1, "3"))),
            ("1,2\n3, x\n", Some((2, 4, "x"))),
            ("1,x\n", Some((1, 3, "x"))),
            ("a,b\n", None),
            ("NA NA\n0 1\n", Some((1, 1, "NA"))),
        ] {
            let error = read(file(text).path(), ["from", "to"]).unwrap_err();
            let spot = error.file.unwrap().spot;
            let found = spot.as_ref().map(|spot| (spot.line, spot.column, spot.text()));
            assert_eq!(found, place, "{text:?}: {}", error.message);
        }
        assert_eq!(read(file("1,2\n3,\n").path(), ["a", "b"]).unwrap_err().message, "found nothing: expected 2 numbers (a, b)");
        assert!(read(Path::new("no such file"), ["value"]).unwrap_err().message.contains("cannot read"));
    }
}
