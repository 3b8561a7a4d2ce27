//! `fedfleet plot`: draw the figures of recorded results again.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use fedfleet::{figure, scenario::Scenario};

use super::Outcome;

const EXAMPLES: &str = "\
Examples:
  fedfleet plot results/quickstart                 the figures of its manifest
  fedfleet plot results/quickstart --plain         loss or gap against rounds, seconds and bits";

/// Draw the figures of a results folder again, from curves.csv alone
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Results folder
    #[arg(value_name = "RESULTS")]
    results: PathBuf,

    /// Draw the default figures, whatever the manifest says
    #[arg(long)]
    plain: bool,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let manifest = self.results.join("manifest.toml");
        let specs = if self.plain || !manifest.is_file() { Vec::new() } else { Scenario::load(&manifest, &[])?.figures()? };
        let mut out = io::stdout().lock();
        for path in figure::draw_all(&self.results, &specs)? {
            writeln!(out, "{}", path.display())?;
        }
        Ok(Outcome::Done)
    }
}
