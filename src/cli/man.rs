//! `fedfleet man`: the manual pages.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::{Cli, Outcome, Usage};

const EXAMPLES: &str = "\
Examples:
  fedfleet man | man -l -            read the page of the program
  fedfleet man run | man -l -        read the page of a verb
  fedfleet man --out ~/.local/share/man/man1";

/// Print the manual page of the program or of a verb, or write all pages into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The verb to read about; the program as a whole if not given
    #[arg(value_name = "VERB")]
    verb: Option<String>,

    /// Write every page, `fedfleet.1` and one for each verb, into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "verb")]
    out: Option<PathBuf>,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let program = program();
        match (&self.verb, &self.out) {
            (_, Some(folder)) => write_all(&program, folder)?,
            (None, None) => io::stdout().lock().write_all(&page(&program)?)?,
            (Some(verb), None) => {
                let verb = program.find_subcommand(verb).ok_or_else(|| unknown(&program, verb))?;
                io::stdout().lock().write_all(&page(verb)?)?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// The program with every verb named as its page is, `fedfleet-run`.
fn program() -> Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    program
}

fn unknown(program: &Command, name: &str) -> Usage {
    let verbs: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    Usage(format!("there is no verb `{name}`: expected one of {}", verbs.join(", ")))
}

/// Pages have no date: the same program writes the same bytes.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}

fn write_all(program: &Command, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    for command in [program].into_iter().chain(program.get_subcommands()) {
        let path = Man::new(command.clone()).generate_to(folder);
        let path = path.with_context(|| format!("cannot write the manual pages into `{}`", folder.display()))?;
        writeln!(io::stdout().lock(), "{}", path.display())?;
    }
    Ok(())
}
