//! Verdicts: the answers to claims, for a terminal and as rows of `claims.csv`.

use std::io::Write;

use serde::{Deserialize, Serialize, Serializer};

use super::{Kind, Printed};
use crate::record::{axis::short, curves::Cell, spread::Bracket, table::guarded};

/// The answer of a run to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The interval lies within what the claim requires.
    #[serde(alias = "true")]
    Holds,
    /// The interval lies outside of it.
    #[serde(alias = "false")]
    Refuted,
    /// The interval crosses the threshold, or there are too few seeds.
    Undecided,
    /// The claim cannot be evaluated.
    #[default]
    #[serde(rename = "")]
    Unknown,
}

impl Answer {
    /// Whether the claim holds; `None` where that is undecided or unknown.
    pub fn holds(self) -> Option<bool> {
        match self {
            Self::Holds => Some(true),
            Self::Refuted => Some(false),
            Self::Undecided | Self::Unknown => None,
        }
    }

    /// A word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
            Self::Unknown => "unknown",
        }
    }
}

/// The seeds and probabilities behind a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Evidence {
    /// Number of seeds in which the effect was measured.
    pub seeds: usize,
    /// Number of seeds whose effect is as the claim requires.
    pub favour: usize,
    /// Whether the effect has no spread over seeds, so that its value decides.
    pub by_value: bool,
    /// Student's two-sided p against the threshold; that of the sign test where an effect is infinite. `None` without spread.
    pub p: Option<f64>,
    /// The exact two-sided p of the test that flips signs; that of the sign test where an effect is infinite.
    pub exact: Option<f64>,
    /// `p` after Holm's correction over all claims of the scenario.
    pub holm: Option<f64>,
}

/// The quantity that a claim is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectKind {
    /// The worse method's value over the better one's.
    Ratio,
    /// The difference of two methods.
    Difference,
    /// The value of one method.
    #[default]
    Value,
    /// The last over the first value of one method across a sweep.
    Trend,
}

/// The answer of a run to a claim in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The claim in words.
    pub text: String,
    /// The source of the claim.
    pub source: Option<String>,
    /// The kind of the claim.
    pub kind: Kind,
    /// The number of the paper.
    pub paper: Option<Printed>,
    /// The changed keys under which a claim that fails was asked again.
    pub with: Option<String>,
    /// The sweep cell, without the key of a trend.
    pub cell: Cell,
    /// The ratio, difference, value, or last over first value of a trend; `None` where it cannot be evaluated.
    pub measured: Option<f64>,
    /// Its interval, with what samples leave open; `None` for a value that is known.
    pub interval: Option<Bracket>,
    /// The quantity that was measured.
    pub effect: EffectKind,
    /// The figure that the claim requires, in words.
    pub required: String,
    /// The least and the greatest figure that it allows; infinite where there is none.
    pub bounds: Bracket,
    /// Whether the claim holds.
    pub answer: Answer,
    /// Seeds and probabilities.
    pub evidence: Evidence,
    /// The reason why it cannot be evaluated, or a remark on the figure.
    pub note: Option<String>,
}

impl Verdict {
    /// One line for a terminal: the answer, the claim, the figure, the seeds.
    pub fn line(&self) -> String {
        let answer = if self.answer == Answer::Refuted { "REFUTED" } else { self.answer.name() };
        let cell = if self.cell.is_empty() { String::new() } else { format!(" ({})", self.cell) };
        let with = self.with.as_ref().map_or_else(String::new, |with| format!(" [with {with}]"));
        let measured =
            self.measured.map_or_else(|| "not measured".to_owned(), |v| format!("measured {}", ranged(v, self.interval)));
        let evidence = self.evidence.text().map_or_else(String::new, |text| format!("; {text}"));
        let note = self.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
        format!("{answer:<9} {}{cell}{with}: {measured}, required {}{evidence}{note}", self.text, self.required)
    }
}

impl Evidence {
    /// The seeds in words, with the exact p; `None` without seeds.
    pub fn text(&self) -> Option<String> {
        match (self.seeds, self.exact) {
            (0, _) => None,
            (1, _) => Some("one seed".to_owned()),
            (seeds, None) if self.by_value => Some(format!("the same in {seeds} seeds")),
            (seeds, None) => Some(format!("{} of {seeds} seeds", self.favour)),
            (seeds, Some(exact)) => Some(format!("{} of {seeds} seeds, p = {}", self.favour, short(exact))),
        }
    }
}

/// A figure with its interval: `1.53 (1.20–1.80)`.
pub fn ranged(measured: f64, interval: Option<Bracket>) -> String {
    let measured = short(measured);
    match interval {
        Some(Bracket { low, high }) => format!("{measured} ({} to {})", short(low), short(high)),
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
    /// The kind of the claim.
    #[serde(default)]
    pub kind: Kind,
    /// The changed keys under which a claim that fails was asked again.
    #[serde(default)]
    pub with: String,
    /// The sweep cell.
    pub cell: String,
    /// The measured figure; `None` where the claim cannot be evaluated.
    #[serde(serialize_with = "plain")]
    pub measured: Option<f64>,
    /// The lower end of its interval; `None` for a value that is known.
    #[serde(default, serialize_with = "plain")]
    pub measured_low: Option<f64>,
    /// The upper end of its interval.
    #[serde(default, serialize_with = "plain")]
    pub measured_high: Option<f64>,
    /// The quantity that was measured.
    #[serde(default)]
    pub effect: EffectKind,
    /// The figure that the claim requires, in words.
    pub required: String,
    /// The least figure that it allows.
    #[serde(default, serialize_with = "plain")]
    pub required_low: Option<f64>,
    /// The greatest figure that it allows.
    #[serde(default, serialize_with = "plain")]
    pub required_high: Option<f64>,
    /// Whether the claim holds.
    #[serde(alias = "holds")]
    pub verdict: Answer,
    /// Number of seeds.
    #[serde(default)]
    pub seeds: Option<usize>,
    /// Number of seeds whose effect is as the claim requires.
    #[serde(default)]
    pub in_favour: Option<usize>,
    /// `value` where the effect has no spread over seeds, `interval` otherwise.
    #[serde(default)]
    pub judged_by: String,
    /// Student's p against the threshold.
    #[serde(default, serialize_with = "plain")]
    pub p: Option<f64>,
    /// The exact p of the test that flips signs.
    #[serde(default, serialize_with = "plain")]
    pub p_exact: Option<f64>,
    /// `p` after Holm's correction.
    #[serde(default, serialize_with = "plain")]
    pub p_holm: Option<f64>,
    /// The number of the paper.
    #[serde(default, serialize_with = "plain")]
    pub paper_effect: Option<f64>,
    /// The place in the paper.
    #[serde(default)]
    pub paper_where: String,
    /// Whether the paper was read for the claim; `None` for claims of no paper.
    #[serde(default)]
    pub paper_read: Option<bool>,
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
        let Evidence { seeds, favour, by_value, p, exact, holm } = verdict.evidence;
        let paper = verdict.paper.as_ref();
        let of_paper = matches!(verdict.kind, Kind::Finding | Kind::Theorem);
        let known = seeds > 0;
        Self {
            text: guard(&verdict.text),
            source: guard(verdict.source.as_deref().unwrap_or_default()),
            kind: verdict.kind,
            with: guard(verdict.with.as_deref().unwrap_or_default()),
            cell: guard(&verdict.cell.to_string()),
            measured: verdict.measured,
            measured_low: verdict.interval.map(|interval| interval.low),
            measured_high: verdict.interval.map(|interval| interval.high),
            effect: verdict.effect,
            required: guard(&verdict.required),
            required_low: Some(verdict.bounds.low).filter(|end| end.is_finite()),
            required_high: Some(verdict.bounds.high).filter(|end| end.is_finite()),
            verdict: verdict.answer,
            seeds: known.then_some(seeds),
            in_favour: known.then_some(favour),
            judged_by: if !known {
                ""
            } else if by_value {
                "value"
            } else {
                "interval"
            }
            .to_owned(),
            p,
            p_exact: exact,
            p_holm: holm,
            paper_effect: paper.and_then(|paper| paper.effect),
            paper_where: guard(paper.and_then(|paper| paper.place.as_deref()).unwrap_or_default()),
            paper_read: of_paper.then(|| paper.is_some_and(|paper| paper.read)),
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
const HEADER: [&str; 23] = [
    "text",
    "source",
    "kind",
    "with",
    "cell",
    "measured",
    "measured_low",
    "measured_high",
    "effect",
    "required",
    "required_low",
    "required_high",
    "verdict",
    "seeds",
    "in_favour",
    "judged_by",
    "p",
    "p_exact",
    "p_holm",
    "paper_effect",
    "paper_where",
    "paper_read",
    "note",
];
