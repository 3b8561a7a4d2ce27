//! Runs that have ended: how they came out, and the files that hold them.

use std::{
    io::{self, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{results::Results, sealed};
use crate::{file::digest::Digest, record::End};

/// How a run came out, and every file of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// How it came out.
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

    /// How the run of this name came out; `None` where it has not ended.
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
