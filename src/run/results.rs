//! The results folder: where everything of a scenario's runs lies.

use std::{
    fs,
    io::{self, BufWriter, IntoInnerError, Write},
    path::{Path, PathBuf},
};

use super::plan::{Plan, RunId};
use crate::{invalid::floor, record::part::UNFINISHED};

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

    /// Where runs keep what is theirs until all are done.
    pub fn unfinished(&self) -> PathBuf {
        self.folder.join(UNFINISHED)
    }

    /// The rows of a run.
    pub fn part(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.of_run(plan, run, "csv")
    }

    /// The counts of a run's updates by their staleness.
    pub fn staleness(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.of_run(plan, run, "staleness")
    }

    /// The metrics of a run where it is predicted to settle.
    pub fn predicted(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.of_run(plan, run, "predicted")
    }

    /// The checkpoint of a run.
    pub fn checkpoint(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.of_run(plan, run, "checkpoint")
    }

    /// How a run came out, once it has.
    pub fn outcome(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.of_run(plan, run, "done")
    }

    /// The iterates of a run that goes on.
    pub fn unfinished_iterates(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.of_run(plan, run, "iterates")
    }

    fn of_run(&self, plan: &Plan, run: RunId, extension: &str) -> PathBuf {
        self.unfinished().join(format!("{}.{extension}", stem(plan, run)))
    }

    /// The final model of a run.
    pub fn model(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.folder.join("models").join(format!("{}.npy", stem(plan, run)))
    }

    /// The recorded iterates of a run.
    pub fn iterates(&self, plan: &Plan, run: RunId) -> PathBuf {
        self.folder.join("iterates").join(format!("{}.npy", stem(plan, run)))
    }

    /// Writes a file of the folder so that it is there as a whole or not at all. What a crash leaves of it lies among what is
    /// unfinished, and goes with that.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_whole(&self, path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut out = BufWriter::new(readable().tempfile_in(self.unfinished())?);
        content(&mut out)?;
        let file = out.into_inner().map_err(IntoInnerError::into_error)?;
        file.as_file().sync_data()?;
        let _ = file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Temporary files that are for the eyes of others too, as other new files are.
fn readable() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let _ = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Longest part of a method's label in the names of files [bytes]: file systems take 255 for a whole name.
const LABEL: usize = 100;

/// The name of a run's files: cell, seed, method and arm. The label is there for readers, and may be cut short.
fn stem(plan: &Plan, run: RunId) -> String {
    let label: String = plan.arm(run).label.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let label = &label[..floor(&label, LABEL)];
    let RunId { cell, method, arm, .. } = run;
    format!("cell{cell:03}-method{method:02}-{label}-arm{arm:03}-seed{}", plan.seeds[run.seed])
}
