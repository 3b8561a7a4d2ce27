//! The `tune` section: what decides among tuned values, and on which seeds.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    criterion::Criterion,
    strategy::{Among, Budget, OnAxis, Strategy},
};
use crate::{
    invalid::{Invalid, require},
    record::{MetricSpec, Stop, axis::Axis, claim::At, curves::target::Target, metric::Better},
    toml::decode::forms,
};

/// The first of the tuning seeds that a scenario does not list: a count of reported seeds never comes so far.
pub const FIRST: u64 = 1_000_000;

/// Most tuning seeds.
const MOST: u64 = 1000;

/// Most tuning seeds that a budget may ask for.
const MOST_NEEDED: u64 = 100_000;

/// The word that leaves the choice to the claims.
const CLAIM: &str = "claim";

/// How the values of keys with `{ tune = […] }` are chosen: each method runs with all its combinations on seeds of its own, and the
/// best one runs on the seeds that are reported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TuneSpec {
    /// What decides: the final value of a metric by its name, `{ metric = "loss", at = { rounds = 100 } }`, the place at which a target is
    /// first reached, `{ target = { loss = 0.3 }, axis = "uplink-bits" }`, or `"claim"`: for each method what the claims ask of it, and
    /// where they ask several quantities, their geometric mean. The median over seeds counts. When left out the final value of the first
    /// of `record.metrics` that is computed on training samples, such as `loss`, which is recorded besides where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// The seeds on which arms are compared: how many, or a list; strategies that need more take them. None of them is a reported one, so that what is reported is not
    /// flattered by the choice. `"reported"` compares on the reported seeds themselves.
    pub seeds: TuningSeeds,
    /// How runs are spent on the arms; by the grid if not given, which runs all of them to their end.
    pub strategy: Strategy,
    /// The most that the choice may take, for each method in each cell; for strategies that are bounded by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Whether a grid of positive numbers is continued at its ratio beyond an end that wins, up to three times at each end, with the
    /// winner's other values.
    pub widen: bool,
}

/// What decides among arms.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum By {
    /// The name of a metric, of which the final value counts, or `claim`.
    Word(String),
    /// A metric at an instant, or a target.
    Quantity(Quantity),
}

forms! {
    By, "a metric such as `\"loss\"`, a quantity such as `{ target = { loss = 0.3 }, axis = \"rounds\" }`, or `\"claim\"`",
    text(String) => By::Word,
    table(Quantity) => By::Quantity,
}

/// A metric at an instant, or the place at which a target is first reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(rename = "TuneQuantity")]
pub struct Quantity {
    /// The metric; the alternative is `target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The instant, such as `{ rounds = 100 }`; the end of the run by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// The target, such as `{ loss = 0.3 }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<BTreeMap<String, f64>>,
    /// The axis on which the target is looked for; virtual seconds by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axis>,
}

/// The seeds on which arms are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum TuningSeeds {
    /// So many, which no count of reported seeds includes.
    Count(#[schemars(range(min = 1, max = 1000))] u64),
    /// These.
    List(#[schemars(length(min = 1), extend("uniqueItems" = true))] Vec<u64>),
    /// Those that are reported.
    Reported(Reported),
}

/// The word for the reported seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reported {
    /// The reported seeds.
    Reported,
}

forms! {
    TuningSeeds, "how many seeds, such as `3`, a list of them, such as `[100, 101]`, or `\"reported\"`",
    word(Reported) => TuningSeeds::Reported,
    number(u64) => TuningSeeds::Count,
    list(Vec<u64>) => TuningSeeds::List,
}

impl Default for TuningSeeds {
    fn default() -> Self {
        Self::Count(3)
    }
}

impl TuningSeeds {
    /// The seeds that are apart from the reported ones, of which a strategy takes `needed` where it says how many; `None` where arms are
    /// compared on the reported ones.
    pub fn apart(&self, needed: Option<usize>) -> Option<Vec<u64>> {
        match (self, needed) {
            (Self::Count(_), Some(needed)) => Some((FIRST..FIRST + needed as u64).collect()),
            (Self::Count(count), None) => Some((FIRST..FIRST + count).collect()),
            (Self::List(seeds), _) => Some(seeds.clone()),
            (Self::Reported(_), _) => None,
        }
    }

    /// Checks that there are some, and none twice.
    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Count(count) => require((1..=MOST).contains(count), "seeds", count, "from 1 to 1000 tuning seeds")?,
            Self::List(seeds) if seeds.is_empty() => {
                return Err(Invalid::at("seeds", "the list of tuning seeds is empty").help("write `seeds = 3`"));
            }
            Self::List(seeds) => {
                if let Some(again) = (1..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
                    return Err(Invalid::at(&format!("seeds.{again}"), format!("the seed {} occurs twice", seeds[again])));
                }
            }
            Self::Reported(_) => {}
        }
        Ok(())
    }

    /// Checks that none is among the `reported` ones.
    fn check_apart(&self, needed: Option<usize>, reported: &[u64]) -> Result<(), Invalid> {
        let apart = self.apart(needed).unwrap_or_default();
        let Some(seed) = apart.iter().find(|seed| reported.contains(seed)) else { return Ok(()) };
        let message = format!("the seed {seed} is reported too, so that it would choose what it judges");
        let help = "take other seeds here, or write `seeds = \"reported\"` to choose on the reported ones";
        Err(Invalid::at("seeds", message).help(help))
    }
}

impl TuneSpec {
    /// Whether the claims decide.
    pub fn by_claims(&self) -> bool {
        matches!(&self.by, Some(By::Word(word)) if word == CLAIM)
    }

    /// The quantity that decides for all methods; `None` where it is left out or left to the claims.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune` for one that is not whole.
    pub fn criterion(&self) -> Result<Option<Criterion>, Invalid> {
        match &self.by {
            None => Ok(None),
            Some(By::Word(word)) if word == CLAIM => Ok(None),
            Some(By::Word(metric)) => Ok(Some(Criterion::last(metric))),
            Some(By::Quantity(quantity)) => quantity.criterion().map(Some).map_err(|invalid| invalid.under("by")),
        }
    }

    /// The metric that decides for all methods, of these; `None` where it is left out or left to the claims.
    pub fn metric(&self, metrics: &[MetricSpec]) -> Option<MetricSpec> {
        let criterion = self.criterion().ok()??;
        metrics.iter().find(|metric| metric.name() == criterion.metric()).copied()
    }

    /// The search among the arms of a method.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune`.
    pub fn search(&self, among: Among<'_>) -> Result<OnAxis, Invalid> {
        self.strategy.search(self.budget, among)
    }

    /// The tuning seeds that the strategy takes for so many arms; `None` where `seeds` says how many.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune` for a budget that is missing or too small, and seeds that are too few.
    pub fn needed(&self, arms: usize, stop: &Stop) -> Result<Option<usize>, Invalid> {
        if !self.strategy.takes_seeds() {
            return Ok(None);
        }
        let needed = self.strategy.seeds(self.budget, arms, stop)?;
        match &self.seeds {
            TuningSeeds::Count(_) => require(needed as u64 <= MOST_NEEDED, "budget", needed, "at most 100,000 seeds")?,
            TuningSeeds::List(seeds) => {
                require(seeds.len() >= needed, "seeds", seeds.len(), &format!("at least {needed} for this budget"))?;
            }
            TuningSeeds::Reported(_) => {
                let message = "this strategy takes as many seeds as its budget allows, not those that are reported";
                return Err(Invalid::at("seeds", message).help("remove `seeds`"));
            }
        }
        Ok(Some(needed))
    }

    /// Checks that no tuning seed, of which a strategy takes `needed` where it says how many, is among the `reported` ones.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune`.
    pub fn check_apart(&self, needed: Option<usize>, reported: &[u64]) -> Result<(), Invalid> {
        self.seeds.check_apart(needed, reported)
    }

    /// Checks the section for a scenario with these `metrics` to choose from.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune`.
    pub fn check(&self, metrics: &[MetricSpec]) -> Result<(), Invalid> {
        self.seeds.check()?;
        if self.widen && self.budget.is_some() {
            let message = "a grid that widens takes further runs, beyond what the budget allows";
            return Err(Invalid::at("widen", message).help("remove `budget`, or `widen` and list more values"));
        }
        let Some(criterion) = self.criterion()? else { return Ok(()) };
        let at = self.place();
        let Some(metric) = metrics.iter().find(|metric| metric.name() == criterion.metric()) else {
            let names: Vec<&str> = metrics.iter().map(MetricSpec::name).collect();
            return Err(Invalid::at(at, format!("there is no metric `{}`", criterion.metric()))
                .help(format!("write `\"{CLAIM}\"`, or one of: {}", names.join(", "))));
        };
        if metric.is_by_layer() || metric.card().better == Better::Neither {
            let reason = if metric.is_by_layer() { "has a value for each layer" } else { "has no better direction" };
            return Err(Invalid::at(at, format!("`{}` {reason}", metric.name()))
                .help("choose a metric of one value that is better one way, such as `loss`"));
        }
        Ok(())
    }

    /// The key at which the metric is named, relative to `tune`.
    pub fn place(&self) -> &'static str {
        match &self.by {
            Some(By::Quantity(Quantity { target: Some(_), .. })) => "by.target",
            Some(By::Quantity(_)) => "by.metric",
            _ => "by",
        }
    }
}

impl Quantity {
    fn criterion(&self) -> Result<Criterion, Invalid> {
        match (&self.metric, &self.target) {
            (Some(_), None) if self.axis.is_some() => {
                Err(Invalid::at("axis", "`axis` belongs to a `target`; for a metric give the instant by `at`"))
            }
            (Some(metric), None) => {
                let at = self.at.unwrap_or(At::End);
                if let Some((_, x)) = at.place() {
                    require(x >= 0.0 && x.is_finite(), "at", x, "a finite instant of 0 or more")?;
                }
                if let At::Last(share) = at {
                    require(share > 0.0 && share <= 1.0, "at.last", share, "a share of the run above 0 and up to 1")?;
                }
                Ok(Criterion::Value { metric: metric.clone(), at })
            }
            (None, Some(_)) if self.at.is_some() => {
                Err(Invalid::at("at", "`at` belongs to a `metric`; a target is looked for along `axis`"))
            }
            (None, Some(target)) => {
                let (Some((metric, &value)), 1) = (target.iter().next(), target.len()) else {
                    return Err(
                        Invalid::at("target", "expected one metric and its value").help("such as target = { loss = 0.3 }")
                    );
                };
                require(value.is_finite(), "target", value, "a finite value")?;
                let target = Target { metric: metric.clone(), value };
                Ok(Criterion::Reach { target, axis: self.axis.unwrap_or(Axis::Seconds) })
            }
            (Some(_), Some(_)) => Err(Invalid::at("target", "either a `metric` or a `target` decides, not both")),
            (None, None) => {
                Err(Invalid::at("", "no quantity decides").help("write metric = \"loss\", or target = { loss = 0.3 }"))
            }
        }
    }
}
