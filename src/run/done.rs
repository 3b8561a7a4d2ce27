//! Runs by their places in a plan, the names of their files, and how they ended.

use std::{
    io::{self, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{results::Results, sealed};
use crate::{file::digest::Digest, record::End};

/// Most characters of a label in the name of a file.
const LABEL: usize = 40;

/// The extensions of the files that are kept of a run.
const EXTENSIONS: [&str; 12] = [
    "csv",
    "done",
    "held",
    "checkpoint",
    "kept",
    "iterates",
    "participants",
    "clients",
    "reliability",
    "staleness",
    "predicted",
    "states",
];

/// One run of a plan, by its places in the plan's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    /// The cell.
    pub cell: usize,
    /// The seed.
    pub seed: usize,
    /// The method.
    pub method: usize,
    /// The arm of the method.
    pub arm: usize,
}

/// The name of the files of a run: whose they are, for the eye, and the identity.
pub(super) fn file_name(label: &str, arm: u128, seed: u64) -> String {
    let label: String = label.chars().take(LABEL).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let identity = Digest::of(&[&arm.to_le_bytes()[..], &seed.to_le_bytes()].concat()).hash;
    format!("{label}-seed{seed}-{:016x}", identity >> 64)
}

/// Whether a file of this name is one that was kept of a run.
pub(super) fn is_of_run(name: &str) -> bool {
    let known = |extension| EXTENSIONS.contains(&extension);
    let identity = |text: &str| text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let Some((whose, hash)) = stem.rsplit_once('-') else { return false };
    let seed = whose.rsplit_once("-seed").map(|(_, seed)| seed.parse::<u64>());
    known(extension) && identity(hash) && matches!(seed, Some(Ok(_)))
}

/// The outcome of a run, and its files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// Outcome.
    pub end: End,
    /// Its files, from the results folder on with `/` between the parts, with what they hold.
    pub files: Vec<(String, Digest)>,
}

impl Done {
    /// Writes that the run of this name has ended. Its files are on the disk by then.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, results: &Results, name: &str) -> io::Result<()> {
        let bytes = postcard::to_stdvec(self).map_err(io::Error::other)?;
        results.write_whole(&results.of_run(name, "done"), |out| sealed::write(out, |out| out.write_all(&bytes)))
    }

    /// The outcome of the run of this name; `None` where it has not ended.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where one of its files is damaged or missing; else when one cannot be read.
    pub(super) fn read(results: &Results, name: &str) -> io::Result<Option<End>> {
        let path = results.of_run(name, "done");
        let Some(mut content) = sealed::open(&path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let _ = content.read_to_end(&mut bytes)?;
        let done: Self = postcard::from_bytes(&bytes).map_err(|_| damaged(&path))?;
        for (file, known) in &done.files {
            let path = results.file(file);
            match Digest::of_file(&path) {
                Ok(found) if found == *known => {}
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => return Err(damaged(&path)),
            }
        }
        Ok(Some(done.end))
    }
}

fn damaged(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is damaged or missing", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_runs_are_told_from_others() {
        for label in ["fedavg", "", "Größe, a label with much to say about itself and more"] {
            assert!(is_of_run(&format!("{}.csv", file_name(label, 7, u64::MAX))), "{label}");
        }
        for other in
            ["mine.csv", "fedavg-seed0-0123456789abcdef.txt", "fedavg-seed0-0123456789ABCDEF.csv", "seed0-0123456789abcdef.csv"]
        {
            assert!(!is_of_run(other), "{other}");
        }
    }
}
