//! Files read whole, within bounds: never from a device or a pipe, which may have no end.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use super::compression::{self, GZIP};

/// Opens a regular file.
///
/// # Errors
/// The system's error, or one that says what stands at `path` instead of a file.
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
        let name = if bytes.starts_with(&GZIP) { Some("gzip") } else { compression::other(bytes).map(|(name, _)| name) };
        let found = name.map_or_else(
            || "it is not text in UTF-8".to_owned(),
            |name| format!("it is compressed by {name}: expected plain text"),
        );
        io::Error::new(io::ErrorKind::InvalidData, found)
    })
}

#[cfg(test)]
mod tests {
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
}
