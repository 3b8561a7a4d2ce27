//! Numbers in a text file: comma-separated columns, an optional header line, `#` comments.

use std::{
    fmt,
    marker::PhantomData,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, value::SeqAccessDeserializer},
};

use crate::invalid::{Invalid, count};

/// Rows that stand in a file, or in the scenario itself.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Source<T> {
    /// The path of a text file.
    File(PathBuf),
    /// The rows.
    Inline(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Source<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor(PhantomData))
    }
}

struct SourceVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for SourceVisitor<T> {
    type Value = Source<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a file or a list")
    }

    fn visit_str<E>(self, path: &str) -> Result<Source<T>, E> {
        Ok(Source::File(path.into()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, rows: A) -> Result<Source<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(rows)).map(Source::Inline)
    }
}

/// One row of a file: its line (from 1) and its numbers.
pub type Row<const C: usize> = (usize, [f64; C]);

/// Reads rows of exactly `C` numbers, called `columns` in messages.
///
/// # Errors
/// [`Invalid`] that names the file, and the line where one is at fault: unreadable file, a wrong number of columns, a field
/// that is no number, no row at all.
pub fn read<const C: usize>(path: &Path, columns: [&str; C]) -> Result<Vec<Row<C>>, Invalid> {
    let fault = |line, message: String| Invalid::at("", message).in_file(path, line);
    let text = std::fs::read_to_string(path).map_err(|error| fault(None, format!("cannot read the file: {error}")))?;
    let mut rows = Vec::new();
    let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    for (index, (line, number)) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')).enumerate() {
        match numbers(line) {
            Ok(row) => rows.push((number, row)),
            Err(_) if index == 0 && line.split(',').all(|field| field.trim().parse::<f64>().is_err()) => {}
            Err(found) => {
                let expected = columns.join(", ");
                let numbers = count(C, "number");
                return Err(fault(Some(number), format!("expected {numbers} ({expected}), found {found}")));
            }
        }
    }
    if rows.is_empty() {
        return Err(fault(None, format!("the file has no row: expected the columns {}", columns.join(", "))));
    }
    Ok(rows)
}

/// The numbers of a line, or what stands there instead.
fn numbers<const C: usize>(line: &str) -> Result<[f64; C], String> {
    let fields = line.split(',').map(str::trim);
    let found = fields.clone().count();
    if found != C {
        return Err(count(found, "field"));
    }
    let mut row = [0.0; C];
    for (value, field) in row.iter_mut().zip(fields) {
        *value = field.parse().map_err(|_| format!("`{field}`"))?;
    }
    Ok(row)
}

/// `value` as an index below `limit`, called `what` in the message.
///
/// # Errors
/// The message of an [`Invalid`] if `value` is no whole number in `0..limit`.
pub fn index(value: f64, limit: usize, what: &str) -> Result<usize, String> {
    if value.fract() == 0.0 && (0.0..limit as f64).contains(&value) {
        Ok(value as usize)
    } else {
        Err(format!("`{value}` is no {what}: expected a whole number from 0 to {}", limit.saturating_sub(1)))
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
        assert_eq!(read(file.path(), ["from", "to"]).unwrap(), vec![(3, [0.0, 1.0]), (5, [2.0, 3.5])]);
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line) in [("1,2\n3\n", Some(2)), ("1,2\n3,x\n", Some(2)), ("1,x\n", Some(1)), ("a,b\n", None)] {
            let error = read(file(text).path(), ["from", "to"]).unwrap_err();
            assert_eq!(error.file.unwrap().1, line, "{text:?}: {}", error.message);
        }
        assert!(read(Path::new("no such file"), ["value"]).unwrap_err().message.contains("cannot read"));
    }
}
