//! What the recorded curves answer.

use super::check::{Assertion, Quantity};
use super::{ClaimSpec, Comparison, Direction, Verdict};
use crate::invalid::Invalid;
use crate::record::curves::{Cell, Curves, Run};
use crate::record::filter;
use crate::record::measure::Better;
use crate::record::spread;
use crate::record::units::short;

/// A median over seeds.
#[derive(Debug, Clone)]
struct Measured {
    value: f64,
    /// Where the runs ended, if `value` is infinite because a target was never reached.
    at_least: Option<f64>,
    /// That runs ended before the instant asked for.
    note: Option<String>,
}

/// A judgement: the figure, whether it suffices, what to know about it.
type Judgement = (f64, bool, Option<String>);

/// Answers a claim, once in each cell that it is about (for a trend, once in each cell of the other keys).
///
/// # Errors
/// [`Invalid`] if the claim has no meaning. A claim on something that was not recorded is a verdict with a note, not an error.
pub fn evaluate(claim: &ClaimSpec, curves: &Curves) -> Result<Vec<Verdict>, Invalid> {
    let (quantity, assertion) = claim.meaning()?;
    let cells: Vec<&Cell> = curves.cells().into_iter().filter(|cell| filter::keeps(&claim.cells, cell)).collect();
    let verdict = |cell: Cell, judged: Result<Judgement, String>| {
        let (measured, holds, note) = match judged {
            Ok((measured, holds, note)) => (Some(measured), Some(holds), note),
            Err(reason) => (None, None, Some(reason)),
        };
        let why = claim.reason.as_ref().filter(|_| holds == Some(false)).cloned();
        let note = [note, why].into_iter().flatten().reduce(|note, why| format!("{note}; {why}"));
        let (text, source, required) = (claim.text.clone(), claim.source.clone(), required(&assertion));
        Verdict { text, source, cell, measured, required, holds, note }
    };
    if cells.is_empty() {
        return Ok(vec![verdict(Cell::default(), Err("no recorded cell matches `where`".into()))]);
    }
    if let Assertion::Moves { over, .. } = assertion {
        let groups = grouped(&cells, over);
        return Ok(groups.into_iter().map(|(rest, group)| verdict(rest, moves(curves, &quantity, &assertion, &group))).collect());
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
            let (good, bad) = (measure(curves, quantity, cell, better)?, measure(curves, quantity, cell, worse)?);
            beats(quantity, [(better, good), (worse, bad)], by, compare)
        }
        Assertion::Lies { of, low, high } => {
            let found = measure(curves, quantity, cell, of)?;
            let note = found.at_least.map(|end| format!("{of} does not reach the target by {}", short(end))).or(found.note);
            Ok((found.value, found.value >= low && found.value <= high, note))
        }
        Assertion::Moves { .. } => Err("a trend needs several cells".into()),
    }
}

/// The median over seeds of a quantity of `method` in `cell`.
fn measure(curves: &Curves, quantity: &Quantity, cell: &Cell, method: &str) -> Result<Measured, String> {
    let metric = curves.metric(quantity.metric()).ok_or_else(|| format!("{} was not recorded", quantity.metric()))?;
    let missing = || format!("{method} has no value of {} there", quantity.metric());
    let runs: Vec<&Run> = curves.of(cell, method).collect();
    let better = quantity.better();
    let mut values: Vec<f64> = match quantity {
        Quantity::Value { at, .. } => runs
            .iter()
            .filter_map(|run| at.place().map_or_else(|| run.last(metric), |(axis, x)| run.at(axis, metric, x)))
            .map(|v| better.settle(v))
            .collect(),
        Quantity::Crossing { target, axis } => {
            runs.iter().map(|run| target.crossing(run, *axis, metric).unwrap_or(f64::INFINITY)).collect()
        }
    };
    let value = spread::median(&mut values).ok_or_else(missing)?;
    let at_least = match quantity {
        Quantity::Crossing { axis, .. } if value.is_infinite() => {
            spread::median(&mut runs.iter().map(|run| run.end(*axis)).collect::<Vec<_>>())
        }
        _ => None,
    };
    let early = match quantity {
        Quantity::Value { at, .. } => {
            at.place().filter(|&(axis, x)| runs.iter().any(|run| !run.diverged && !run.reaches(axis, x)))
        }
        Quantity::Crossing { .. } => None,
    };
    let note = early.map(|(axis, x)| format!("{method} ends before {x} {axis}: its last value counts"));
    Ok(Measured { value, at_least, note })
}

/// Compares two methods. A target that the worse method never reached is worth as much as the run was long: the figure is
/// then a lower bound, and says so.
fn beats(quantity: &Quantity, sides: [(&str, Measured); 2], by: f64, compare: Comparison) -> Result<Judgement, String> {
    let [(good_label, good), (bad_label, bad)] = sides;
    if let Some(end) = good.at_least {
        return Ok((
            if compare == Comparison::Ratio { 0.0 } else { f64::NEG_INFINITY },
            false,
            Some(format!("{good_label} does not reach the target by {}", short(end))),
        ));
    }
    let bound = bad.at_least.map(|end| format!("at least: {bad_label} does not reach the target by {}", short(end)));
    let notes: Vec<String> = [bound, good.note, bad.note].into_iter().flatten().collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let (g, b) = (good.value, bad.at_least.unwrap_or(bad.value));
    let figure = match (compare, quantity.better()) {
        (Comparison::Ratio, Better::Lower) => b / g,
        (Comparison::Ratio, Better::Higher) => (1.0 - b) / (1.0 - g),
        (Comparison::Difference, Better::Lower) => b - g,
        (Comparison::Difference, Better::Higher) => g - b,
    };
    if figure.is_nan() {
        return Err(format!("{bad_label} ({}) and {good_label} ({}) cannot be compared", short(b), short(g)));
    }
    Ok((figure, figure >= by, note))
}

/// Judges a trend over the cells of one group, in the order of the key's numeric values.
fn moves(curves: &Curves, quantity: &Quantity, assertion: &Assertion<'_>, group: &[&Cell]) -> Result<Judgement, String> {
    let &Assertion::Moves { of, over, direction, within } = assertion else {
        return Err("not a trend".into());
    };
    let mut points = Vec::new();
    for cell in group {
        let value = cell.get(over).ok_or_else(|| format!("`{over}` is not swept"))?;
        let key: f64 = value.parse().map_err(|_| format!("`{over}` has the value `{value}`, which is not a number"))?;
        points.push((key, measure(curves, quantity, cell, of)?.value));
    }
    if points.len() < 2 {
        return Err(format!("only one value of `{over}` was run"));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let values: Vec<f64> = points.iter().map(|point| point.1).collect();
    if let Some((key, _)) = points.iter().find(|point| !point.1.is_finite()) {
        return Err(format!("{of} has no finite value at {over} = {key}"));
    }
    let (first, last) = (values[0], values[values.len() - 1]);
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let holds = match direction {
        Direction::Falls => last < first && values.windows(2).all(|pair| pair[1] <= pair[0]),
        Direction::Rises => last > first && values.windows(2).all(|pair| pair[1] >= pair[0]),
        Direction::Flat => high - low <= within * low.abs().min(high.abs()),
    };
    let listed: Vec<String> = points.iter().map(|(key, value)| format!("{} at {key}", short(*value))).collect();
    Ok((last / first, holds, Some(listed.join(", "))))
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
