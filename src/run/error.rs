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
    /// The world of a run cannot be built, its method is not for it, or the scenario does not go together with the results there are.
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
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process writes into the folder.
    #[error("`{}` is in use by {holder}: wait until it ends, or choose another folder by --out", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// The folder holds results of something else.
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
    #[error("`{}` holds results of other data: {what}; bring the file back, choose another folder by --out, or replace the results by --overwrite", path.display())]
    Changed {
        /// The folder.
        path: PathBuf,
        /// What has changed.
        what: String,
    },
    /// Runs that were interrupted end elsewhere.
    #[error(
        "`{}` holds interrupted runs with another `stop`: end them first, by --resume with their `stop`; choose another folder by \
         --out; or throw them away by --overwrite",
        .0.display()
    )]
    UnderWay(PathBuf),
    /// A file is in the way that this program did not write.
    #[error("`{}` is in the way, and fedfleet did not write it: move it away, or choose another folder by --out", .0.display())]
    Foreign(PathBuf),
    /// The manifest of the folder is damaged, or of another version.
    #[error(
        "`{}` cannot be read, so that nobody knows what the results beside it are of: {why}\nchoose another folder by --out, or \
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
    /// What was saved of a run cannot be believed.
    #[error("{0}")]
    Damaged(io::Error),
    /// The call was interrupted; what there is of its runs is in `curves.csv`.
    #[error("interrupted: the runs can be taken up with --resume")]
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
