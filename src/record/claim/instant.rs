//! The value of a metric at an instant, and what samples leave open of it.

use super::At;
use crate::{
    record::{axis::Axis, bracket::Bracket, curves::Run, facts::Sampling, metric::Better},
    rounding::end_of_instant,
};

/// What the samples of a run say of a metric at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Instant {
    /// The value of the last sample by then.
    pub value: f64,
    /// What the value may be: between this sample and the next, where no sample is of the instant.
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
