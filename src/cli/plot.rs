//! `fedfleet plot`: draw recorded curves again.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use crate::{
    figure::{FigureError, FigureSpec, draw_all},
    invalid::printable,
    registry::Registry,
    scenario::{Diagnostic, Rejected, Scenario, Sources, decode::decode},
};

use super::{Outcome, unplaced, whole};

const EXAMPLES: &str = "\
Examples:
  fedfleet plot results/quickstart
  fedfleet plot results/quickstart --scenario edited.toml";

/// Draw the figures of recorded curves again: SVG, PDF and PNG
///
/// Nothing is run: all comes from curves.csv. The figures are those of the scenario that was run, or of --scenario.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder of results
    #[arg(value_name = "RESULTS")]
    results: PathBuf,

    /// Draw the `[[figure]]` sections of this scenario instead
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
}

impl Args {
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        let manifest = self.results.join("manifest.toml");
        let path = self.scenario.or_else(|| manifest.exists().then_some(manifest));
        let scenario = path.map(|path| Scenario::load(&path, &[], registry)).transpose()?;
        let specs: Vec<FigureSpec> = match scenario.as_ref().and_then(|scenario| scenario.cells[0].tree.get("figure")) {
            Some(node) => decode(node, "figure", registry).map_err(|faults| reject(scenario.as_ref(), faults))?,
            None => Vec::new(),
        };
        let ours = whole(&self.results)?;
        let drawn = draw_all(&self.results, &specs, &|name| ours.is_foreign(name)).map_err(|error| match (error, &scenario) {
            (FigureError::Invalid(invalid), Some(scenario)) if invalid.file.is_none() => {
                scenario.reject(vec![scenario.cells[0].fault(invalid)]).into()
            }
            (FigureError::Invalid(invalid), _) => anyhow::Error::from(unplaced(invalid)),
            (other, _) => other.into(),
        })?;
        let mut out = io::stdout().lock();
        if drawn.is_empty() {
            writeln!(
                out,
                "nothing to draw: no `[[figure]]` is asked for, and neither a gap, a loss nor an accuracy is recorded"
            )?;
        }
        drawn.iter().try_for_each(|path| writeln!(out, "{}", printable(&path.display().to_string())))?;
        Ok(Outcome::Done)
    }
}

fn reject(scenario: Option<&Scenario>, faults: Vec<Diagnostic>) -> Rejected {
    match scenario {
        Some(scenario) => scenario.reject(faults),
        None => Rejected::new(Sources::default(), faults),
    }
}
