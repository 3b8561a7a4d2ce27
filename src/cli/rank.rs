//! `fedfleet rank`: an ordering of methods over several scenarios.

use std::path::PathBuf;

use clap::{ValueEnum, builder::PossibleValue};

use super::{Format, Outcome, names, unplaced, whole};
#[cfg(feature = "figure")]
use crate::figure::draw_rankings;
use crate::{
    invalid::Invalid,
    rank::{Measured, Pool, Quantity, Ranking, Reading, Report, Rule, Source},
    record::{axis::Axis, curves::Curves},
};

const EXAMPLES: &str = "\
Examples:
  fedfleet rank results/digits results/adult results/exercises
  fedfleet rank results/* --metric accuracy --at seconds=600 --by mean,borda,kemeny,nash
  fedfleet rank results/* --target loss=0.5 --baseline fedavg --format latex > table.tex";

/// Rank methods over several scenarios: means, votes, Nash averaging, with tests and intervals
///
/// Each sweep cell of each folder is a task, methods are matched by their labels, and the seeds of a task are averaged. Losses, gaps and
/// times count by their negated decimal logarithms, other metrics by their values. A run that diverged is worse than any other. Procedures
/// differ in what they reward, so several are shown: by scores, by places, by duels, and against the hardest mixture. Methods that tie
/// share the best of their places.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folders of results
    #[arg(value_name = "RESULTS", required = true)]
    results: Vec<PathBuf>,

    /// Metric to rank by, which every folder must have recorded
    #[arg(long, value_name = "METRIC", default_value = "loss")]
    metric: String,

    /// Instant at which it counts: `last`, or a place on an axis such as seconds=600 or rounds=100; the last sample by then counts
    #[arg(long, value_name = "AXIS=VALUE", default_value = "last")]
    at: String,

    /// Rank by the virtual seconds until a metric reaches a value, in place of --metric and --at; who never does is worst
    #[arg(long, value_name = "METRIC=VALUE", conflicts_with_all = ["metric", "at"])]
    target: Option<String>,

    /// Procedures, with commas; the rows are in the order of the first [default: mean,mean-rank,iqm,borda,copeland,kemeny,nash]
    #[arg(long, value_enum, value_name = "PROCEDURE", value_delimiter = ',', hide_default_value = true)]
    by: Vec<Rule>,

    /// Methods to rank, by label, with commas; all when left out
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    only: Vec<String>,

    /// Compare every method with this one: the probability of a better run (rliable) with its bootstrap interval, and tasks won, tied
    /// and lost
    #[arg(long, value_name = "LABEL")]
    baseline: Option<String>,

    /// How much the tasks of a folder count, by its name; may be given several times, or with commas; 1 when left out
    #[arg(long, value_name = "FOLDER=WEIGHT", value_delimiter = ',')]
    weight: Vec<String>,

    /// How the seeds of a task become one score
    #[arg(long, value_enum, default_value_t = Seeds::Mean)]
    seeds: Seeds,

    /// What becomes of a method that lacks a task
    #[arg(long, value_enum, default_value_t = Missing::Refuse)]
    missing: Missing,

    /// Apply each procedure to the cells of every folder, and then to what it gives the folders
    #[arg(long)]
    two_stage: bool,

    /// Draw into this folder: `duels`, a heat map of who beats whom; `critical-difference`, where every method has every task;
    /// `profile`, the share of runs within a factor of the best, for losses, gaps and times
    #[cfg(feature = "figure")]
    #[arg(long, value_name = "FOLDER")]
    figures: Option<PathBuf>,

    /// Form of the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The procedures that are shown when none are named.
const DEFAULTS: [Rule; 7] =
    [Rule::Mean, Rule::MeanRank, Rule::InterquartileMean, Rule::Borda, Rule::Copeland, Rule::Kemeny, Rule::Nash];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Seeds {
    /// By their mean
    Mean,
    /// By their median
    Median,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Missing {
    /// Only procedures that can do without rank it: by duels, or by the mean with the median of the task
    Refuse,
    /// It is worse there than any other
    Worst,
}

impl ValueEnum for Rule {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.summary()))
    }
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let quantity = self.quantity().map_err(unplaced)?;
        let sources = self.sources()?;
        let mut measured = Measured::of(&sources, &quantity, &self.only).map_err(unplaced)?;
        if self.missing == Missing::Worst {
            measured.scores = measured.scores.with_missing_worst();
        }
        self.check_baseline(&measured).map_err(unplaced)?;
        let reading =
            Reading { pool: if self.seeds == Seeds::Mean { Pool::Mean } else { Pool::Median }, two_stage: self.two_stage };
        let (rankings, left_out) = self.rankings(&measured, reading).map_err(unplaced)?;
        let mut report = Report::of(&measured, rankings, reading, self.baseline.as_deref());
        report.notes.extend(left_out);
        self.format.write(&[report.sheet()], &report.tidy())?;
        #[cfg(feature = "figure")]
        if let Some(folder) = &self.figures {
            draw_rankings(folder, &measured, reading.pool)?;
        }
        Ok(Outcome::Done)
    }

    fn quantity(&self) -> Result<Quantity, Invalid> {
        if let Some(target) = &self.target {
            return Ok(Quantity::Seconds(target.parse()?));
        }
        let place = if self.at == "last" { None } else { Some(place(&self.at)?) };
        Ok(Quantity::Metric(self.metric.clone(), place))
    }

    /// The folders with their curves, each by its last part where that tells them apart.
    fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let mut sources: Vec<Source> = Vec::with_capacity(self.results.len());
        for (path, name) in self.results.iter().zip(names(&self.results)) {
            if sources.iter().any(|source| source.name == name) {
                return Err(unplaced(Invalid::at("", format!("`{name}` is given twice"))).into());
            }
            let _ = whole(path)?;
            let curves = Curves::read(&path.join("curves.csv")).map_err(unplaced)?;
            sources.push(Source { name, weight: 1.0, curves });
        }
        for text in &self.weight {
            weigh(&mut sources, text).map_err(unplaced)?;
        }
        Ok(sources)
    }

    fn check_baseline(&self, measured: &Measured) -> Result<(), Invalid> {
        let methods = measured.scores.methods();
        match &self.baseline {
            Some(label) if !methods.contains(label) => {
                let fault = Invalid::at("baseline", format!("`{label}` is not among the methods that are ranked"));
                Err(fault.help(format!("these are: {}", methods.join(", "))))
            }
            _ => Ok(()),
        }
    }

    /// What the procedures say; of those that nobody named, the ones that cannot rank these scores are left out, with a note.
    fn rankings(&self, measured: &Measured, reading: Reading) -> Result<(Vec<Ranking>, Option<String>), Invalid> {
        let asked = if self.by.is_empty() { &DEFAULTS[..] } else { &self.by };
        let (mut rankings, mut left_out) = (Vec::new(), Vec::new());
        for &rule in asked {
            match rule.rank(&measured.scores, reading) {
                Some(ranking) => rankings.push(ranking),
                None if self.by.is_empty() => left_out.push(rule.name()),
                None => return Err(unranked(rule, measured, reading)),
            }
        }
        let why = if reading.two_stage { "have no stages" } else { "need every method on every task" };
        let note = format!("left out, since they {why}: {}", left_out.join(", "));
        Ok((rankings, (!left_out.is_empty()).then_some(note)))
    }
}

/// Why a procedure cannot rank these scores, and what to write instead.
fn unranked(rule: Rule, measured: &Measured, reading: Reading) -> Invalid {
    let named =
        |able: fn(Rule) -> bool| Rule::ALL.into_iter().filter(|&rule| able(rule)).map(Rule::name).collect::<Vec<_>>().join(", ");
    let name = rule.name();
    if reading.two_stage && !rule.has_stages() {
        let fault = Invalid::at("by", format!("`{name}` cannot be applied to its own results, as `--two-stage` asks"));
        return fault.help(format!("those that can: {}", named(Rule::has_stages)));
    }
    let scores = &measured.scores;
    let range = match rule {
        Rule::GeometricMean => Some("that are not negative"),
        Rule::GammaGap => Some("from 0 to 1"),
        _ => None,
    };
    if let Some(range) = range {
        let fault = Invalid::at("by", format!("`{name}` needs scores {range}"));
        return fault.help(
            "use it with a metric such as accuracy, or `mean` in its place: the mean of logarithms is that of a geometric mean",
        );
    }
    if let Some((i, t)) = scores.missing().next() {
        let (method, task) = (&scores.methods()[i], &scores.tasks()[t].name);
        let fault = Invalid::at("by", format!("`{name}` needs every method on every task, and `{method}` lacks `{task}`"));
        return fault.help(format!(
            "rank the methods that have all tasks with `--only`, count it as worst with `--missing worst`, or use one of: {}",
            named(Rule::takes_missing)
        ));
    }
    let why = match rule {
        Rule::TwoLevel => "needs a seed under which all methods were run in each task",
        _ => "finds no task on which two methods differ",
    };
    Invalid::at("by", format!("`{name}` {why}"))
}

/// Reads `seconds=600`.
fn place(text: &str) -> Result<(Axis, f64), Invalid> {
    let fault = || {
        let axes = Axis::ALL.map(Axis::name).join(", ");
        Invalid::at("at", format!("`{text}` is not an instant"))
            .help(format!("write `last`, or an axis and a value such as seconds=600; axes are: {axes}"))
    };
    let (axis, value) = text.split_once('=').ok_or_else(fault)?;
    let axis = Axis::from_name(axis.trim()).ok_or_else(fault)?;
    let value = value.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0).ok_or_else(fault)?;
    Ok((axis, value))
}

/// Sets the weight that `text`, such as `digits=2`, gives a folder.
fn weigh(sources: &mut [Source], text: &str) -> Result<(), Invalid> {
    let fault = |message: String| Invalid::at("weight", message);
    let (name, weight) = text
        .rsplit_once('=')
        .and_then(|(name, weight)| Some((name.trim(), weight.trim().parse::<f64>().ok()?)))
        .filter(|(_, weight)| weight.is_finite() && *weight > 0.0)
        .ok_or_else(|| {
            fault(format!("`{text}` is not a weight")).help("write a folder and a positive number, such as digits=2")
        })?;
    let names = sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(source) = sources.iter_mut().find(|source| source.name == name) else {
        return Err(fault(format!("there is no folder `{name}` among the results")).help(format!("they are: {names}")));
    };
    source.weight = weight;
    Ok(())
}
