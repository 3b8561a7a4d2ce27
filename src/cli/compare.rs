//! `fedfleet compare`: a table of what each method needed.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use super::{Format, Outcome, unplaced, whole};
use crate::{
    invalid::printable,
    record::{
        compare::Table,
        curves::{Curves, crews::crews, target::Target, trial},
    },
};

const EXAMPLES: &str = "\
Examples:
  fedfleet compare results/quickstart
  fedfleet compare results/quickstart --target accuracy=0.8,accuracy=0.85
  fedfleet compare results/quickstart --target accuracy=0.9 --format latex > table.tex";

/// Compare methods: seconds, rounds, bits and gradients to a target, or final values; median and quartiles over seeds
///
/// A target is reached between two samples, shown as `12.0–18.0`, unless every update of a server was sampled (`record.every` of one
/// round): then the place is exact. Quartiles and ratios are those of the later sample. A metric that does not fall or rise steadily may
/// have touched the target earlier, between two samples. A seed that diverged counts as worse than any other in every column, and as
/// never reaching a target, even one that it came by before.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder of results
    #[arg(value_name = "RESULTS")]
    results: PathBuf,

    /// Metric and value to reach: at most this for losses and gaps, at least this for accuracies; may be given several times,
    /// or with commas
    #[arg(long, value_name = "METRIC=VALUE", value_delimiter = ',')]
    target: Vec<String>,

    /// Form of the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let targets = self.target.iter().map(|text| text.parse()).collect::<Result<Vec<Target>, _>>().map_err(unplaced)?;
        let _ = whole(&self.results)?;
        let curves = Curves::read(&self.results.join("curves.csv")).map_err(unplaced)?;
        let mut table =
            if targets.is_empty() { Table::at_end(&curves) } else { Table::to_targets(&curves, &targets).map_err(unplaced)? };
        let tuned = trial::winners(&trial::read(&self.results.join("tuning.csv")).map_err(unplaced)?);
        table = table.manned(&crews(&curves.facts)).tuned(tuned);
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => out.write_all(printable(&table.text()).as_bytes())?,
            Format::Markdown => out.write_all(printable(&table.markdown()).as_bytes())?,
            Format::Latex => out.write_all(printable(&table.latex()).as_bytes())?,
            Format::Csv => table.csv(&mut out)?,
        }
        Ok(Outcome::Done)
    }
}
