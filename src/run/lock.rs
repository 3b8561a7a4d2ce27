//! One process at a time writes into a results folder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    process,
};

use super::{error::RunError, results::Results};
use crate::file::bounded;

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
        std::fs::create_dir_all(results.own()).map_err(unwritable)?;
        let path = results.lock();
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
        let mut file = open.map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(RunError::InUse { path: results.folder().to_owned(), holder: read(&mut file) });
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

/// Who writes into the results folder, if anybody does.
pub fn holder(results: &Results) -> Option<String> {
    let mut file = bounded::open(&results.lock()).ok()?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| read(&mut file))
}

/// What the holder says; it may not have come to it yet, and some systems do not let others read a file that is locked.
fn read(file: &mut File) -> String {
    let mut holder = String::new();
    let said = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
    if said { holder } else { "another process".to_owned() }
}
