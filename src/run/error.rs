//! Why a plan could not be run to its end.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{
    invalid::Invalid,
    scenario::{Difference, Rejected},
};

/// Why a plan could not be run to its end.
#[derive(Debug, Error)]
pub enum RunError {
    /// The world of a run cannot be built, its method does not suit the world, or the scenario does not fit the results in the folder.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A file of the results cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The results folder cannot be made or written to.
    #[error(
        "cannot {} the results folder `{}`: choose another by --out",
        if path.is_dir() { "write to" } else { "create" },
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another process writes into the folder.
    #[error("`{}` is in use by {holder}: wait until it ends, or choose another folder by --out", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process that has it.
        holder: String,
    },
    /// The folder holds results of another scenario.
    #[error(
        "`{}` holds other results:\n{}\nchoose another folder by --out, or replace them by --overwrite",
        path.display(),
        found.iter().map(|difference| format!("  {difference}")).collect::<Vec<_>>().join("\n")
    )]
    Different {
        /// The folder.
        path: PathBuf,
        /// The keys that differ.
        found: Vec<Difference>,
    },
    /// The folder holds results of other data.
    #[error("`{}` holds results of other data: {what}; restore the file, choose another folder by --out, or replace the results by --overwrite", path.display())]
    Changed {
        /// The folder.
        path: PathBuf,
        /// The change.
        what: String,
    },
    /// Interrupted runs have another `stop`.
    #[error(
        "`{}` holds interrupted runs with another `stop`: end them first with their `stop` and --resume, choose another folder \
         by --out, or discard them by --overwrite",
        .0.display()
    )]
    UnderWay(PathBuf),
    /// A file is in the way that this program did not write.
    #[error("`{}` is in the way, and fedfleet did not write it: move it away, or choose another folder by --out", .0.display())]
    Foreign(PathBuf),
    /// The manifest of the folder is damaged, or of another version.
    #[error(
        "`{}` cannot be read, so the scenario of the results beside it is unknown: {why}\nchoose another folder by --out, or \
         replace them by --overwrite",
        path.display()
    )]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// The first of its faults.
        why: String,
    },
    /// There is nothing to resume.
    #[error("`{}` holds no interrupted runs to resume", .0.display())]
    NothingToResume(PathBuf),
    /// Saved files of a run are damaged.
    #[error("{0}")]
    Damaged(io::Error),
    /// The call was interrupted; the rows so far are in `curves.csv`.
    #[error("interrupted: continue the runs with --resume")]
    Interrupted,
    /// A figure cannot be drawn.
    #[cfg(feature = "figure")]
    #[error(transparent)]
    Figure(#[from] crate::figure::FigureError),
    /// Threads cannot be started.
    #[error("cannot start threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl RunError {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
