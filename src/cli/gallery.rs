//! `fedfleet gallery`: a page about a folder of results.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{file::bounded, invalid::printable, memory, record::gallery};
use anyhow::{Context, bail};

use super::{Outcome, unplaced};

const EXAMPLES: &str = "\
Example:
  fedfleet gallery results           writes results/README.md, and the figure of all findings";

/// Write a page about all results below a folder: what was found of each paper, claims with their intervals, figures
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
        let forest = forest(&self.folder, &exhibits)?;
        fs::write(&path, gallery::page(&exhibits, !forest.is_empty())).with_context(|| format!("cannot write `{shown}`"))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{shown}")?;
        forest.iter().try_for_each(|path| writeln!(out, "{}", printable(&path.display().to_string())))?;
        Ok(Outcome::Done)
    }
}

/// Draws the figure of all findings beside the page.
#[cfg(feature = "figure")]
fn forest(folder: &Path, exhibits: &[gallery::Exhibit]) -> anyhow::Result<Vec<PathBuf>> {
    Ok(crate::figure::draw_forest(folder, exhibits)?)
}

/// A build without figures draws none.
#[cfg(not(feature = "figure"))]
fn forest(_: &Path, _: &[gallery::Exhibit]) -> anyhow::Result<Vec<PathBuf>> {
    Ok(Vec::new())
}
