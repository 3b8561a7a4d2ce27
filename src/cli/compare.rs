//! `fedfleet compare`: a table of what each method needed.

use std::path::{Path, PathBuf};

use super::{Format, Outcome, names, unplaced, whole};
use crate::{
    file::bounded,
    invalid::Invalid,
    memory,
    record::{
        axis::Axis,
        compare::{Joined, Show, Source, Table, View, profiles},
        curves::{Curves, crews::crews, target::Target, trial},
    },
};

const EXAMPLES: &str = "\
Examples:
  fedfleet compare results/quickstart
  fedfleet compare results/quickstart --target accuracy=0.8,accuracy=0.85
  fedfleet compare results/digits --baseline FedAvg --metrics accuracy,loss
  fedfleet compare results/digits --metrics accuracy --columns alpha --show mean±sd --format latex > table.tex
  fedfleet compare results/small results/large --target loss=0.5 --metrics seconds
  fedfleet compare results/digits --target loss=0.5,loss=0.3 --profile seconds";

/// Compare methods: seconds, rounds, bits and gradients to a target, or final values; median and quartiles over seeds
///
/// A target is reached between two samples, shown as `12.0–18.0`, unless every update of a server was sampled (`record.every` of one
/// round): then the place is exact. Quartiles and ratios are those of the later sample. A metric that does not fall or rise steadily may
/// have touched the target earlier, between two samples. A seed that diverged counts as worse than any other in every column, and as
/// never reaching a target, even one that it came by before. Where some runs do not reach a target, the median by Kaplan and Meier, the mean
/// up to a common horizon and the expected running time are shown too; there is no mean of those that do, which would be too small.
///
/// Several folders are one table, with a column for each setting in which they differ.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folders of results
    #[arg(value_name = "RESULTS", required = true)]
    results: Vec<PathBuf>,

    /// Metric and value to reach: at most this for losses and gaps, at least this for accuracies; may be given several times,
    /// or with commas
    #[arg(long, value_name = "METRIC=VALUE", value_delimiter = ',')]
    target: Vec<String>,

    /// Columns to show, with commas: metrics, and axes such as seconds, rounds or uplink-bits; all when left out
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    metrics: Vec<String>,

    /// Swept key, or `method`, whose values become columns; CSV and JSON keep a row for each
    #[arg(long, value_name = "KEY")]
    columns: Option<String>,

    /// What is shown of the seeds: `median [q25, q75] ×ratio` to the best of the cell, `median [q25, q75]`, `median`, `mean±sd`,
    /// `mean [95%]` or `mean`; CSV and JSON have all of them
    #[arg(long, value_name = "FIGURES", default_value_t = Show::Ratio.to_string())]
    show: String,

    /// Compare every method with this one under the same seeds: the ratio of losses, gaps and costs, else the difference, with its 95 %
    /// interval; exact p-value, alone and adjusted by Holm; seeds won, tied and lost
    #[arg(long, value_name = "LABEL")]
    baseline: Option<String>,

    /// Add the Bayes factor for a difference, and the largest that so few seeds can give
    #[arg(long, requires = "baseline")]
    bayes: bool,

    /// Show how often each method reaches the targets within a factor of the least cost on this axis (performance profile), over all
    /// targets, cells and seeds
    #[arg(long, value_name = "AXIS", requires = "target", conflicts_with_all = ["metrics", "columns", "show", "baseline"])]
    profile: Option<String>,

    /// Form of the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let targets = self.target.iter().map(|text| text.parse()).collect::<Result<Vec<Target>, _>>().map_err(unplaced)?;
        let view = View { show: self.show.parse().map_err(unplaced)?, across: self.columns.clone() };
        let joined = Joined::of(self.sources()?);
        let (sheets, tidy) = match &self.profile {
            Some(axis) => {
                let (sheet, tidy) =
                    axis_named(axis).and_then(|axis| profiles(&joined.curves, &targets, axis)).map_err(unplaced)?;
                (vec![sheet], tidy)
            }
            None => {
                let table = self.table(&joined, &targets).map_err(unplaced)?;
                (table.sheets(&view).map_err(unplaced)?, table.tidy())
            }
        };
        self.format.write(&sheets, &tidy)?;
        Ok(Outcome::Done)
    }

    fn table(&self, joined: &Joined, targets: &[Target]) -> Result<Table, Invalid> {
        let curves = &joined.curves;
        let table = if targets.is_empty() { Table::at_end(curves) } else { Table::to_targets(curves, targets)? };
        let table = table.manned(&joined.crews).tuned(joined.winners.clone()).only(&self.metrics)?;
        self.baseline.as_ref().map_or(Ok(table.clone()), |baseline| table.versus(baseline, self.bayes))
    }

    fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let names = names(&self.results);
        if let Some(i) = (1..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return Err(unplaced(Invalid::at("", format!("`{}` is given twice", names[i]))).into());
        }
        self.results.iter().zip(names).map(|(folder, name)| source(folder, name)).collect()
    }
}

/// What is known of the results in `folder`.
fn source(folder: &Path, name: String) -> anyhow::Result<Source> {
    let _ = whole(folder)?;
    let curves = Curves::read(&folder.join("curves.csv")).map_err(unplaced)?;
    let winners = trial::winners(&trial::read(&folder.join("tuning.csv")).map_err(unplaced)?);
    let manifest = bounded::read_text(&folder.join("manifest.toml"), memory::available()).unwrap_or_default();
    let (crews, manifest) = (crews(&curves.facts), toml::from_str(&manifest).unwrap_or_default());
    Ok(Source { name, manifest, curves, crews, winners })
}

/// The axis of that name.
fn axis_named(name: &str) -> Result<Axis, Invalid> {
    Axis::from_name(name).ok_or_else(|| {
        let axes = Axis::ALL.map(Axis::name).join(", ");
        Invalid::at("profile", format!("there is no axis `{name}`")).help(format!("axes are: {axes}"))
    })
}
