//! `fedfleet new`: a scenario to start from.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use crate::scenario::TEMPLATE;
use anyhow::Context;

use super::{Outcome, Usage};

/// Write a commented scenario to start from
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  fedfleet new first.toml && fedfleet check first.toml")]
pub struct Args {
    /// File to write; an existing file is never overwritten
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let path = self.path.display();
        let mut file = match File::create_new(&self.path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Usage(format!("`{path}` exists and is not overwritten: choose another name")).into());
            }
            outcome => outcome.with_context(|| format!("cannot write `{path}`"))?,
        };
        file.write_all(TEMPLATE.as_bytes()).with_context(|| format!("cannot write `{path}`"))?;
        writeln!(std::io::stdout(), "Wrote {path}. Next: fedfleet check {path}")?;
        Ok(Outcome::Done)
    }
}
