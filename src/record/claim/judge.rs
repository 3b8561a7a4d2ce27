//! Judging what was measured, with what samples leave open.
//!
//! Each assertion is evaluated over all values between the ends of what it is about: it holds or fails where it does so everywhere.

use super::{Answer, Comparison, Direction};
use crate::record::{axis::short, metric::Better, spread::Bracket};

/// A median over seeds.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// Whose it is.
    pub label: String,
    pub value: Bracket,
    /// The figure shown: the place by which a target was certainly reached, or the value of the last sample by an instant.
    pub figure: f64,
    /// The end of the runs, if `value` is infinite because a target was never reached; infinite where they diverged.
    pub at_least: Option<f64>,
    /// A remark that runs ended before the instant.
    pub note: Option<String>,
    /// Between which samples it lies, where they leave it open.
    pub open: Option<Open>,
}

/// The uncertainty between two samples, in words.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub text: String,
    /// Whether it is shown even for claims that are decided: the figure is then not that of the instant.
    pub always: bool,
}

impl Measured {
    /// The words for a target that was not reached by `end`.
    fn missed(&self, end: f64) -> String {
        let label = &self.label;
        if end.is_finite() { format!("{label} does not reach the target by {}", short(end)) } else { format!("{label} diverges") }
    }
}

/// The result of an assertion.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    /// The figure that was asked for.
    pub figure: f64,
    /// The possible values of the figure.
    pub range: Bracket,
    pub answer: Answer,
    /// A remark on it.
    pub note: Option<String>,
}

impl Judgement {
    /// The judgement on what is `certain`, and at least `possible`; what is `open` is said where that matters, with the remedy.
    fn new(
        figure: f64,
        range: Bracket,
        (certain, possible): (bool, bool),
        notes: impl IntoIterator<Item = String>,
        open: impl IntoIterator<Item = Open>,
    ) -> Self {
        let answer = match (certain, possible) {
            (true, _) => Answer::Holds,
            (false, true) => Answer::Undecided,
            (false, false) => Answer::Fails,
        };
        let undecided = answer == Answer::Undecided;
        let told = open.into_iter().filter(|open| undecided || open.always).map(|open| open.text).collect::<Vec<_>>();
        let remedy = (undecided || !told.is_empty()).then(|| REMEDY.to_owned());
        let note = notes.into_iter().chain(told).chain(remedy).reduce(|note, next| format!("{note}; {next}"));
        Self { figure, range, answer, note }
    }
}

/// The remedy for uncertainty between samples.
const REMEDY: &str = "`record.every = { rounds = 1 }` samples every update of a server; a finer grid samples peers more closely";

/// Compares two methods, the better one first. A target that the worse method never reached is worth as much as the run was long: the
/// figure is then a lower bound, and says so.
pub(super) fn beats(better: Better, [good, bad]: [Measured; 2], by: f64, compare: Comparison) -> Result<Judgement, String> {
    if let Some(end) = good.at_least {
        let figure = if compare == Comparison::Ratio { 0.0 } else { f64::NEG_INFINITY };
        return Ok(Judgement::new(figure, Bracket::at(figure), (false, false), [good.missed(end)], []));
    }
    let bound = bad.at_least.map(|end| if end.is_finite() { format!("at least: {}", bad.missed(end)) } else { bad.missed(end) });
    let (g, b) = (good.value, bad.at_least.map_or(bad.value, Bracket::at));
    let shown = (bad.at_least.unwrap_or(bad.figure), good.figure);
    let figure = |b: f64, g: f64| match (compare, better) {
        (Comparison::Ratio, Better::Higher) => (1.0 - b) / (1.0 - g),
        (Comparison::Difference, Better::Higher) => g - b,
        (Comparison::Ratio, _) => b / g,
        (Comparison::Difference, _) => b - g,
    };
    let measured = figure(shown.0, shown.1);
    if measured.is_nan() {
        return Err(format!("{} ({}) and {} ({}) cannot be compared", bad.label, short(shown.0), good.label, short(shown.1)));
    }
    let corners = [(b.low, g.low), (b.low, g.high), (b.high, g.low), (b.high, g.high)].map(|(b, g)| figure(b, g));
    // Of zero and zero any ratio may be right, of infinities any difference.
    let least = if compare == Comparison::Ratio { 0.0 } else { f64::NEG_INFINITY };
    let any = if corners.iter().any(|corner| corner.is_nan()) { &[least, f64::INFINITY][..] } else { &[] };
    let range = spanned(corners.iter().chain(any).copied().filter(|corner| !corner.is_nan()));
    let notes = [bound, good.note, bad.note].into_iter().flatten();
    let open = [good.open, bad.open].into_iter().flatten();
    Ok(Judgement::new(measured, range, (range.low >= by, range.high >= by), notes, open))
}

/// Whether the value of one method lies in `[low, high]`.
pub(super) fn lies(found: Measured, low: f64, high: f64) -> Judgement {
    let value = found.value;
    let certain = value.low >= low && value.high <= high;
    let possible = value.high >= low && value.low <= high;
    let note = found.at_least.map(|end| found.missed(end)).or(found.note);
    Judgement::new(found.figure, value, (certain, possible), note, found.open)
}

/// From the least to the greatest of `values`.
fn spanned(values: impl Iterator<Item = f64>) -> Bracket {
    let none = Bracket { low: f64::INFINITY, high: f64::NEG_INFINITY };
    values.fold(none, |all, value| Bracket { low: all.low.min(value), high: all.high.max(value) })
}

/// Whether values move as they should over two keys or more, in the order of `points`.
pub(super) fn moves(points: Vec<(f64, Measured)>, direction: Direction, within: f64) -> Judgement {
    let values: Vec<Bracket> = points.iter().map(|point| point.1.value).collect();
    let figure = points[points.len() - 1].1.figure / points[0].1.figure;
    let (first, last) = (values[0], values[values.len() - 1]);
    let always = |holds: &dyn Fn(Bracket, Bracket) -> bool| values.windows(2).all(|pair| holds(pair[0], pair[1]));
    let least = |end: fn(&Bracket) -> f64| values.iter().map(end).fold(f64::INFINITY, f64::min);
    let greatest = |end: fn(&Bracket) -> f64| values.iter().map(end).fold(f64::NEG_INFINITY, f64::max);
    let flat = |low: f64, high: f64| high - low <= within * low.abs().min(high.abs());
    let holds = match direction {
        Direction::Falls => (
            last.high < first.low && always(&|before, after| after.high <= before.low),
            last.low < first.high && always(&|before, after| after.low <= before.high),
        ),
        Direction::Rises => (
            last.low > first.high && always(&|before, after| after.low >= before.high),
            last.high > first.low && always(&|before, after| after.high >= before.low),
        ),
        // At their widest; and at their closest, where the greatest lower end is above the least upper one.
        Direction::Flat => {
            let (widest, closest) = ((least(|v| v.low), greatest(|v| v.high)), (least(|v| v.high), greatest(|v| v.low)));
            (flat(widest.0, widest.1), closest.1 <= closest.0 || flat(closest.0, closest.1))
        }
    };
    let shown = |value: Bracket| {
        if value.is_exact() { short(value.high) } else { format!("{}–{}", short(value.low), short(value.high)) }
    };
    let listed: Vec<String> = points.iter().map(|(key, found)| format!("{} at {key}", shown(found.value))).collect();
    let range = Bracket { low: last.low / first.high, high: last.high / first.low };
    // The values are listed with what they may be; once is enough for the samples.
    let open = points.into_iter().find_map(|(_, found)| found.open.filter(|open| open.always));
    Judgement::new(figure, range, holds, [listed.join(", ")], open)
}
