//! Optima on disk, by the content of their problem.

use std::{env, fs, io::Write, path::PathBuf};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use tempfile::NamedTempFile;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::{
    num::Real,
    problem::{
        Optimum,
        data::{ClientData, Features, Samples, Targets},
    },
};

/// Changes whenever stored optima can no longer be trusted.
const VERSION: &[u8] = b"fedfleet optimum 3";

/// The key of a problem: a digest of its description and of its training data.
#[derive(Default)]
pub struct Key(Xxh3);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:032x})", self.0.digest128())
    }
}

impl Key {
    /// The key of a problem without data.
    pub fn new(description: &str) -> Self {
        let mut hasher = Xxh3::new();
        hasher.update(VERSION);
        hasher.update(description.as_bytes());
        Self(hasher)
    }

    /// Adds the training samples and who holds them; held-out samples do not move the optimum.
    pub fn add<R: Real>(&mut self, data: &ClientData<R>) {
        let ends = (0..data.clients()).map(|client| data.rows(client)).flat_map(|rows| [rows.start as u64, rows.end as u64]);
        self.bytes(ends.map(u64::to_le_bytes));
        self.add_samples(&data.train);
    }

    fn add_samples<R: Real>(&mut self, samples: &Samples<R>) {
        let real = |value: &R| value.f64().to_le_bytes();
        match &samples.features {
            Features::Dense(matrix) => {
                self.0.update(&(matrix.ncols() as u64).to_le_bytes());
                self.bytes(matrix.iter().map(real));
            }
            Features::Sparse(matrix) => {
                self.0.update(&(matrix.columns as u64).to_le_bytes());
                self.bytes(matrix.starts.iter().map(|&start| (start as u64).to_le_bytes()));
                self.bytes(matrix.indices.iter().map(|index| index.to_le_bytes()));
                self.bytes(matrix.values.iter().map(real));
            }
        }
        match &samples.targets {
            Targets::Classes { labels, count } => {
                self.0.update(&(*count as u64).to_le_bytes());
                self.bytes(labels.iter().map(|label| label.to_le_bytes()));
            }
            Targets::Values(values) => self.bytes(values.iter().map(real)),
        }
    }

    /// Hashes through a buffer: the hasher is slow on single words.
    fn bytes<const N: usize>(&mut self, words: impl Iterator<Item = [u8; N]>) {
        let mut buffer = Vec::with_capacity(1 << 16);
        for word in words {
            buffer.extend_from_slice(&word);
            if buffer.len() + N > buffer.capacity() {
                self.0.update(&buffer);
                buffer.clear();
            }
        }
        self.0.update(&buffer);
    }

    /// Where the optimum of this key is kept: `$FEDFLEET_CACHE`, or the user's cache folder.
    fn path(&self) -> Option<PathBuf> {
        let of_user = || Some(choose_native_strategy().ok()?.cache_dir().join("fedfleet"));
        let folder = env::var_os("FEDFLEET_CACHE").map(PathBuf::from).or_else(of_user);
        folder.map(|folder| self.path_in(folder))
    }

    fn path_in(&self, folder: PathBuf) -> PathBuf {
        folder.join(format!("optimum-{:032x}.bin", self.0.digest128()))
    }

    /// The stored optimum with `dim` parameters; anything unreadable or damaged counts as absent.
    pub fn load(&self, dim: usize) -> Option<Optimum> {
        read(&self.path()?, dim)
    }

    /// Stores an optimum. A cache that cannot be written costs time and nothing else, so failures are ignored.
    pub fn store(&self, optimum: &Optimum) {
        if let Some(path) = self.path() {
            let _ = write(&path, optimum);
        }
    }
}

fn read(path: &std::path::Path, dim: usize) -> Option<Optimum> {
    let bytes = fs::read(path).ok()?;
    let (check, payload) = bytes.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*check) != xxh3_64(payload) {
        return None;
    }
    let optimum: Optimum = postcard::from_bytes(payload).ok()?;
    (optimum.x.len() == dim).then_some(optimum)
}

/// Writes beside the target and renames, so that a reader never meets half a file.
fn write(path: &std::path::Path, optimum: &Optimum) -> Option<()> {
    let folder = path.parent()?;
    fs::create_dir_all(folder).ok()?;
    let payload = postcard::to_stdvec(optimum).ok()?;
    let mut file = NamedTempFile::new_in(folder).ok()?;
    file.write_all(&xxh3_64(&payload).to_le_bytes()).ok()?;
    file.write_all(&payload).ok()?;
    file.persist(path).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optimum_comes_back_and_a_damaged_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = Key::new("a").path_in(folder.path().join("new"));
        let optimum = Optimum { x: vec![0.1, -2.0 / 3.0], value: 1e-300, gradient_norm: 3e-13 };
        write(&path, &optimum).unwrap();
        assert_eq!(read(&path, 2), Some(optimum));
        assert_eq!(read(&path, 3), None);

        let mut bytes = fs::read(&path).unwrap();
        bytes[12] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path, 2), None);
        fs::write(&path, b"x").unwrap();
        assert_eq!(read(&path, 2), None);
    }

    #[test]
    fn keys_tell_descriptions_and_data_apart() {
        let data = |target: f64, offsets: Vec<usize>| ClientData {
            train: Samples {
                features: Features::Dense(ndarray::array![[1.0, 2.0], [3.0, 4.0]]),
                targets: Targets::Values(vec![0.0, target]),
            },
            offsets: offsets.into(),
            test: None,
            validation: None,
            classes: Vec::new(),
        };
        let key = |text: &str, target: f64, offsets: Vec<usize>| {
            let mut key = Key::new(text);
            key.add(&data(target, offsets));
            key.0.digest128()
        };
        let base = key("a", 1.0, vec![0, 1, 2]);
        assert_eq!(base, key("a", 1.0, vec![0, 1, 2]));
        assert_ne!(base, key("b", 1.0, vec![0, 1, 2]));
        assert_ne!(base, key("a", 2.0, vec![0, 1, 2]));
        assert_ne!(base, key("a", 1.0, vec![0, 2, 2]));
    }
}
