//! The answers of recorded curves to a claim.

use super::{
    Answer, At, ClaimSpec, Comparison, Direction, Verdict,
    check::{Assertion, Quantity},
    judge::{Judgement, Measured, Open, beats, lies, moves},
};
use crate::{
    invalid::Invalid,
    record::{
        axis::{Axis, short},
        cell,
        curves::{Cell, Curves, Run, facts::Sampling, target::Target},
        metric::Better,
        spread::{Bracket, median},
    },
    rounding::end_of_instant,
};

/// Answers a claim, once in each cell that it is about (for a trend, once in each cell of the other keys).
///
/// # Errors
/// [`Invalid`] if the claim has no meaning. A claim on something that was not recorded is a verdict with a note, not an error.
pub fn evaluate(claim: &ClaimSpec, curves: &Curves) -> Result<Vec<Verdict>, Invalid> {
    let (quantity, assertion) = claim.meaning()?;
    let cells: Vec<&Cell> = curves.cells().into_iter().filter(|cell| cell::keeps(&claim.cells, cell)).collect();
    let verdict = |cell: Cell, judged: Result<Judgement, String>| {
        let (measured, range, answer, note) = match judged {
            Ok(Judgement { figure, range, answer, note }) => (Some(figure), Some(range), answer, note),
            Err(reason) => (None, None, Answer::Unknown, Some(reason)),
        };
        let range = range.filter(|range| range.low < range.high);
        let why = claim.reason.as_ref().filter(|_| answer == Answer::Fails).cloned();
        let note = [note, why].into_iter().flatten().reduce(|note, why| format!("{note}; {why}"));
        let (text, source, required) = (claim.text.clone(), claim.source.clone(), required(&assertion));
        Verdict { text, source, cell, measured, range, required, answer, note }
    };
    if cells.is_empty() {
        return Ok(vec![verdict(Cell::default(), Err("no recorded cell matches `where`".into()))]);
    }
    if let Assertion::Moves { over, .. } = assertion {
        let groups = grouped(&cells, over);
        return Ok(groups.into_iter().map(|(rest, group)| verdict(rest, trend(curves, &quantity, &assertion, &group))).collect());
    }
    Ok(cells.into_iter().map(|cell| verdict(cell.clone(), judge(curves, &quantity, &assertion, cell))).collect())
}

/// The cells that differ in `over` only, under what they share.
fn grouped<'a>(cells: &[&'a Cell], over: &str) -> Vec<(Cell, Vec<&'a Cell>)> {
    let mut groups: Vec<(Cell, Vec<&Cell>)> = Vec::new();
    for &cell in cells {
        let rest = cell.without(&[over]);
        match groups.iter_mut().find(|(shared, _)| *shared == rest) {
            Some((_, group)) => group.push(cell),
            None => groups.push((rest, vec![cell])),
        }
    }
    groups
}

fn judge(curves: &Curves, quantity: &Quantity, assertion: &Assertion<'_>, cell: &Cell) -> Result<Judgement, String> {
    match *assertion {
        Assertion::Beats { better, worse, by, compare } => {
            let sides = [measure(curves, quantity, cell, better)?, measure(curves, quantity, cell, worse)?];
            beats(direction(curves, quantity), sides, by, compare)
        }
        Assertion::Lies { of, low, high } => Ok(lies(measure(curves, quantity, cell, of)?, low, high)),
        Assertion::Moves { .. } => Err("a trend needs several cells".into()),
    }
}

/// The direction in which values of a quantity are better.
fn direction(curves: &Curves, quantity: &Quantity) -> Better {
    match quantity {
        Quantity::Value { metric, .. } => curves.metric(metric).map_or(Better::Lower, |column| curves.metrics[column].better),
        Quantity::Crossing { .. } => Better::Lower,
    }
}

/// Judges a trend over the cells of one group, in the order of the key's numeric values.
fn trend(curves: &Curves, quantity: &Quantity, assertion: &Assertion<'_>, group: &[&Cell]) -> Result<Judgement, String> {
    let &Assertion::Moves { of, over, direction, within } = assertion else {
        return Err("not a trend".into());
    };
    let mut points = Vec::new();
    for cell in group {
        let value = cell.get(over).ok_or_else(|| format!("`{over}` is not swept"))?;
        let key: f64 = value.parse().map_err(|_| format!("`{over}` has the value `{value}`, which is not a number"))?;
        points.push((key, measure(curves, quantity, cell, of)?));
    }
    if points.len() < 2 {
        return Err(format!("only one value of `{over}` was run"));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let is_finite = |found: &Measured| [found.value.low, found.value.high].into_iter().all(f64::is_finite);
    if let Some((key, _)) = points.iter().find(|point| !is_finite(&point.1)) {
        return Err(format!("{of} has no finite value at {over} = {key}"));
    }
    Ok(moves(points, direction, within))
}

/// The median over seeds of a quantity of `method` in `cell`.
fn measure(curves: &Curves, quantity: &Quantity, cell: &Cell, method: &str) -> Result<Measured, String> {
    let metric = curves.metric(quantity.metric()).ok_or_else(|| format!("{} was not recorded", quantity.metric()))?;
    let runs: Vec<&Run> = curves.of(cell, method).collect();
    let found = match quantity {
        Quantity::Value { at, .. } => at_instant(&runs, *at, (metric, curves.metrics[metric].better), method),
        Quantity::Crossing { target, axis } => at_target(&runs, target, *axis, (metric, curves.metrics[metric].better), method),
    };
    found.ok_or_else(|| format!("{method} has no value of {} there", quantity.metric()))
}

/// The median over `runs` of `method` of a metric at an instant.
fn at_instant(runs: &[&Run], at: At, (metric, better): (usize, Better), method: &str) -> Option<Measured> {
    let found: Vec<Instant> = runs.iter().filter_map(|run| Instant::of(run, at, metric, better)).collect();
    let value = Bracket::median(&found.iter().map(|instant| instant.range).collect::<Vec<_>>())?;
    let figure = median(&mut found.iter().map(|instant| instant.value).collect::<Vec<_>>())?;
    let between = Bracket::median(&found.iter().filter_map(|instant| instant.between).collect::<Vec<_>>());
    let ends_before = |&(axis, x): &(Axis, f64)| runs.iter().any(|run| !run.diverged && !run.reaches(axis, x));
    let note = at.place().filter(ends_before).map(|(axis, x)| format!("{method} ends before {x} {axis}: its last value counts"));
    let told = |((axis, x), Bracket { low, high }): ((Axis, f64), Bracket)| Open {
        text: format!("{method} was sampled at {} and {} {axis}, not at {x}", short(low), short(high)),
        always: true,
    };
    let open = at.place().zip(between).filter(|_| !value.is_exact()).map(told);
    Some(Measured { label: method.to_owned(), value, figure, at_least: None, note, open })
}

/// The median over `runs` of `method` of where a target is reached.
fn at_target(runs: &[&Run], target: &Target, axis: Axis, metric: (usize, Better), method: &str) -> Option<Measured> {
    let crossing = |run: &&Run| target.crossing(run, axis, metric).unwrap_or(Bracket::at(f64::INFINITY));
    let value = Bracket::median(&runs.iter().map(crossing).collect::<Vec<_>>())?;
    let end = |run: &&Run| if run.diverged { f64::INFINITY } else { run.end(axis) };
    let at_least = if value.high.is_infinite() { median(&mut runs.iter().map(end).collect::<Vec<_>>()) } else { None };
    let open = (!value.is_exact()).then(|| Open {
        text: format!("{method} reaches {target} between {} and {} {axis}", short(value.low), short(value.high)),
        always: false,
    });
    Some(Measured { label: method.to_owned(), value, figure: value.high, at_least, note: None, open })
}

fn required(assertion: &Assertion<'_>) -> String {
    match *assertion {
        Assertion::Beats { by, compare: Comparison::Ratio, .. } => format!("ratio ≥ {by}"),
        Assertion::Beats { by, .. } => format!("difference ≥ {by}"),
        Assertion::Lies { low, high, .. } if low.is_infinite() => format!("≤ {high}"),
        Assertion::Lies { low, high, .. } if high.is_infinite() => format!("≥ {low}"),
        Assertion::Lies { low, high, .. } => format!("in [{}, {}]", short(low), short(high)),
        Assertion::Moves { over, direction: Direction::Falls, .. } => format!("falls with {over}"),
        Assertion::Moves { over, direction: Direction::Rises, .. } => format!("rises with {over}"),
        Assertion::Moves { over, within, .. } => format!("flat in {over} within {within}"),
    }
}

/// The value of a metric at an instant, as the samples of a run show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Instant {
    /// The value of the last sample by then.
    pub value: f64,
    /// The possible values: between this sample and the next, where no sample is of the instant.
    pub range: Bracket,
    /// The places of these two samples.
    pub between: Option<Bracket>,
}

impl Instant {
    /// The value of the column `metric` of `run`, whose values are `better` in one direction; `None` before the first sample. It is the
    /// worst there is for a run that diverges sooner or later.
    ///
    /// The value is known where a sample is of the instant, after the last sample, and where every update of a server's model was
    /// sampled.
    pub fn of(run: &Run, at: At, metric: usize, better: Better) -> Option<Self> {
        let known = |value: f64| Self { value, range: Bracket::at(value), between: None };
        if run.diverged {
            return Some(known(better.worst()));
        }
        let Some((axis, x)) = at.place() else { return run.last(metric).map(|value| known(better.settle(value))) };
        // Sums of times round.
        let end = if axis == Axis::Seconds { end_of_instant(x) } else { x };
        let value = better.settle(run.at(axis, metric, end)?);
        let place = run.samples(axis, metric).map(|sample| sample.0).take_while(|&place| place <= end).last()?;
        let is_of_it = match axis {
            Axis::Rounds | Axis::Updates => place >= x.floor(),
            Axis::Seconds => end_of_instant(place) >= x,
            Axis::Gradients | Axis::UplinkBits | Axis::DownlinkBits => place >= x,
        };
        if is_of_it || run.sampling.is_some_and(Sampling::is_exact) {
            return Some(known(value));
        }
        let Some((after, next)) = run.samples(axis, metric).find(|sample| sample.0 > end) else { return Some(known(value)) };
        let next = better.settle(next);
        let range = Bracket { low: value.min(next), high: value.max(next) };
        Some(Self { value, range, between: Some(Bracket { low: place, high: after }) })
    }
}
