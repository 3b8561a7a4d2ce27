//! Availability in virtual time: when a client goes up and down.

use std::{collections::HashMap, path::Path, sync::Arc};

use rand::RngExt;
use rand_distr::{Distribution, Exp1};

use super::AvailabilitySpec;
use crate::{
    invalid::Invalid,
    random::{Purpose, Quantity, Rng, Sampler, Setting, Streams},
    table,
};

/// Cycles from which on they are counted together, not walked through one by one.
const CYCLES: f64 = 1000.0;

/// A stretch of time in which a client is up, or down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::fleet) struct Segment {
    pub up: bool,
    /// When the stretch ends `[s]`; infinite if never.
    pub end: f64,
}

/// An on-off process, a function of the client's streams.
#[derive(Debug, Clone)]
pub(in crate::fleet) enum TimeProcess {
    Always,
    Markov { up: Sampler, down: Sampler },
    Cyclic { up: Sampler, down: Sampler, phase: Option<Sampler> },
    Trace(Arc<[Interval]>),
}

/// A time in which a client of a trace is up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::fleet) struct Interval {
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

    /// The stretch around `time` of `client`, with `time < end`. `walks` keeps the clients that must be followed.
    pub fn segment(&self, client: usize, time: f64, streams: Streams, walks: &mut HashMap<usize, Alternation>) -> Segment {
        match self {
            Self::Always => Segment { up: true, end: f64::INFINITY },
            Self::Markov { up, down } => {
                let start = || Alternation::new([down, up].map(|mean| mean.client_mean(client)), stream(streams, client));
                let walk = walks.entry(client).or_insert_with(start);
                if time < walk.start {
                    *walk = start();
                }
                walk.segment(time)
            }
            Self::Cyclic { up, down, phase } => {
                let (up, down) = (up.client_mean(client), down.client_mean(client));
                let random = || stream(streams, client).random::<f64>() * (up + down);
                cyclic(time, up, up + down, phase.as_ref().map_or_else(random, |phase| phase.client_mean(client)))
            }
            Self::Trace(intervals) => traced(time, client, intervals),
        }
    }

    /// Whole cycles that `work` of `client` surely takes, where they are many: how long they last, and how much of the work is
    /// done in them, both in `[s]`; whenever they begin, a client is up for the same part of each.
    pub fn whole_cycles(&self, client: usize, work: f64) -> (f64, f64) {
        let Self::Cyclic { up, down, .. } = self else { return (0.0, 0.0) };
        let (up, down) = (up.client_mean(client), down.client_mean(client));
        let cycles = (work / up).floor() - 1.0;
        if cycles < CYCLES { (0.0, 0.0) } else { (cycles * (up + down), cycles * up) }
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

/// The stream of a client's process.
fn stream(streams: Streams, client: usize) -> Rng {
    streams.stream(Purpose::Availability, client, 0)
}

/// The state of one client in an alternating renewal process with exponential periods. It can be thrown away at any time: the
/// process starts again from the client's stream.
#[derive(Debug, Clone)]
pub(in crate::fleet) struct Alternation {
    /// Mean periods down and up `[s]`.
    means: [f64; 2],
    up: bool,
    start: f64,
    end: f64,
    rng: Rng,
}

impl Alternation {
    /// From time 0, in the stationary state.
    fn new(means: [f64; 2], mut rng: Rng) -> Self {
        let up = rng.random::<f64>() * (means[0] + means[1]) < means[1];
        let mut walk = Self { means, up, start: 0.0, end: 0.0, rng };
        walk.end = walk.period();
        walk
    }

    fn period(&mut self) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.rng);
        self.means[usize::from(self.up)] * unit
    }

    /// The stretch around a `time` that is not before the present one.
    fn segment(&mut self, time: f64) -> Segment {
        while self.end <= time {
            self.up = !self.up;
            self.start = self.end;
            // Always ahead, even where a short period vanishes beside a late time.
            self.end = (self.start + self.period()).max(self.start.next_up());
        }
        Segment { up: self.up, end: self.end }
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
    let table = table::read(path, ["client", "from", "to"])?;
    let mut intervals = Vec::new();
    for row in &table.rows {
        let client = table.index(row, 0, clients, "client")?;
        let [_, from, to] = row.values;
        if !(0.0 <= from && from < to) {
            return Err(table.fault_at(row, format!("from {from} to {to} is no stretch of time: expected 0 ≤ from < to")));
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
