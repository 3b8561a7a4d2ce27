//! The results folder before the runs and after them.
//!
//! What is unfinished goes in one step, by a new name, so that a crash at any moment leaves all of it or none. A folder of
//! unfinished runs without a manifest is one in which nothing has begun.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Options, RunError};
use crate::run::{Plan, Results};

/// What a folder is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// Runs that begin, or go on.
    Runs,
    /// Nothing: all runs were done by an earlier call.
    Done,
}

/// Makes the folder ready: a new one, or one whose runs go on.
pub(super) fn prepare(plan: &Plan, results: &Results, options: &Options) -> Result<Ready, RunError> {
    remove(&discarded(results))?;
    let manifest = plan.manifest(results.folder());
    let path = results.file("manifest.toml");
    if !options.resume {
        return begin(results, &path, &manifest);
    }
    let unfinished = results.unfinished().is_dir();
    let known = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && unfinished => return begin(results, &path, &manifest),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RunError::NothingToResume(results.folder().to_owned()));
        }
        known => known.map_err(RunError::io(&path))?,
    };
    if known != manifest {
        return Err(RunError::Different(results.folder().to_owned()));
    }
    Ok(if unfinished { Ready::Runs } else { Ready::Done })
}

/// Begins anew. The manifest goes first and comes last, so that it never speaks of runs of another call.
fn begin(results: &Results, path: &Path, manifest: &str) -> Result<Ready, RunError> {
    let unfinished = results.unfinished();
    if unfinished.is_dir() {
        if path.is_file() {
            fs::remove_file(path).map_err(RunError::io(path))?;
        }
        discard_unfinished(results)?;
    }
    fs::create_dir_all(&unfinished).map_err(|source| RunError::Folder { path: results.folder().to_owned(), source })?;
    results.write_whole(path, |out| out.write_all(manifest.as_bytes())).map_err(RunError::io(path))?;
    Ok(Ready::Runs)
}

/// Removes what runs kept until all were done.
pub(super) fn discard_unfinished(results: &Results) -> Result<(), RunError> {
    let unfinished = results.unfinished();
    fs::rename(&unfinished, discarded(results)).map_err(RunError::io(&unfinished))?;
    remove(&discarded(results))
}

/// What is unfinished, on its way out.
fn discarded(results: &Results) -> PathBuf {
    results.file("discarded")
}

fn remove(folder: &Path) -> Result<(), RunError> {
    if folder.is_dir() { fs::remove_dir_all(folder).map_err(RunError::io(folder)) } else { Ok(()) }
}
