//! Methods against each other under the same seeds.

use super::{Column, Entry, Form, Row, Table};
use crate::{
    invalid::Invalid,
    record::{curves::distinct, metric::Better},
    statistics::{
        Interval, holm,
        paired::{bayes_ceiling, bayes_factor, sign_flip, student},
    },
};

/// Values at or below this are the same to a ratio: rounding is not a merit.
const FLOOR: f64 = 1e-12;

/// The confidence of intervals.
const LEVEL: f64 = 0.95;

/// The variance of an effect in units of that of a difference, by the prior of the Bayes factor.
const G: f64 = 1.0;

/// The comparison with one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versus {
    /// Its label.
    pub baseline: String,
    /// Whether Bayes factors are shown.
    pub bayes: bool,
}

/// A method against the baseline, in one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Number of seeds that both have, and in which one of them at least did not fail.
    pub pairs: usize,
    /// The ratio to the baseline, by the mean of logarithms, or the difference, with its 95 % interval by Student's t; `None` with one pair,
    /// or where one of the two failed.
    pub effect: Option<Interval>,
    /// The two-sided p-value by flipping signs.
    pub p: f64,
    /// The same, adjusted by Holm over all comparisons of the column.
    pub holm: f64,
    /// How many seeds it won, tied and lost.
    pub counts: [usize; 3],
    /// The Bayes factor for a difference.
    pub bayes: Option<f64>,
}

impl Difference {
    /// Of a method's `entry` from that of the baseline; `None` where they share no seed.
    fn of(entry: &Entry, baseline: &Entry, column: &Column) -> Option<Self> {
        let differences = differences(entry, baseline, column.relative);
        if differences.is_empty() {
            return None;
        }
        let higher = differences.iter().filter(|&&difference| difference > 0.0).count();
        let lower = differences.iter().filter(|&&difference| difference < 0.0).count();
        let ties = differences.len() - higher - lower;
        let p = sign_flip(&differences, 0.0);
        let own = |value: f64| if column.relative { value.exp() } else { value };
        let effect = student(&differences, LEVEL).map(|found| Interval {
            value: own(found.value),
            low: own(found.low),
            high: own(found.high),
        });
        let counts = if column.better == Better::Higher { [higher, ties, lower] } else { [lower, ties, higher] };
        Some(Self { pairs: differences.len(), effect, p, holm: p, counts, bayes: bayes_factor(&differences, G) })
    }

    /// The value of no difference.
    pub fn equality(relative: bool) -> f64 {
        if relative { 1.0 } else { 0.0 }
    }

    /// The largest Bayes factor that so many pairs can give.
    pub fn ceiling(&self) -> f64 {
        bayes_ceiling(self.pairs, G)
    }
}

/// The values of one method minus those of another under the same seeds, or the logarithms of their ratios. Of two that both failed nothing
/// is known: they do not count.
fn differences(own: &Entry, other: &Entry, relative: bool) -> Vec<f64> {
    let scale = |value: f64| if relative { value.max(FLOOR).ln() } else { value };
    let difference = |&(seed, value): &(u64, f64)| {
        let (_, reference) = other.values.iter().find(|(s, _)| *s == seed)?;
        let both_failed = value == *reference && value.is_infinite();
        (!both_failed).then(|| if value == *reference { 0.0 } else { scale(value) - scale(*reference) })
    };
    own.values.iter().filter_map(difference).collect()
}

/// Whether the 95 % interval of `differences` excludes zero; where some are infinite, whether the exact test rejects it at 5 %.
fn excludes_equality(differences: &[f64]) -> bool {
    student(differences, LEVEL).map_or_else(|| sign_flip(differences, 0.0) <= 1.0 - LEVEL, |interval| !interval.includes(0.0))
}

/// Whether row `r` is the best of its cell in column `c`, and differs from every other method there.
pub(super) fn is_clear(rows: &[Row], r: usize, c: usize, column: &Column) -> bool {
    let Some(own) = rows[r].entries[c].as_ref().filter(|entry| entry.ratio == Some(1.0)) else { return false };
    let rivals = rows.iter().enumerate().filter(|&(i, row)| i != r && row.cell == rows[r].cell);
    let mut rivals = rivals.filter_map(|(_, row)| row.entries[c].as_ref()).peekable();
    rivals.peek().is_some() && rivals.all(|rival| excludes_equality(&differences(own, rival, column.relative)))
}

impl Table {
    /// With the difference of every method to the one called `baseline`, and with Bayes factors if asked for.
    ///
    /// # Errors
    /// [`Invalid`] if there is no such method.
    pub fn versus(mut self, baseline: &str, bayes: bool) -> Result<Self, Invalid> {
        if !self.rows.iter().any(|row| row.method == baseline) {
            let methods = distinct(self.rows.iter().map(|row| row.method.as_str()));
            let fault = Invalid::at("baseline", format!("no method is called `{baseline}`"));
            return Err(fault.help(format!("the methods are: {}", methods.join(", "))));
        }
        for (c, column) in self.columns.iter().enumerate().filter(|(_, column)| column.form != Form::Estimate) {
            let found: Vec<Option<Difference>> =
                self.rows.iter().map(|row| against(&self.rows, row, baseline, (c, column))).collect();
            let adjusted = holm(&found.iter().map(|found| found.map_or(f64::NAN, |found| found.p)).collect::<Vec<_>>());
            for ((row, found), holm) in self.rows.iter_mut().zip(found).zip(adjusted) {
                if let Some(entry) = &mut row.entries[c] {
                    entry.difference = found.map(|found| Difference { holm, ..found });
                }
            }
        }
        self.versus = Some(Versus { baseline: baseline.to_owned(), bayes });
        Ok(self)
    }
}

/// A row against the baseline of its cell in column `c`.
fn against(rows: &[Row], row: &Row, baseline: &str, (c, column): (usize, &Column)) -> Option<Difference> {
    if row.method == baseline || column.better == Better::Neither {
        return None;
    }
    let reference = rows.iter().find(|other| other.cell == row.cell && other.method == baseline)?;
    Difference::of(row.entries[c].as_ref()?, reference.entries[c].as_ref()?, column)
}
