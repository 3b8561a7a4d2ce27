//! The bytes of a data file.

use std::{
    borrow::Cow,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use crate::invalid::Invalid;

/// A data file in memory, unpacked if it was gzip.
#[derive(Debug)]
pub(in crate::problem::data) struct File<'a> {
    path: PathBuf,
    bytes: Cow<'a, [u8]>,
}

impl File<'static> {
    /// Reads the file at `path`, relative to `base`.
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
        Self::unpack(path, Cow::Owned(bytes))
    }
}

impl<'a> File<'a> {
    /// A file that is in memory already; `path` is for messages.
    ///
    /// # Errors
    /// [`Invalid`] when the bytes begin like gzip but cannot be unpacked.
    pub fn in_memory(path: &str, bytes: &'a [u8]) -> Result<Self, Invalid> {
        Self::unpack(path.into(), Cow::Borrowed(bytes))
    }

    fn unpack(path: PathBuf, bytes: Cow<'a, [u8]>) -> Result<Self, Invalid> {
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return Ok(Self { path, bytes });
        }
        // The last four bytes of gzip are the unpacked size modulo 2^32: a hint for the allocation, never trusted far.
        let tail = bytes.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let mut unpacked = Vec::with_capacity(tail.min(bytes.len().saturating_mul(64)));
        match MultiGzDecoder::new(&*bytes).read_to_end(&mut unpacked) {
            Ok(_) => Ok(Self { path, bytes: Cow::Owned(unpacked) }),
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
    /// [`Invalid`] with the line of the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&str, Invalid> {
        std::str::from_utf8(&self.bytes).map_err(|error| {
            let line = 1 + self.bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            self.fault(Some(line), "the file is not text: expected UTF-8")
        })
    }

    /// A fault in this file, at `line` (from 1).
    pub fn fault(&self, line: Option<usize>, message: impl Into<String>) -> Invalid {
        Invalid::at("", message).in_file(&self.path, line)
    }
}
