//! The quantity of a claim in every seed, with what samples leave open.

use std::collections::BTreeMap;

use super::{At, check::Quantity};
use crate::{
    record::{
        axis::{Axis, short},
        curves::{Cell, Curves, Run, facts::Sampling, target::Target},
        metric::Better,
        spread::Bracket,
    },
    rounding::end_of_instant,
};

/// A quantity of one method in one cell.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// The label of the method.
    pub label: String,
    /// Its value under each seed; never empty.
    pub seeds: BTreeMap<u64, Found>,
    /// A remark that runs ended before the instant.
    pub note: Option<String>,
    /// Between which samples the values lie, where they leave that open.
    pub open: Option<Open>,
}

/// A quantity of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// The value shown: that of the last sample by an instant, or the place by which a target was certainly reached.
    pub value: f64,
    /// The possible values.
    pub range: Bracket,
    /// The end of the run, if `value` is infinite because a target was never reached; infinite where the run diverged.
    pub missed: Option<f64>,
}

/// The uncertainty between two samples, in words.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub text: String,
    /// Whether it is shown even for claims that are decided: the figure is then not that of the instant.
    pub always: bool,
}

impl Measured {
    /// The words for targets that were not reached in some seeds; `None` where all were.
    pub fn missed(&self) -> Option<String> {
        let ends: Vec<f64> = self.seeds.values().filter_map(|found| found.missed).collect();
        let seeds = if ends.len() == self.seeds.len() {
            String::new()
        } else {
            format!(" in {} of {} seeds", ends.len(), self.seeds.len())
        };
        let latest = ends.iter().copied().filter(|end| end.is_finite()).reduce(f64::max);
        match latest {
            _ if ends.is_empty() => None,
            Some(end) => Some(format!("{} does not reach the target by {}{seeds}", self.label, short(end))),
            None => Some(format!("{} diverges{seeds}", self.label)),
        }
    }
}

/// Measures a quantity of `method` in `cell`.
///
/// # Errors
/// A reason why there is none.
pub(super) fn measure(curves: &Curves, quantity: &Quantity, cell: &Cell, method: &str) -> Result<Measured, String> {
    let metric = curves.metric(quantity.metric()).ok_or_else(|| format!("{} was not recorded", quantity.metric()))?;
    let column = (metric, curves.metrics[metric].better);
    let runs: Vec<&Run> = curves.of(cell, method).collect();
    let found = match quantity {
        Quantity::Value { at, .. } => at_instant(&runs, *at, column, method),
        Quantity::Crossing { target, axis } => at_target(&runs, target, *axis, column, method),
    };
    if found.seeds.is_empty() { Err(format!("{method} has no value of {} there", quantity.metric())) } else { Ok(found) }
}

/// A metric of each of `runs` at an instant.
fn at_instant(runs: &[&Run], at: At, (metric, better): (usize, Better), method: &str) -> Measured {
    let found: Vec<(u64, Instant)> =
        runs.iter().filter_map(|run| Some((run.seed, Instant::of(run, at, metric, better)?))).collect();
    let between = Bracket::median(&found.iter().filter_map(|(_, instant)| instant.between).collect::<Vec<_>>());
    let is_known = found.iter().all(|(_, instant)| instant.range.is_exact());
    let ends_before = |&(axis, x): &(Axis, f64)| runs.iter().any(|run| !run.diverged && !run.reaches(axis, x));
    let note = at.place().filter(ends_before).map(|(axis, x)| format!("{method} ends before {x} {axis}: its last value counts"));
    let open = at.place().zip(between).filter(|_| !is_known).map(|((axis, x), Bracket { low, high })| Open {
        text: format!("{method} was sampled at {} and {} {axis}, not at {x}", short(low), short(high)),
        always: true,
    });
    let of_seed = |(seed, Instant { value, range, .. })| (seed, Found { value, range, missed: None });
    Measured { label: method.to_owned(), seeds: found.into_iter().map(of_seed).collect(), note, open }
}

/// The place at which each of `runs` reaches a target.
fn at_target(runs: &[&Run], target: &Target, axis: Axis, metric: (usize, Better), method: &str) -> Measured {
    let found = |run: &&Run| {
        let end = if run.diverged { f64::INFINITY } else { run.end(axis) };
        let crossing = target.crossing(run, axis, metric);
        let range = crossing.unwrap_or(Bracket::at(f64::INFINITY));
        (run.seed, Found { value: range.high, range, missed: crossing.is_none().then_some(end) })
    };
    let seeds: BTreeMap<u64, Found> = runs.iter().map(found).collect();
    let value = Bracket::median(&seeds.values().map(|found| found.range).collect::<Vec<_>>());
    let open = value.filter(|value| !value.is_exact()).map(|Bracket { low, high }| Open {
        text: format!("{method} reaches {target} between {} and {} {axis}", short(low), short(high)),
        always: false,
    });
    Measured { label: method.to_owned(), seeds, note: None, open }
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
        if let At::Last(share) = at {
            return run.tail(metric, share).map(|value| known(better.settle(value)));
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
