//! `fedfleet gallery`: a page about a folder of results.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use crate::{file::bounded, invalid::printable, memory, record::gallery};
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
        let shown = printable(&path.display().to_string()).into_owned();
        let is_ours = match bounded::read(&path, memory::available()) {
            Ok(page) => gallery::is_page(&page),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !is_ours {
            bail!("`{shown}` is in the way, and fedfleet did not write it: move it away");
        }
        fs::write(&path, gallery::page(&exhibits, false)).with_context(|| format!("cannot write `{shown}`"))?;
        writeln!(io::stdout(), "{shown}")?;
        Ok(Outcome::Done)
    }
}
