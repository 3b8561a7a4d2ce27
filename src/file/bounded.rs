//! Files read whole, within bounds, and unpacked if they are gzip: never from a device or a pipe, which may have no end.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use flate2::bufread::GzDecoder;

/// Opens a regular file.
///
/// # Errors
/// The system's error, or one that says what is at `path` instead of a file.
pub fn open(path: &Path) -> io::Result<fs::File> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return fs::File::open(path);
    }
    let found = if metadata.is_dir() { "a folder" } else { "a device or a pipe" };
    Err(io::Error::other(format!("it is {found}, not a file")))
}

/// Refuses a pipe, whose other end may never be opened.
///
/// # Errors
/// One that says so.
pub fn refuse_pipe(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if fs::metadata(path).is_ok_and(|found| std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())) {
        return Err(io::Error::other("it is a pipe, not a file"));
    }
    let _ = path;
    Ok(())
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open`], and one that says how much too large the file is.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most} bytes"));
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length as usize)?;
    // Files of the system may hold more than they say.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// As [`read`], of a text.
///
/// # Errors
/// As [`read`], and where the text is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let bytes = error.as_bytes();
        let name = if bytes.starts_with(&GZIP) { Some("gzip") } else { other(bytes).map(|(name, _)| name) };
        let found = name.map_or_else(
            || "it is not text in UTF-8".to_owned(),
            |name| format!("it is compressed by {name}: expected plain text"),
        );
        io::Error::new(io::ErrorKind::InvalidData, found)
    })
}

/// How gzip begins.
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Most bytes that a file may unpack to unless more is allowed.
pub const UNPACKED: u64 = 1 << 30;

/// How other compressed files and archives begin, what they are called, and what unpacks them whatever the name `FILE` ends in.
const OTHERS: [(&[u8], &str, &str); 7] = [
    (b"BZh", "bzip2", "bunzip2 < FILE > unpacked"),
    (b"\xfd7zXZ\0", "xz", "unxz < FILE > unpacked"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd < FILE > unpacked"),
    (b"\x04\x22\x4d\x18", "lz4", "unlz4 < FILE > unpacked"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x FILE"),
    (b"\x1f\x9d", "compress", "uncompress < FILE > unpacked"),
    (b"PK\x03\x04", "zip", "unzip FILE"),
];

/// Why a file could not be unpacked.
#[derive(Debug)]
pub enum Failure {
    /// It holds more than the bound.
    TooLarge,
    /// It is damaged.
    Damaged(io::Error),
}

/// Unpacks the parts of a gzip file, one or several, up to `most` bytes in all. What follows them is ignored, as by `gunzip`:
/// padding, as tapes have it.
///
/// # Errors
/// [`Failure`] where there is more, or the file is damaged.
pub fn gunzip(mut bytes: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    // The last four bytes of gzip are the unpacked size modulo 2^32: a hint for the allocation, never trusted far.
    let tail = bytes.last_chunk().map_or(0, |size| u64::from(u32::from_le_bytes(*size)));
    let mut unpacked = Vec::with_capacity(tail.min(64 * bytes.len() as u64).min(most) as usize);
    while bytes.starts_with(&GZIP) {
        let mut part = GzDecoder::new(bytes);
        let left = most + 1 - unpacked.len() as u64;
        part.by_ref().take(left).read_to_end(&mut unpacked).map_err(Failure::Damaged)?;
        if unpacked.len() as u64 > most {
            return Err(Failure::TooLarge);
        }
        bytes = part.into_inner();
    }
    Ok(unpacked)
}

/// The name of the compression that is not read here, and the command that unpacks it.
pub fn other(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    OTHERS.iter().find(|(start, ..)| bytes.starts_with(start)).map(|&(_, name, command)| (name, command))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_files_are_read_and_only_up_to_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(read(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(read(folder.path(), 4).unwrap_err().to_string().contains("a folder"));
        assert_eq!(read_text(&path, 9).unwrap(), "four");
        for (bytes, told) in [(&b"\x1f\x8b\x08\xff"[..], "compressed by gzip"), (b"BZh9\xff", "by bzip2"), (b"a\xff", "not text")]
        {
            fs::write(&path, bytes).unwrap();
            assert!(read_text(&path, 9).unwrap_err().to_string().contains(told), "{told}");
        }
        assert_eq!(read(&folder.path().join("b"), 9).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [Path::new("/dev/zero"), &pipe] {
            assert!(read(path, 9).unwrap_err().to_string().contains("a device or a pipe"), "{}", path.display());
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_follows_gzip_is_ignored() {
        let parts = [gzip(b"one\n"), gzip(b"two\n")].concat();
        for after in [&b""[..], &[0; 512], b"garbage"] {
            assert_eq!(gunzip(&[&parts, after].concat(), 8).unwrap(), b"one\ntwo\n");
        }
        assert!(matches!(gunzip(&parts[..parts.len() - 1], 8), Err(Failure::Damaged(_))));
    }

    #[test]
    fn unpacking_ends_at_the_bound() {
        // A thousandfold: 4 MiB of zeros in about 4 KiB, and again behind it.
        let bomb = gzip(&vec![0; 4 << 20]);
        assert_eq!(gunzip(&bomb, 4 << 20).unwrap().len(), 4 << 20);
        assert!(matches!(gunzip(&bomb, (4 << 20) - 1), Err(Failure::TooLarge)));
        assert!(matches!(gunzip(&[bomb.clone(), bomb].concat(), (8 << 20) - 1), Err(Failure::TooLarge)));
    }
}
