//! Availability in virtual time: when a client goes up and down.

use std::{path::Path, sync::Arc};

use rand::RngExt;
use rand_distr::{Distribution, Exp1};

use super::availability::AvailabilitySpec;
use crate::{
    invalid::Invalid,
    random::{Purpose, Quantity, Rng, Sampler, Setting, Streams},
    table,
};

/// A stretch of time in which a client is up, or down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub up: bool,
    /// When the stretch ends [s]; infinite if never.
    pub end: f64,
}

/// An on-off process, a function of the client's streams.
#[derive(Debug, Clone)]
pub(super) enum TimeProcess {
    Always,
    Markov { up: Sampler, down: Sampler },
    Cyclic { up: Sampler, down: Sampler, phase: Option<Sampler> },
    Trace(Arc<[Interval]>),
}

/// A time in which a client of a trace is up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    client: usize,
    from: f64,
    to: f64,
}

impl TimeProcess {
    /// The process of `spec`, or `None` if it runs in rounds.
    pub fn build(spec: &AvailabilitySpec, setting: &Setting) -> Result<Option<Self>, Invalid> {
        let length = |key: &str, quantity: &Quantity| {
            let name = format!("fleet.availability.{key}");
            let low = if key.ends_with("phase") { 0.0 } else { f64::MIN_POSITIVE };
            quantity.clone().per_client().build(&name, &(low..=f64::MAX), setting).map_err(|error| error.under(key))
        };
        Ok(Some(match spec {
            AvailabilitySpec::Always => Self::Always,
            AvailabilitySpec::Markov { up, down } => {
                Self::Markov { up: length("markov.up", up)?, down: length("markov.down", down)? }
            }
            AvailabilitySpec::Cyclic { up, down, phase } => Self::Cyclic {
                up: length("cyclic.up", up)?,
                down: length("cyclic.down", down)?,
                phase: phase.as_ref().map(|phase| length("cyclic.phase", phase)).transpose()?,
            },
            AvailabilitySpec::Trace(path) => {
                let intervals = read_trace(&setting.locate(path), setting.clients).map_err(|error| error.under("trace"))?;
                Self::Trace(intervals.into())
            }
            _ => return Ok(None),
        }))
    }

    /// The process of one client from time 0.
    pub fn walk(&self, client: usize, streams: Streams) -> Walk {
        let mut rng = streams.stream(Purpose::Availability, client, 0);
        match self {
            Self::Always => Walk::Always,
            Self::Markov { up, down } => {
                let means = [down.client_mean(client), up.client_mean(client)];
                let is_up = rng.random::<f64>() * (means[0] + means[1]) < means[1];
                let mut walk = Alternation { means, up: is_up, start: 0.0, end: 0.0, rng };
                walk.end = walk.period();
                Walk::Markov(Box::new(walk))
            }
            Self::Cyclic { up, down, phase } => {
                let (up, down) = (up.client_mean(client), down.client_mean(client));
                let phase = phase.as_ref().map_or_else(|| rng.random::<f64>() * (up + down), |phase| phase.client_mean(client));
                Walk::Cyclic { up, period: up + down, phase }
            }
            Self::Trace(intervals) => Walk::Trace { client, intervals: intervals.clone() },
        }
    }

    /// Long-run fraction of time that `client` is up; unknown for a trace.
    pub fn fraction_up(&self, client: usize) -> Option<f64> {
        match self {
            Self::Always => Some(1.0),
            Self::Markov { up, down } | Self::Cyclic { up, down, .. } => {
                let (up, down) = (up.client_mean(client), down.client_mean(client));
                Some(up / (up + down))
            }
            Self::Trace(_) => None,
        }
    }
}

/// Where one client stands in its process. It can be thrown away at any time: the process starts again from the stream.
#[derive(Debug, Clone)]
pub(super) enum Walk {
    Always,
    Markov(Box<Alternation>),
    Cyclic { up: f64, period: f64, phase: f64 },
    Trace { client: usize, intervals: Arc<[Interval]> },
}

impl Walk {
    /// The stretch that contains `time`, with `time < end`; `None` if the walk is already past `time`.
    pub fn segment(&mut self, time: f64) -> Option<Segment> {
        match self {
            Self::Always => Some(Segment { up: true, end: f64::INFINITY }),
            Self::Markov(alternation) => alternation.segment(time),
            Self::Cyclic { up, period, phase } => Some(cyclic(time, *up, *period, *phase)),
            Self::Trace { client, intervals } => Some(traced(time, *client, intervals)),
        }
    }
}

/// An alternating renewal process with exponential periods.
#[derive(Debug, Clone)]
pub(super) struct Alternation {
    /// Mean periods down and up [s].
    means: [f64; 2],
    up: bool,
    start: f64,
    end: f64,
    rng: Rng,
}

impl Alternation {
    fn period(&mut self) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.rng);
        self.means[usize::from(self.up)] * unit
    }

    fn segment(&mut self, time: f64) -> Option<Segment> {
        if time < self.start {
            return None;
        }
        while self.end <= time {
            self.up = !self.up;
            self.start = self.end;
            // Always ahead, even where a short period vanishes beside a late time.
            self.end = (self.start + self.period()).max(self.start.next_up());
        }
        Some(Segment { up: self.up, end: self.end })
    }
}

/// Up on `[k · period − phase, k · period − phase + up)` for all whole `k`.
fn cyclic(time: f64, up: f64, period: f64, phase: f64) -> Segment {
    let boundary = |index: f64| {
        let cycle = (index / 2.0).floor();
        cycle * period - phase + if index > 2.0 * cycle { up } else { 0.0 }
    };
    // Start one stretch early: rounding may put `time` on the other side of a boundary.
    let mut index = 2.0 * ((time + phase) / period).floor() - 1.0;
    for _ in 0..4 {
        if boundary(index + 1.0) <= time {
            index += 1.0;
        }
    }
    Segment { up: index.rem_euclid(2.0) == 0.0, end: boundary(index + 1.0).max(time.next_up()) }
}

/// The stretch around `time` in intervals sorted by client and time.
fn traced(time: f64, client: usize, intervals: &[Interval]) -> Segment {
    let next = intervals.partition_point(|interval| (interval.client, interval.to) <= (client, time));
    match intervals.get(next).filter(|interval| interval.client == client) {
        None => Segment { up: false, end: f64::INFINITY },
        Some(interval) if interval.from <= time => Segment { up: true, end: interval.to },
        Some(interval) => Segment { up: false, end: interval.from },
    }
}

/// Reads `client, from, to`, sorts, and joins what overlaps or touches.
fn read_trace(path: &Path, clients: usize) -> Result<Vec<Interval>, Invalid> {
    let fault = |line, message: String| Invalid::at("", message).in_file(path, Some(line));
    let mut intervals = Vec::new();
    for (line, [client, from, to]) in table::read(path, ["client", "from", "to"])? {
        let client = table::index(client, clients, "client").map_err(|message| fault(line, message))?;
        if !(0.0 <= from && from < to) {
            return Err(fault(line, format!("from {from} to {to} is no stretch of time: expected 0 ≤ from < to")));
        }
        intervals.push(Interval { client, from, to });
    }
    intervals.sort_by(|a, b| a.client.cmp(&b.client).then(a.from.total_cmp(&b.from)));
    intervals.dedup_by(|next, kept| {
        let joined = kept.client == next.client && next.from <= kept.to;
        if joined {
            kept.to = kept.to.max(next.to);
        }
        joined
    });
    Ok(intervals)
}
