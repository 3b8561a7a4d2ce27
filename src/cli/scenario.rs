//! The scenario of a command line: the file, and what the options change in it.

use std::path::PathBuf;

use clap::Args;

use crate::{
    registry::Registry,
    scenario::{Override, Rejected, Scenario},
};

/// A scenario with changes.
#[derive(Debug, Args)]
pub struct ScenarioArgs {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    pub path: PathBuf,

    /// Change a key, as often as needed: a value as in TOML, or a bare word; list elements by index or label
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub changes: Vec<String>,

    /// Run the seeds 0 to N-1 instead of those of the file
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
}

impl ScenarioArgs {
    /// Reads and checks the scenario.
    pub fn load(&self, registry: &Registry) -> Result<Scenario, Rejected> {
        let mut changes: Vec<Override> = self.changes.iter().map(Override::set).collect();
        if let Some(seeds) = self.seeds {
            changes.push(Override { option: "--seeds".to_owned(), text: format!("seeds={seeds}") });
        }
        Scenario::load(&self.path, &changes, registry)
    }
}
