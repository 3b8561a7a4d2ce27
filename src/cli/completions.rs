//! `fedfleet completions`: what a shell needs to complete verbs and options.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::{Cli, Outcome};

const EXAMPLES: &str = "\
Examples:
  fedfleet completions bash > ~/.local/share/bash-completion/completions/fedfleet
  fedfleet completions zsh > ~/.zfunc/_fedfleet
  fedfleet completions fish > ~/.config/fish/completions/fedfleet.fish";

/// Print a script by which a shell completes verbs and options
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        // `generate` panics where it cannot write, as into a pipe that is closed.
        let mut script = Vec::new();
        let mut command = Cli::command();
        let name = command.get_name().to_owned();
        generate(self.shell, &mut command, name, &mut script);
        io::stdout().lock().write_all(&script)?;
        Ok(Outcome::Done)
    }
}
