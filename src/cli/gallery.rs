//! `fedfleet gallery`: a page about a folder of results.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use crate::record::gallery;
use anyhow::{Context, bail};

use super::{Outcome, unplaced};

const EXAMPLES: &str = "\
Example:
  fedfleet gallery results           writes results/README.md";

/// Write a page about all results below a folder: claims, what was measured, figures
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder that holds folders of results; the page is its README.md
    #[arg(value_name = "RESULTS_DIR")]
    folder: PathBuf,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let exhibits = gallery::exhibits(&self.folder).map_err(unplaced)?;
        let path = self.folder.join("README.md");
        if fs::read(&path).is_ok_and(|page| !gallery::is_page(&page)) {
            bail!("`{}` is in the way, and fedfleet did not write it: move it away", path.display());
        }
        fs::write(&path, gallery::page(&exhibits)).with_context(|| format!("cannot write `{}`", path.display()))?;
        writeln!(io::stdout(), "{}", path.display())?;
        Ok(Outcome::Done)
    }
}
