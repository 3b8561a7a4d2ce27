//! Data files in memory, unpacked if they are gzip, and faults that point into their text.

pub mod bounded;
pub mod digest;
pub mod numpy;

pub use digest::{Opened, opened};

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use bounded::{Failure, GZIP, UNPACKED};

use crate::{
    invalid::{Invalid, Spot},
    memory,
};

/// How text begins that says so: the byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A data file in memory, unpacked if it was gzip.
#[derive(Debug)]
pub struct File<'a> {
    path: PathBuf,
    bytes: Cow<'a, [u8]>,
    /// Most bytes that the file, or an entry of it, may unpack to.
    most: u64,
}

impl File<'static> {
    /// Reads the file at `path`, relative to the folder `base`.
    ///
    /// # Errors
    /// [`Invalid`] when the file cannot be read or unpacked.
    pub fn open(path: &Path, base: &Path) -> Result<Self, Invalid> {
        Self::open_within(path, base, None)
    }

    /// As [`open`](Self::open), for a file that may unpack to `most` bytes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_within(path: &Path, base: &Path, most: Option<u64>) -> Result<Self, Invalid> {
        let path = base.join(path);
        let bytes = bounded::read(&path, memory::available()).map_err(|error| {
            let fault = Invalid::at("", format!("cannot read the data file `{}`: {error}", path.display())).in_file(&path, None);
            let is_missing = error.kind() == std::io::ErrorKind::NotFound;
            if is_missing { fault.help("paths are relative to the folder of the scenario file") } else { fault }
        })?;
        digest::note(&path, &bytes);
        Self::unpack(path, Cow::Owned(bytes), most.unwrap_or(UNPACKED).min(memory::available()))
    }
}

impl<'a> File<'a> {
    /// A file that is in memory already; `path` is for messages.
    ///
    /// # Errors
    /// [`Invalid`] when the bytes begin like gzip but cannot be unpacked.
    pub fn in_memory(path: impl Into<PathBuf>, bytes: &'a [u8]) -> Result<Self, Invalid> {
        Self::unpack(path.into(), Cow::Borrowed(bytes), UNPACKED)
    }

    fn unpack(path: PathBuf, bytes: Cow<'a, [u8]>, most: u64) -> Result<Self, Invalid> {
        let bytes = if bytes.starts_with(&GZIP) {
            Cow::Owned(bounded::gunzip(&bytes, most).map_err(|failure| refused(failure, most).in_file(&path, None))?)
        } else {
            bytes
        };
        let bytes = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.strip_prefix(MARK).unwrap_or(bytes)),
            Cow::Owned(mut bytes) => {
                if bytes.starts_with(MARK) {
                    bytes.drain(..MARK.len());
                }
                Cow::Owned(bytes)
            }
        };
        Ok(Self { path, bytes, most })
    }

    /// The contents.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The contents as text.
    ///
    /// # Errors
    /// [`Invalid`] at the first byte that is not UTF-8, or with the name of the compression.
    pub fn text(&self) -> Result<&str, Invalid> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            if let Some(fault) = self.compressed() {
                return fault;
            }
            if self.bytes.starts_with(b"\xff\xfe") || self.bytes.starts_with(b"\xfe\xff") {
                return self.fault("the file is text in UTF-16: expected UTF-8").help("save it as UTF-8");
            }
            let valid = String::from_utf8_lossy(&self.bytes[..error.valid_up_to()]);
            let spot = Spot::of(&valid, valid.len()..valid.len());
            Invalid::at("", "the file is not text: expected UTF-8").in_file(&self.path, Some(spot))
        })
    }

    /// A fault that names the compression of this file, where it has one that is not read.
    fn compressed(&self) -> Option<Invalid> {
        let (name, command) = bounded::other(&self.bytes)?;
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let fault = self.fault(format!("the file is compressed by {name}: expected it plain, or by gzip"));
        Some(fault.help(format!("unpack it, such as by `{}`, and name what comes out", command.replace("FILE", &file))))
    }

    /// A fault of a file of the wrong kind: its compression, or else `message`.
    pub fn foreign(&self, message: impl Into<String>) -> Invalid {
        self.compressed().unwrap_or_else(|| self.fault(message))
    }

    /// A fault in this file as a whole.
    pub fn fault(&self, message: impl Into<String>) -> Invalid {
        Invalid::at("", message).in_file(&self.path, None)
    }

    /// A fault at `part`, a piece of this file's [text](Self::text).
    pub fn fault_at(&self, part: &str, message: impl Into<String>) -> Invalid {
        let start = (part.as_ptr() as usize).wrapping_sub(self.bytes.as_ptr() as usize);
        let spot = self.text().ok().filter(|text| start <= text.len()).map(|text| Spot::of(text, start..start + part.len()));
        Invalid::at("", message).in_file(&self.path, spot)
    }
}

fn refused(failure: Failure, most: u64) -> Invalid {
    match failure {
        Failure::TooLarge => Invalid::at("", format!("the file unpacks to more than {}", memory::size(most as f64)))
            .help("if that is meant, unpack it first; for samples, `max-unpacked` in the data allows more"),
        Failure::Damaged(error) => Invalid::at("", format!("the file begins as gzip but cannot be unpacked: {error}"))
            .help("the file may be cut off: compare its size with the original"),
    }
}

impl File<'_> {
    /// A fault of the record that begins at byte `start`.
    pub fn fault_at_record(&self, start: usize, message: impl Into<String>) -> Invalid {
        self.text().map_or_else(|unreadable| unreadable, |text| self.fault_at(record(text, start), message))
    }

    /// A fault at a field of the record that begins at byte `start`: its index, and the byte between fields.
    pub fn fault_at_field(&self, start: usize, (index, delimiter): (usize, u8), message: impl Into<String>) -> Invalid {
        self.text().map_or_else(|unreadable| unreadable, |text| self.fault_at(field(text, start, index, delimiter), message))
    }
}

/// The byte at which a record begins.
pub fn start(position: Option<&csv::Position>) -> usize {
    position.map_or(0, |position| position.byte() as usize)
}

/// The first line of the record that begins at byte `start` of `text`, behind empty lines.
fn record(text: &str, start: usize) -> &str {
    behind_empty_lines(text, start).lines().next().unwrap_or_default()
}

/// Field `index` of the record that begins at byte `start` of `text`, behind empty lines, without blanks around the field;
/// the end of the record if it has no such field.
fn field(text: &str, start: usize, index: usize, delimiter: u8) -> &str {
    let record = behind_empty_lines(text, start);
    let (mut quoted, mut passed, mut begin, mut end) = (false, 0, 0, record.len());
    for (at, byte) in record.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if byte == b'\n' || (byte == delimiter && passed == index) => {
                end = at;
                break;
            }
            _ if byte == delimiter => (passed, begin) = (passed + 1, at + 1),
            _ => {}
        }
    }
    record[if passed == index { begin } else { end }..end].trim()
}

fn behind_empty_lines(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or_default().trim_start_matches(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_compressions_are_told_by_name() {
        for (start, name) in [(&b"BZh91AY&SY\xff"[..], "bzip2"), (b"\xfd7zXZ\0\xff", "xz"), (b"PK\x03\x04\xff", "zip")] {
            let refused = File::in_memory("a.svm", start).unwrap().text().unwrap_err();
            assert_eq!(refused.message, format!("the file is compressed by {name}: expected it plain, or by gzip"));
            // What unpacks a name without the usual ending.
            assert!(refused.help.is_some_and(|help| help.contains("< a.svm > ") || name == "zip"));
        }
        assert!(File::in_memory("a", b"\xff\xfea\0").unwrap().text().unwrap_err().message.contains("UTF-16"));
        assert_eq!(File::in_memory("a", b"\xef\xbb\xbfx,y").unwrap().text().unwrap(), "x,y");
    }

    #[test]
    fn faults_point_at_a_piece_of_the_text() {
        let file = File::in_memory("a.txt", b"one\ntwo three\n").unwrap();
        let (_, last) = file.text().unwrap().split_once(' ').unwrap();
        let place = file.fault_at(last.trim(), "fault").file.unwrap();
        let spot = place.spot.unwrap();
        assert_eq!((place.path, spot.line, spot.column, spot.text()), (PathBuf::from("a.txt"), 2, 5, "three"));
        assert_eq!(file.fault_at("of another text", "fault").file.unwrap().spot, None);
    }

    #[test]
    fn fields_are_found_between_delimiters_outside_of_quotes() {
        let text = "a,b\n\n1, \"x,\"\"\n\" ,3\r\n4;5";
        assert_eq!((field(text, 0, 0, b','), field(text, 0, 1, b',')), ("a", "b"));
        let found: Vec<&str> = (0..4).map(|index| field(text, 4, index, b',')).collect();
        assert_eq!(found, ["1", "\"x,\"\"\n\"", "3", ""]);
        assert_eq!(field(text, text.len() - 3, 1, b';'), "5");
        assert_eq!(record(text, 3), "1, \"x,\"\"");
    }
}
