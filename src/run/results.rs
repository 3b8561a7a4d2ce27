//! The results folder: where everything of a scenario's runs lies.
//!
//! Besides the files for its reader, the folder has a private one, `.fedfleet`: the lock, the manifest of what is under way, and the
//! files of every run by the [name](super::id::file_name) of the run. They stay when all is done, so that further methods and seeds
//! need no run again; without them, runs that are missed are run again.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, IntoInnerError, Read, Write},
    path::{Path, PathBuf},
    process,
};

use super::error::RunError;
use crate::{file::bounded, record::OWN};

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

    /// The manifest of the tables.
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

    /// The lock, which names the process that has the folder.
    pub(super) fn lock(&self) -> PathBuf {
        self.own().join("lock")
    }

    /// Marks tables that hold interrupted runs.
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

/// The start of the names of temporary files.
const TEMPORARY: &str = ".tmp";

/// Temporary files that are for the eyes of others too, as other new files are.
fn readable() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    let _ = builder.prefix(TEMPORARY);
    #[cfg(unix)]
    let _ = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Writes the names in `folder` to disk, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The right to write into a results folder, until it is dropped or the process ends, however it does.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder, which is made where there is none. `holder` says, to whoever else wants it, what runs here.
    ///
    /// # Errors
    /// [`RunError::InUse`] where another process has it, [`RunError::Folder`] where the folder cannot be made or written to.
    pub(super) fn take(results: &Results, holder: &str) -> Result<Self, RunError> {
        let unwritable = |source| RunError::Folder { path: results.folder().to_owned(), source };
        fs::create_dir_all(results.own()).map_err(unwritable)?;
        let path = results.lock();
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
        let mut file = open.map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RunError::InUse { path: results.folder().to_owned(), holder: said(&mut file) });
            }
            // A file system without locks: whoever uses one takes care of it.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        let said = format!("process {}, which runs {holder}", process::id());
        file.set_len(0).and_then(|()| file.write_all(said.as_bytes())).map_err(unwritable)?;
        Ok(Self { _file: file })
    }
}

/// The process that writes into the results folder, if any does.
pub fn holder(results: &Results) -> Option<String> {
    let mut file = bounded::open(&results.lock()).ok()?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| said(&mut file))
}

/// The description in the lock; it may not be there yet, and some systems do not let others read a file that is locked.
fn said(file: &mut File) -> String {
    let mut holder = String::new();
    let has_said = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
    if has_said { holder } else { "another process".to_owned() }
}
