//! The results folder: where everything of a scenario's runs lies.
//!
//! Beside what is for its reader, the folder has one of its own, `.fedfleet`: the lock, the manifest of what is under way, and the
//! files of every run by the [name](super::id::file_name) of the run. They stay when all is done, so that further methods and seeds
//! need no run again; without them, runs that are missed are run again.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IntoInnerError, Write},
    path::{Path, PathBuf},
};

use crate::record::OWN;

/// A results folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    folder: PathBuf,
}

impl Results {
    /// The results folder at this place.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What the tables say they hold.
    pub(super) fn manifest(&self) -> PathBuf {
        self.file("manifest.toml")
    }

    /// The folder that is the program's own.
    pub(super) fn own(&self) -> PathBuf {
        self.folder.join(OWN)
    }

    /// The manifest of what is under way, until it is done.
    pub(super) fn pending(&self) -> PathBuf {
        self.own().join("pending.toml")
    }

    /// Who has the folder, and says there that it does.
    pub(super) fn lock(&self) -> PathBuf {
        self.own().join("lock")
    }

    /// Is there while the tables hold what there was of runs that were left.
    pub(super) fn partial(&self) -> PathBuf {
        self.own().join("partial")
    }

    /// Names of the files that were written for the reader.
    pub(super) fn index(&self) -> PathBuf {
        self.own().join("files")
    }

    /// The files of all runs.
    pub(super) fn runs(&self) -> PathBuf {
        self.own().join("runs")
    }

    /// A file of the run of this name.
    pub(super) fn of_run(&self, name: &str, extension: &str) -> PathBuf {
        self.runs().join(format!("{name}.{extension}"))
    }

    /// Writes a file of the folder so that it is there as a whole or not at all, whatever happens to the machine.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_whole(&self, path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.folder);
        // First, so that a folder that was deleted meanwhile is not made anew, without the rest of what it held.
        let mut out = BufWriter::new(readable().tempfile_in(self.own())?);
        fs::create_dir_all(folder)?;
        content(&mut out)?;
        let file = out.into_inner().map_err(IntoInnerError::into_error)?;
        file.as_file().sync_data()?;
        let _ = file.persist(path).map_err(|error| error.error)?;
        sync_folder(folder)
    }

    /// Removes what an earlier call that was cut off left of files that it was writing.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.own())? {
            let path = entry?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(TEMPORARY)) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// How the names of temporary files begin.
const TEMPORARY: &str = ".tmp";

/// Temporary files that are for the eyes of others too, as other new files are.
fn readable() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    let _ = builder.prefix(TEMPORARY);
    #[cfg(unix)]
    let _ = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Brings the names in `folder` to the disk, where the system has a way to.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
