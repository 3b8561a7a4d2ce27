//! The file of one run: its rows of `curves.csv`, flushed as they come.

use std::{io, path::Path};

use super::{axis::Axis, log::Log, metric::Column, progress::Progress, units::shortest};
use crate::file::digest::Digest;

/// The folder among results that is the program's own.
pub const OWN: &str = ".fedfleet";

/// The rows of one run, with a header of its own.
pub struct Part {
    csv: csv::Writer<Log>,
    /// What every row starts with: the cell's values, the method, the seed.
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

    /// A file to go on with after what `known` is the digest of; what comes after that is cut off.
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
    pub(super) fn append(&mut self, values: impl IntoIterator<Item = String>) -> io::Result<()> {
        self.csv.write_record(self.prefix.iter().cloned().chain(values))?;
        Ok(())
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

    /// Brings all rows to the disk, and returns the digest of the file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn sync(&mut self) -> io::Result<Digest> {
        self.csv.flush()?;
        self.csv.get_ref().sync()
    }
}
