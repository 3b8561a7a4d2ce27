//! Data files in memory, unpacked if they are gzip, and faults that point into their text.

pub mod digest;
mod fields;
pub mod npy;
mod opened;

use std::{
    borrow::Cow,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::bufread::GzDecoder;

pub use fields::start;
pub use opened::{Opened, opened};

use crate::invalid::{Invalid, Spot};

/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A data file in memory, unpacked if it was gzip.
#[derive(Debug)]
pub struct File<'a> {
    path: PathBuf,
    bytes: Cow<'a, [u8]>,
}

impl File<'static> {
    /// Reads the file at `path`, relative to the folder `base`.
    ///
    /// # Errors
    /// [`Invalid`] when the file cannot be read or unpacked.
    pub fn open(path: &Path, base: &Path) -> Result<Self, Invalid> {
        let path = base.join(path);
        let bytes = std::fs::read(&path).map_err(|error| {
            Invalid::at("", format!("cannot read the data file `{}`: {error}", path.display()))
                .help("paths are relative to the folder of the scenario file")
                .in_file(&path, None)
        })?;
        opened::note(&path, &bytes);
        Self::unpack(path, Cow::Owned(bytes))
    }
}

impl<'a> File<'a> {
    /// A file that is in memory already; `path` is for messages.
    ///
    /// # Errors
    /// [`Invalid`] when the bytes begin like gzip but cannot be unpacked.
    pub fn in_memory(path: impl Into<PathBuf>, bytes: &'a [u8]) -> Result<Self, Invalid> {
        Self::unpack(path.into(), Cow::Borrowed(bytes))
    }

    fn unpack(path: PathBuf, bytes: Cow<'a, [u8]>) -> Result<Self, Invalid> {
        if !bytes.starts_with(&GZIP) {
            return Ok(Self { path, bytes });
        }
        // The last four bytes of gzip are the unpacked size modulo 2^32: a hint for the allocation, never trusted far.
        let tail = bytes.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let mut unpacked = Vec::with_capacity(tail.min(bytes.len().saturating_mul(64)));
        match gunzip(&bytes, &mut unpacked) {
            Ok(()) => Ok(Self { path, bytes: Cow::Owned(unpacked) }),
            Err(error) => Err(Invalid::at("", format!("the file begins as gzip but cannot be unpacked: {error}"))
                .help("the file may be cut off: compare its size with the original")
                .in_file(path, None)),
        }
    }

    /// The contents.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The contents as text.
    ///
    /// # Errors
    /// [`Invalid`] at the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&str, Invalid> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&self.bytes[..error.valid_up_to()]);
            let spot = Spot::of(&valid, valid.len()..valid.len());
            Invalid::at("", "the file is not text: expected UTF-8").in_file(&self.path, Some(spot))
        })
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

/// Unpacks the parts of a gzip file, one or several. What follows them is ignored, as by `gunzip`: padding, as tapes have it.
fn gunzip(mut bytes: &[u8], unpacked: &mut Vec<u8>) -> std::io::Result<()> {
    while bytes.starts_with(&GZIP) {
        let mut part = GzDecoder::new(bytes);
        part.read_to_end(unpacked)?;
        bytes = part.into_inner();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_follows_gzip_is_ignored() {
        let gzip = |text: &str| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap()
        };
        let parts = [gzip("one\n"), gzip("two\n")].concat();
        for after in [&b""[..], &[0; 512], b"garbage"] {
            let bytes = [&parts, after].concat();
            assert_eq!(File::in_memory("a.gz", &bytes).unwrap().bytes(), b"one\ntwo\n");
        }
        assert!(File::in_memory("a.gz", &parts[..parts.len() - 1]).is_err());
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
}
