//! Entries of NPZ archives, which are zip files, unpacked within a bound.

use std::io::{Cursor, Read};

use zip::{CompressionMethod, ZipArchive};

use super::File;
use crate::{invalid::Invalid, memory};

/// Most names that a message lists.
const LISTED: usize = 20;

/// Compressions of entries that are not read, and what they are called.
const OTHERS: [(CompressionMethod, &str); 4] = [
    (CompressionMethod::BZIP2, "bzip2"),
    (CompressionMethod::LZMA, "LZMA"),
    (CompressionMethod::ZSTD, "zstd"),
    (CompressionMethod::XZ, "xz"),
];

/// An NPZ archive in memory.
pub struct Archive<'a> {
    file: &'a File<'a>,
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    /// The archive that `file` holds.
    ///
    /// # Errors
    /// [`Invalid`] where it is none.
    pub fn open(file: &'a File<'a>) -> Result<Self, Invalid> {
        match ZipArchive::new(Cursor::new(file.bytes())) {
            Ok(zip) => Ok(Self { file, zip }),
            Err(_) => Err(foreign(file)),
        }
    }

    /// The bytes of the array `name`; `None` where there is none of this name.
    ///
    /// # Errors
    /// [`Invalid`] where it is damaged or unpacks to more than the file may.
    pub fn array(&mut self, name: &str) -> Result<Option<Vec<u8>>, Invalid> {
        let Some(index) = self.zip.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
        let (file, most) = (self.file, self.file.most);
        let damaged = |error: std::io::Error| {
            let fault = file.fault(format!("the array `{name}` cannot be unpacked: {error}"));
            fault.help("the file may be damaged: compare it with the original")
        };
        let method = self.zip.by_index_raw(index).map(|entry| entry.compression()).ok();
        if let Some((_, other)) = OTHERS.iter().find(|(other, _)| method == Some(*other)) {
            let fault = file.fault(format!("the array `{name}` is compressed by {other}: expected it stored or deflated"));
            return Err(fault.help("save the arrays anew, by `numpy.savez_compressed`"));
        }
        let entry = self.zip.by_index(index).map_err(|error| damaged(std::io::Error::other(error)))?;
        let mut bytes = Vec::new();
        // The size that the entry states is not trusted.
        entry.take(most + 1).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 > most {
            let fault = file.fault(format!("the array `{name}` unpacks to more than {}", memory::size(most as f64)));
            return Err(fault.help("if that is meant, raise `max-unpacked` in the data, or save it with `numpy.save`"));
        }
        Ok(Some(bytes))
    }

    /// The names of the arrays, in order.
    pub fn names(&self) -> String {
        // A name that is no text is none that a scenario could give.
        let entries = self.zip.file_names().filter_map(Result::ok);
        let mut names: Vec<String> = entries.map(|entry| entry.trim_end_matches(".npy").to_owned()).collect();
        names.sort_unstable();
        let more = if names.len() > LISTED { format!(", … ({} in all)", names.len()) } else { String::new() };
        names.truncate(LISTED);
        names.join(", ") + &more
    }
}

fn foreign(file: &File<'_>) -> Invalid {
    if file.bytes().starts_with(b"PK") {
        let fault = file.fault("the archive has no table of its arrays at its end");
        return fault.help("the file may be cut off: compare its size with the original");
    }
    let fault = file.foreign("the file is not NPZ: expected an archive as `numpy.savez` writes it");
    if file.bytes().starts_with(b"\x93NUMPY") { fault.help("it is a single array: give it as `npy`") } else { fault }
}
