//! Claims: statements of a paper in a form that a run can check.
//!
//! A claim joins a *quantity* of each method (a metric at some instant, or the place on an axis where a target is first
//! reached) with an *assertion* (one method beats another by a factor, a value lies in a range, a trend across a sweep).
//! Everything is about medians over seeds; a run that diverged counts as worse than any other: its value is the worst there is at every
//! instant, and it reaches no target, even one that it came by before.
//!
//! Where a target is reached lies between two samples, and so does the value at an instant that no sample is of, unless every update of
//! a server was sampled. A claim that holds at one of the places, or values, that are left open and not at another is undecided.

mod check;
mod evaluate;
mod judge;

use std::{collections::BTreeMap, io::Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    axis::{self, Axis},
    cell::Filter,
    curves::Cell,
    spread::Bracket,
    table::guarded,
};

pub use evaluate::evaluate;

/// One `[[claim]]` of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClaimSpec {
    /// The claim in words.
    pub text: String,
    /// The source of the claim: a citation, or `own`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The reason why the claim does not hold here, shown beside the answer where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
            by: self.by.or(versus.then_some(if ratio { 1.0 } else { 0.0 })),
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
    /// The axis and the place on it; `None` for the end.
    pub fn place(self) -> Option<(Axis, f64)> {
        match self {
            Self::End => None,
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

/// The answer of a run to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The claim holds.
    #[serde(rename = "true")]
    Holds,
    /// The claim fails.
    #[serde(rename = "false")]
    Fails,
    /// The answer depends on values between two samples.
    #[serde(rename = "undecided")]
    Undecided,
    /// The claim cannot be evaluated.
    #[serde(rename = "")]
    Unknown,
}

impl Answer {
    /// Whether the claim holds; `None` where that is undecided or unknown.
    pub fn holds(self) -> Option<bool> {
        match self {
            Self::Holds => Some(true),
            Self::Fails => Some(false),
            Self::Undecided | Self::Unknown => None,
        }
    }
}

/// The answer of a run to a claim in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The claim in words.
    pub text: String,
    /// The source of the claim.
    pub source: Option<String>,
    /// The sweep cell, without the key of a trend.
    pub cell: Cell,
    /// The ratio, difference, value, or last over first value of a trend; `None` where it cannot be evaluated.
    pub measured: Option<f64>,
    /// The least and the greatest that it may be, where samples leave that open.
    pub range: Option<Bracket>,
    /// The figure that the claim requires, in words.
    pub required: String,
    /// Whether the claim holds.
    pub answer: Answer,
    /// The reason why it cannot be evaluated, or a remark on the figure.
    pub note: Option<String>,
}

impl Verdict {
    /// One line for a terminal: the answer, the claim, the figure.
    pub fn line(&self) -> String {
        let answer = match self.answer {
            Answer::Holds => "holds",
            Answer::Fails => "FAILS",
            Answer::Undecided => "undecided",
            Answer::Unknown => "unknown",
        };
        let cell = if self.cell.is_empty() { String::new() } else { format!(" ({})", self.cell) };
        let measured = self.measured.map_or_else(|| "not measured".to_owned(), |v| format!("measured {}", ranged(v, self.range)));
        let note = self.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
        format!("{answer:<9} {}{cell}: {measured}, required {}{note}", self.text, self.required)
    }
}

/// A figure with what it may be: `1.53 (1.20–1.80)`.
pub(super) fn ranged(measured: f64, range: Option<Bracket>) -> String {
    let measured = axis::short(measured);
    match range {
        Some(Bracket { low, high }) => format!("{measured} ({}–{})", axis::short(low), axis::short(high)),
        None => measured,
    }
}

/// A row of `claims.csv`, with its texts as no spreadsheet takes them for formulas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The claim in words.
    pub text: String,
    /// The source of the claim.
    pub source: String,
    /// The sweep cell.
    pub cell: String,
    /// The measured figure; `None` where the claim cannot be evaluated.
    #[serde(serialize_with = "plain")]
    pub measured: Option<f64>,
    /// The least that it may be, where samples leave that open.
    #[serde(default, serialize_with = "plain")]
    pub measured_low: Option<f64>,
    /// The greatest that it may be.
    #[serde(default, serialize_with = "plain")]
    pub measured_high: Option<f64>,
    /// The figure that the claim requires, in words.
    pub required: String,
    /// Whether the claim holds.
    pub holds: Answer,
    /// Why the claim cannot be evaluated, or a remark on the figure.
    pub note: String,
}

/// A number without an exponent, or an empty field.
fn plain<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_str(""),
    }
}

impl From<&Verdict> for Row {
    fn from(verdict: &Verdict) -> Self {
        let guard = |text: &str| guarded(text).into_owned();
        Self {
            text: guard(&verdict.text),
            source: guard(verdict.source.as_deref().unwrap_or_default()),
            cell: guard(&verdict.cell.to_string()),
            measured: verdict.measured,
            measured_low: verdict.range.map(|range| range.low),
            measured_high: verdict.range.map(|range| range.high),
            required: guard(&verdict.required),
            holds: verdict.answer,
            note: guard(verdict.note.as_deref().unwrap_or_default()),
        }
    }
}

/// Writes `claims.csv`: a [`Row`] for each verdict.
///
/// # Errors
/// What `out` or the CSV writer reports.
pub fn write(verdicts: &[Verdict], out: impl Write) -> csv::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record(HEADER)?;
    verdicts.iter().try_for_each(|verdict| writer.serialize(Row::from(verdict)))?;
    writer.flush()?;
    Ok(())
}

/// The columns of `claims.csv`, which is written without claims too.
const HEADER: [&str; 9] = ["text", "source", "cell", "measured", "measured_low", "measured_high", "required", "holds", "note"];

#[cfg(test)]
mod tests;
