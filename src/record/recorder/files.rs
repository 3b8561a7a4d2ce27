//! The files of one run, which grow while it goes on and are recognised after a crash.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::progress::Progress;
use crate::{
    file::{
        bounded,
        digest::{Digest, Digesting, Running},
    },
    memory,
    num::Real,
    protocol::Participant,
    record::{
        axis::{Axis, shortest},
        metric::Column,
    },
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

    /// An existing file that begins with the bytes of the digest `known`; anything after them is cut off.
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

    /// Writes all flushed bytes to disk, and returns their digest.
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

/// The folder among results that is the program's own.
pub const OWN: &str = ".fedfleet";

/// The rows of one run, with their own header.
pub struct Part {
    csv: csv::Writer<Log>,
    /// The start of every row: the cell's values, the method, the seed.
    prefix: Vec<String>,
}

/// The header of `curves.csv`.
pub fn header(keys: &[String], columns: &[Column]) -> Vec<String> {
    let mut header = keys.to_vec();
    header.extend(["method".to_owned(), "seed".to_owned()]);
    header.extend(Axis::ALL.iter().map(|axis| axis.column().to_owned()));
    header.extend(columns.iter().map(|column| column.header()));
    header
}

impl Part {
    /// A new file with its header.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, header: &[String], prefix: Vec<String>) -> io::Result<Self> {
        let mut part = Self { csv: csv::Writer::from_writer(Log::create(path)?), prefix };
        part.csv.write_record(header)?;
        part.csv.flush()?;
        Ok(part)
    }

    /// An existing file that begins with the bytes of the digest `known`; anything after them is cut off.
    ///
    /// # Errors
    /// See [`Log::resume`].
    pub fn resume(path: &Path, known: Digest, prefix: Vec<String>) -> io::Result<Self> {
        Ok(Self { csv: csv::Writer::from_writer(Log::resume(path, known)?), prefix })
    }

    /// Appends a row that ends in `values`, without flushing it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::record) fn append(&mut self, values: impl IntoIterator<Item = String>) -> io::Result<()> {
        self.csv.write_record(self.prefix.iter().cloned().chain(values))?;
        Ok(())
    }

    /// Writes what was appended to the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::record) fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()
    }

    /// Appends a row and flushes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, progress: &Progress, values: &[Option<f64>]) -> io::Result<()> {
        let Progress { round, seconds, updates, gradients, uplink_bits, downlink_bits } = *progress;
        let counts = [round.to_string(), shortest(seconds), updates.to_string(), gradients.to_string()];
        let bits = [uplink_bits.to_string(), downlink_bits.to_string()];
        let values = values.iter().map(|value| value.map_or_else(String::new, shortest));
        self.append(counts.into_iter().chain(bits).chain(values))?;
        self.csv.flush()
    }

    /// Writes all rows to disk, and returns the digest of the file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn sync(&mut self) -> io::Result<Digest> {
        self.csv.flush()?;
        self.csv.get_ref().sync()
    }
}

/// The header of `participants.csv`.
pub fn participants_header(keys: &[String]) -> Vec<String> {
    let columns = ["method", "seed", "round", "seconds", "client", "staleness"];
    keys.iter().cloned().chain(columns.map(str::to_owned)).collect()
}

impl Part {
    /// Appends the participants of the rounds after `known`, with the time `seconds` [s] of the steps; returns the last round that is
    /// known then.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn participants(&mut self, known: u64, seconds: f64, participants: &[Participant]) -> io::Result<u64> {
        for Participant { round, client, staleness } in participants.iter().filter(|one| one.round > known) {
            self.append([round.to_string(), shortest(seconds), client.to_string(), staleness.to_string()])?;
        }
        Ok(participants.last().map_or(known, |one| known.max(one.round)))
    }
}

/// Recorded iterates: one after another, each coordinate as a little-endian double, which holds both precisions exactly.
pub struct Iterates {
    path: PathBuf,
    log: Log,
}

/// Bytes of a coordinate.
const WIDTH: usize = size_of::<f64>();

impl Iterates {
    /// A new file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        Ok(Self { log: Log::create(&path)?, path })
    }

    /// An existing file that begins with the bytes of the digest `known`; anything after them is cut off.
    ///
    /// # Errors
    /// See [`Log::resume`].
    pub fn resume(path: PathBuf, known: Digest) -> io::Result<Self> {
        Ok(Self { log: Log::resume(&path, known)?, path })
    }

    /// Appends an iterate.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push<R: Real>(&mut self, x: &[R]) -> io::Result<()> {
        x.iter().try_for_each(|x| self.log.write_all(&x.f64().to_le_bytes()))?;
        self.log.flush()
    }

    /// Writes all iterates to disk, and returns the digest of the file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn sync(&self) -> io::Result<Digest> {
        self.log.sync()
    }

    /// The iterates, each of `dim` coordinates.
    ///
    /// # Errors
    /// When they cannot be read back.
    pub fn finish<R: Real>(self, dim: usize) -> io::Result<Vec<Vec<R>>> {
        drop(self.log);
        read(&self.path, dim)
    }
}

fn read<R: Real>(path: &Path, dim: usize) -> io::Result<Vec<Vec<R>>> {
    let bytes = bounded::read(path, memory::available())?;
    let value = |bytes: &[u8]| R::of(f64::from_le_bytes(bytes.try_into().expect("chunks have the width of a double")));
    Ok(bytes.chunks_exact(dim * WIDTH).map(|row| row.chunks_exact(WIDTH).map(value).collect()).collect())
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

    #[test]
    fn iterates_come_back_and_go_on_after_a_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut iterates = Iterates::create(path.clone()).unwrap();
        iterates.push(&[0.1_f32, 0.0]).unwrap();
        let known = iterates.sync().unwrap();
        iterates.push(&[0.1_f32, 1.0]).unwrap();
        drop(iterates);
        let mut iterates = Iterates::resume(path.clone(), known).unwrap();
        iterates.push(&[7.0_f32, 8.0]).unwrap();
        assert_eq!(iterates.finish::<f32>(2).unwrap(), [[0.1, 0.0], [7.0, 8.0]]);
        std::fs::write(&path, [0; 8]).unwrap();
        assert!(Iterates::resume(path, known).is_err());
    }
}
