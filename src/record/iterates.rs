//! The iterates of one run, on disk while it goes on.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{file::bounded, memory, num::Real};

/// Recorded iterates: one after another, each coordinate as a little-endian double, which holds both precisions exactly.
pub struct Iterates {
    path: PathBuf,
    file: BufWriter<File>,
}

/// Bytes of a coordinate.
const WIDTH: usize = size_of::<f64>();

impl Iterates {
    /// A file that holds the first `samples` iterates of `dim` coordinates; what comes after them is cut off.
    ///
    /// # Errors
    /// When it cannot be written, or holds fewer.
    pub fn open(path: PathBuf, samples: u64, dim: usize) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        let length = samples * (dim * WIDTH) as u64;
        if file.metadata()?.len() < length {
            return Err(io::Error::other(format!("`{}` is shorter than its checkpoint says", path.display())));
        }
        file.set_len(length)?;
        let _ = file.seek(SeekFrom::End(0))?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    /// Appends an iterate.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push<R: Real>(&mut self, x: &[R]) -> io::Result<()> {
        x.iter().try_for_each(|x| self.file.write_all(&x.f64().to_le_bytes()))?;
        self.file.flush()
    }

    /// All iterates of `dim` coordinates.
    ///
    /// # Errors
    /// When they cannot be read back.
    pub fn finish<R: Real>(self, dim: usize) -> io::Result<Vec<Vec<R>>> {
        drop(self.file);
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
    fn iterates_come_back_and_go_on_after_a_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut iterates = Iterates::open(path.clone(), 0, 2).unwrap();
        for k in 0..3 {
            iterates.push(&[0.1_f32, k as f32]).unwrap();
        }
        drop(iterates);
        let mut iterates = Iterates::open(path.clone(), 1, 2).unwrap();
        iterates.push(&[7.0_f32, 8.0]).unwrap();
        assert_eq!(iterates.finish::<f32>(2).unwrap(), [[0.1, 0.0], [7.0, 8.0]]);
        assert!(Iterates::open(path, 3, 2).is_err());
    }
}
