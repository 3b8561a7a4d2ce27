//! A file of one run that only grows, and is known again after a crash.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
};

use crate::file::{
    bounded,
    digest::{Digest, Digesting, Running},
};

/// A file that is written from its start to its end, with the digest of what it holds.
#[derive(Debug)]
pub struct Log(Digesting<BufWriter<File>>);

impl Log {
    /// A new file; one that is there is cut to nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        bounded::refuse_pipe(path)?;
        Ok(Self(Digesting::after(Running::default(), BufWriter::new(File::create(path)?))))
    }

    /// A file to go on with after what `known` is the digest of; what comes after that is cut off.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where the file does not begin so; else when it cannot be read or written.
    pub fn resume(path: &Path, known: Digest) -> io::Result<Self> {
        bounded::refuse_pipe(path)?;
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let written = Running::over(&mut (&mut file).take(known.bytes))?;
        if written.digest() != known {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is damaged or cut off", path.display())));
        }
        file.set_len(known.bytes)?;
        let _ = file.seek(SeekFrom::Start(known.bytes))?;
        Ok(Self(Digesting::after(written, BufWriter::new(file))))
    }

    /// Brings all that was flushed to the disk, and returns its digest.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sync(&self) -> io::Result<Digest> {
        self.0.get_ref().get_ref().sync_data()?;
        Ok(self.0.digest())
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_after_a_cut_and_refuses_another_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::create(&path).unwrap();
        log.write_all(b"one\n").unwrap();
        log.flush().unwrap();
        let known = log.sync().unwrap();
        assert_eq!(known, Digest::of(b"one\n"));
        log.write_all(b"two\n").unwrap();
        drop(log);
        let mut log = Log::resume(&path, known).unwrap();
        log.write_all(b"2\n").unwrap();
        drop(log);
        assert_eq!(std::fs::read(&path).unwrap(), b"one\n2\n");
        for damaged in [&b"onE\n2\n"[..], b"one", b""] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(Log::resume(&path, known).unwrap_err().kind(), io::ErrorKind::InvalidData);
            assert_eq!(std::fs::read(&path).unwrap(), damaged, "a damaged file stays as it is");
        }
    }
}
