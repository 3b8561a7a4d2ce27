//! Files that end in a checksum of themselves: a damaged one is noticed, never believed.

use std::{
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use crate::file::{
    bounded,
    digest::{Digesting, Running},
};

/// The bytes after the checksum, which distinguish a file that was cut off from one of another kind.
const MARK: [u8; 8] = *b"fedfleet";

/// Length of what comes after the content [bytes].
const SEAL: u64 = size_of::<u128>() as u64 + MARK.len() as u64;

/// Writes what `content` writes, and a checksum of it.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(out: &mut dyn Write, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut digesting = Digesting::after(Running::default(), &mut *out);
    content(&mut digesting)?;
    let digest = digesting.digest();
    out.write_all(&digest.hash.to_le_bytes())?;
    out.write_all(&MARK)
}

/// The content of the file at `path`, once its checksum has been found right; `None` without such a file.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for a file that is damaged or cut off; else when it cannot be read.
pub(super) fn open(path: &Path) -> io::Result<Option<impl Read>> {
    let mut file = match bounded::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is damaged or cut off", path.display()));
    let length = file.metadata()?.len().checked_sub(SEAL).ok_or_else(damaged)?;
    let found = Running::over(&mut (&mut file).take(length))?.digest();
    let (mut hash, mut mark) = ([0; 16], [0; 8]);
    file.read_exact(&mut hash)?;
    file.read_exact(&mut mark)?;
    if mark != MARK || u128::from_le_bytes(hash) != found.hash {
        return Err(damaged());
    }
    let _ = file.seek(SeekFrom::Start(0))?;
    Ok(Some(BufReader::new(file).take(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed");
        let mut bytes = Vec::new();
        write(&mut bytes, |out| out.write_all(b"some content")).unwrap();
        let content = |bytes: &[u8]| -> io::Result<Vec<u8>> {
            std::fs::write(&path, bytes).unwrap();
            let mut content = Vec::new();
            let _ = open(&path)?.unwrap().read_to_end(&mut content)?;
            Ok(content)
        };
        assert_eq!(content(&bytes).unwrap(), b"some content");
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(content(&flipped).unwrap_err().kind(), io::ErrorKind::InvalidData, "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert_eq!(content(&bytes[..cut]).unwrap_err().kind(), io::ErrorKind::InvalidData, "cut at {cut}");
        }
        assert!(open(&folder.path().join("none")).unwrap().is_none());
    }
}
