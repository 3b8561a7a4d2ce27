//! Claims: statements of a paper in a form that a run can check.
//!
//! A claim joins a *quantity* of each method (a metric at some instant, or the place on an axis where a target is first
//! reached) with an *assertion* (one method beats another by a factor, a value lies in a range, a trend across a sweep).
//!
//! All methods of a seed meet the same world, so a claim is judged by the *effect* in each seed: the ratio or difference of two methods
//! there, or the value of one. A claim **holds** where the interval for the mean effect keeps what it requires, is **refuted** where
//! the interval breaks it, and is **undecided** where the interval crosses the threshold. Effects without any spread are judged by
//! their value.
//!
//! A run that diverged counts as worse than any other: its value is the worst there is at every instant, and it reaches no target, even
//! one that it came by before.
//!
//! Where a target is reached lies between two samples, and so does the value at an instant that no sample is of, unless every update of
//! a server was sampled. The interval covers the places, or values, that samples leave open.

mod check;
mod effect;
mod evaluate;
mod family;
mod judge;
mod measure;
mod trend;
pub mod vary;
mod verdict;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{axis::Axis, cell::Filter};

pub use evaluate::evaluate;
pub use family::all;
pub use verdict::{Answer, EffectKind, Evidence, Row, Verdict, ranged, write};

/// One `[[claim]]` of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClaimSpec {
    /// The claim in words.
    pub text: String,
    /// The source of the claim: a citation, or `own`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The kind of the claim; `own` if not given. Only findings count as reproduction of a paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The number that the paper gives, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Printed>,
    /// The reason why the claim does not hold here, shown beside the answer where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Changed keys under which the claim holds, as `--set` takes them: `{ "stop.rounds" = 60 }`; lists and tables as text. A run asks
    /// the claim again with them, and gives that verdict beside this one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds_with: Filter,
    /// The metric compared at an instant; the alternative is `target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The instant, such as `{ seconds = 600 }`; the end of the run by default. Between two samples the last one counts, and the value may
    /// be anything between the two, unless every update of a server is sampled (`record.every = { rounds = 1 }`): a claim that depends on
    /// it is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// A target such as `{ loss = 0.3 }`: what is compared is where on `axis` it is first reached. That lies between two samples, unless
    /// every update of a server is sampled (`record.every = { rounds = 1 }`): a claim that depends on the place between them is undecided.
    /// A metric that does not fall or rise steadily may have touched the target earlier, between two samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<BTreeMap<String, f64>>,
    /// The axis on which a target is looked for; virtual seconds by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axis>,
    /// The label of the method that is said to be better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better: Option<String>,
    /// The label of the method that is said to be worse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worse: Option<String>,
    /// The least factor or difference; 1 by default (0 for a difference) `[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<f64>,
    /// Whether `by` is a ratio or a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Comparison>,
    /// In place of `by`: `better` is as good as `worse` up to this share (for a difference, up to this difference), such as 0.1 for at
    /// most a tenth worse `[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// With `margin`: neither method is worse than the other by more. By default, `better` may be better by any amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equivalent: Option<bool>,
    /// The interval that decides; that of Student by default, on logarithms of ratios and of values such as losses, gaps and times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<IntervalKind>,
    /// The label of the one method that a value or a trend is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The value expected, up to `within`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<f64>,
    /// Absolute tolerance of `equals`, or relative spread that still counts as a flat trend (0.1 by default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<f64>,
    /// The value must not exceed this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// The value must not fall short of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// The trend of the value across a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// Only the cells with these values of sweep keys: `{ alpha = 0.1 }`.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: Filter,
}

impl ClaimSpec {
    /// The same with its defaults written out.
    #[must_use]
    pub fn resolved(self) -> Self {
        let ratio = self.compare.unwrap_or(Comparison::Ratio) == Comparison::Ratio;
        let versus = self.better.is_some() && self.worse.is_some();
        Self {
            at: self.at.or(self.metric.as_ref().map(|_| At::End)),
            axis: self.axis.or(self.target.as_ref().map(|_| Axis::Seconds)),
            compare: self.compare.or(versus.then_some(Comparison::Ratio)),
            by: self.by.or((versus && self.margin.is_none()).then_some(if ratio { 1.0 } else { 0.0 })),
            kind: self.kind.or(Some(Kind::Own)),
            interval: self.interval.or(Some(IntervalKind::Student)),
            ..self
        }
    }
}

/// An instant of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// The last sample.
    End,
    /// The mean of the samples in the last share of a run's rounds, such as 0.25 for the last quarter `[1]`.
    Last(f64),
    /// After so many rounds `[1]`.
    Rounds(f64),
    /// After so many virtual seconds `[s]`.
    Seconds(f64),
    /// After so many client updates `[1]`.
    Updates(f64),
    /// After so many gradients `[1]`.
    Gradients(f64),
    /// After so many bits from clients `[bit]`.
    UplinkBits(f64),
    /// After so many bits to clients `[bit]`.
    DownlinkBits(f64),
}

impl At {
    /// The axis and the place on it; `None` for the end and for the mean of a tail.
    pub fn place(self) -> Option<(Axis, f64)> {
        match self {
            Self::End | Self::Last(_) => None,
            Self::Rounds(x) => Some((Axis::Rounds, x)),
            Self::Seconds(x) => Some((Axis::Seconds, x)),
            Self::Updates(x) => Some((Axis::Updates, x)),
            Self::Gradients(x) => Some((Axis::Gradients, x)),
            Self::UplinkBits(x) => Some((Axis::UplinkBits, x)),
            Self::DownlinkBits(x) => Some((Axis::DownlinkBits, x)),
        }
    }
}

/// The comparison of two methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Worse over better; for an accuracy the ratio of error rates, `(1 − worse) / (1 − better)`.
    Ratio,
    /// Worse minus better; for an accuracy better minus worse.
    Difference,
}

/// The kind of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Follows from a formula: a check of the simulator.
    Identity,
    /// Proved in the paper: a check of the implementation.
    Theorem,
    /// Observed in the experiments of the paper.
    Finding,
    /// Not in the paper.
    #[default]
    Own,
}

impl Kind {
    /// The name in scenarios and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Theorem => "theorem",
            Self::Finding => "finding",
            Self::Own => "own",
        }
    }

    /// Whether a single seed can decide such a claim.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Identity | Self::Theorem)
    }
}

/// The number of a paper.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Printed {
    /// The ratio, difference or value that the paper reports for what is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// The place in the paper, such as `Table 2`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether the paper itself was read for this claim. Otherwise it is from memory or from another text, and shown as unchecked.
    #[serde(default)]
    pub read: bool,
}

/// The interval for an effect over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalKind {
    /// Student's t for the mean.
    #[default]
    Student,
    /// Percentiles of the means of resampled seeds.
    Bootstrap,
    /// Order statistics around the median, without any assumption on the distribution.
    Median,
}

/// The rules by which all claims of a scenario are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The probability that an interval contains the effect, below 1.
    pub level: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { level: 0.95 }
    }
}

/// A trend across the values of a sweep key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trend {
    /// The sweep key, in the order of its numeric values.
    pub over: String,
    /// The direction of the value as the key grows.
    pub direction: Direction,
}

/// The direction of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// It never rises, and ends lower than it starts.
    Falls,
    /// It never falls, and ends higher than it starts.
    Rises,
    /// The largest is within a relative spread of the smallest.
    Flat,
}

#[cfg(test)]
mod tests;
