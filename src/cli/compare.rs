//! `fedfleet compare`: tables of what it takes to reach a target.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::ValueEnum;
use fedfleet::record::{compare::Table, curves::Curves, target::Target};

use super::{Outcome, Usage};

const EXAMPLES: &str = "\
Examples:
  fedfleet compare results/quickstart                                 final metrics
  fedfleet compare results/quickstart --target loss=0.4
  fedfleet compare results/quickstart --target accuracy=0.85 --format latex > table.tex";

/// Compare methods: seconds, rounds, bits and gradients to a target, or final metrics
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Results folder
    #[arg(value_name = "RESULTS")]
    results: PathBuf,

    /// Metric and value to reach
    #[arg(long, value_name = "METRIC=VALUE")]
    target: Option<String>,

    /// Form of the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Latex,
    Csv,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let curves = Curves::read(&self.results.join("curves.csv"))?;
        let table = match &self.target {
            Some(text) => Table::to_target(&curves, &target(text)?)?,
            None => Table::at_end(&curves),
        };
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => writeln!(out, "{}", table.text())?,
            Format::Markdown => writeln!(out, "{}", table.markdown())?,
            Format::Latex => writeln!(out, "{}", table.latex())?,
            Format::Csv => table.csv(&mut out)?,
        }
        Ok(Outcome::Done)
    }
}

fn target(text: &str) -> Result<Target, Usage> {
    let parsed = text.split_once('=').and_then(|(metric, value)| value.trim().parse().ok().map(|value| (metric.trim(), value)));
    let (metric, value) = parsed
        .ok_or_else(|| Usage(format!("`--target {text}` is malformed: expected a metric and a number, such as gap=1e-6")))?;
    Ok(Target { metric: metric.to_owned(), value })
}
