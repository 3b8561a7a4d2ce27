//! The file of one run: its rows of `curves.csv`, flushed as they come.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Seek, SeekFrom},
    path::Path,
};

use super::{axis::Axis, column::Column, progress::Progress};

/// The folder among results where runs keep what is theirs until all are done.
pub const UNFINISHED: &str = "unfinished";

/// The rows of one run, with a header of its own.
pub struct Part {
    csv: csv::Writer<BufWriter<File>>,
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
        let mut part = Self { csv: csv::Writer::from_writer(BufWriter::new(File::create(path)?)), prefix };
        part.csv.write_record(header)?;
        part.csv.flush()?;
        Ok(part)
    }

    /// A file to go on with after its first `written` bytes; what comes after them is cut off.
    ///
    /// # Errors
    /// When it cannot be written, or is shorter.
    pub fn resume(path: &Path, written: u64, prefix: Vec<String>) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.len() < written {
            return Err(io::Error::other(format!("`{}` is shorter than its checkpoint says", path.display())));
        }
        file.set_len(written)?;
        let _ = file.seek(SeekFrom::End(0))?;
        Ok(Self { csv: csv::Writer::from_writer(BufWriter::new(file)), prefix })
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
        let row = self.prefix.iter().cloned().chain(counts).chain(bits).chain(values);
        self.csv.write_record(row)?;
        self.csv.flush()
    }

    /// Writes everything out and returns the length of the file [bytes].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<u64> {
        self.csv.flush()?;
        self.csv.get_ref().get_ref().metadata().map(|metadata| metadata.len())
    }
}

/// The shortest decimal that reads back as the same number.
pub(super) fn shortest(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
