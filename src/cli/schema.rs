//! `fedfleet schema`: the JSON Schema of scenario files.

use std::io::{self, Write};

use super::Outcome;
use crate::registry::Registry;

const EXAMPLES: &str = "\
Example:
  fedfleet schema > fedfleet.json

An editor with a TOML language server (Taplo, Even Better TOML) completes and checks a scenario
whose first line is
  #:schema ./fedfleet.json";

/// Print the JSON Schema of scenario files
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

impl Args {
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        io::stdout().lock().write_all(crate::scenario::schema(registry).as_bytes())?;
        Ok(Outcome::Done)
    }
}
