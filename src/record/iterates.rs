//! The iterates of one run, on disk while it goes on.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::log::Log;
use crate::{
    file::{bounded, digest::Digest},
    memory,
    num::Real,
};

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

    /// A file to go on with after what `known` is the digest of; what comes after that is cut off.
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

    /// Brings all iterates to the disk, and returns the digest of the file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn sync(&self) -> io::Result<Digest> {
        self.log.sync()
    }

    /// All iterates of `dim` coordinates.
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
