//! Groups, followed from arrival to arrival.
//!
//! A client delivers once from each of its calls to the next, so in the groups between the two it delivers a share of `1 / groups` in
//! each, and its frequency is the mean of these shares. Groups of clients whose times never change fall into a pattern that repeats
//! itself. The mean is taken with weights that rise from nothing and fall to nothing again: then it matters neither how the pattern
//! began nor where within it the last group is (a window of Hann; the error falls with the cube of the groups followed).

use std::{cmp::Reverse, collections::BinaryHeap, f64::consts::TAU, ops::RangeInclusive};

use super::Cycles;
use crate::random::{POPULATION, Purpose, Rng, Streams};

/// Arrivals of each client that are followed, on average; fewer in large fleets.
const LAPS: RangeInclusive<usize> = 20..=5000;

/// The same where times are drawn, and about `1 / √laps` of a frequency is left to chance.
const DRAWN_LAPS: RangeInclusive<usize> = 20..=20_000;

/// Arrivals that are followed in all, where that makes no fewer laps than the least.
const FOLLOWED: usize = 4_000_000;

/// Deliveries of each client in one server step, shape `[n]`, where the `size` earliest wait for each other and start again
/// together. A visit under way at the end counts as if it went on at its pace, so that nobody seems never to deliver.
pub(super) fn counted(cycles: &dyn Cycles, size: usize, streams: Streams) -> Vec<f64> {
    let clients = cycles.clients();
    let mut visits = Visits::new(cycles, streams);
    let laps = if visits.are_drawn() { DRAWN_LAPS } else { LAPS };
    let laps = (FOLLOWED / clients).clamp(*laps.start(), *laps.end());
    let mut shares = Shares::new(clients, laps * clients.div_ceil(size));
    (0..clients).for_each(|client| visits.start(client, 0.0));
    let mut group = Vec::with_capacity(size);
    let mut now = 0.0;
    for step in 1..=shares.groups {
        group.extend((0..size).filter_map(|_| visits.next()));
        now = group.iter().fold(now, |now, &(time, _)| f64::max(now, time));
        for (_, client) in group.drain(..) {
            shares.delivered(client, step);
            visits.start(client, now);
        }
    }
    visits.shares_at(now).for_each(|(client, passed)| shares.under_way(client, passed));
    let total: f64 = shares.sums.iter().sum();
    shares.sums.iter().map(|share| size as f64 * share / total).collect()
}

/// Mean shares of a delivery in one group, by client.
struct Shares {
    groups: usize,
    /// After which group each client was called last.
    called: Vec<usize>,
    sums: Vec<f64>,
}

impl Shares {
    fn new(clients: usize, groups: usize) -> Self {
        Self { groups, called: vec![0; clients], sums: vec![0.0; clients] }
    }

    /// The weight of all groups up to this one: `∫ 1 − cos 2πu du`.
    fn weight_until(&self, group: usize) -> f64 {
        let u = group as f64 / self.groups as f64;
        u - (TAU * u).sin() / TAU
    }

    /// A client has delivered in this group, and is called again.
    fn delivered(&mut self, client: usize, group: usize) {
        let called = std::mem::replace(&mut self.called[client], group);
        self.sums[client] += (self.weight_until(group) - self.weight_until(called)) / (group - called) as f64;
    }

    /// A client is under way at the end, with this share of its visit behind it [1].
    fn under_way(&mut self, client: usize, passed: f64) {
        let called = self.called[client];
        if called < self.groups {
            self.sums[client] += (1.0 - self.weight_until(called)) * passed / (self.groups - called) as f64;
        }
    }
}

/// Visits under way, earliest first, and in the order of their calls where several end at once.
struct Visits<'a> {
    cycles: &'a dyn Cycles,
    /// Times of clients that never change; drawn where `None`.
    steady: Vec<Option<[f64; 3]>>,
    starts: Vec<f64>,
    /// Ends as bit patterns, which sort like the non-negative floats that they are; the number of the call; the client.
    ends: BinaryHeap<Reverse<(u64, u64, usize)>>,
    calls: u64,
    rng: Rng,
}

impl<'a> Visits<'a> {
    fn new(cycles: &'a dyn Cycles, streams: Streams) -> Self {
        let clients = cycles.clients();
        Self {
            cycles,
            steady: (0..clients).map(|client| cycles.steady(client)).collect(),
            starts: vec![0.0; clients],
            ends: BinaryHeap::with_capacity(clients),
            calls: 0,
            rng: streams.stream(Purpose::Forecast, POPULATION, 0),
        }
    }

    fn are_drawn(&self) -> bool {
        self.steady.iter().any(Option::is_none)
    }

    fn start(&mut self, client: usize, now: f64) {
        let parts = self.steady[client].unwrap_or_else(|| self.cycles.draw(client, &mut self.rng));
        // Added one by one, so that the sum rounds as it does in a run.
        let end = parts.iter().fold(now, |time, part| time + part);
        self.starts[client] = now;
        self.ends.push(Reverse((end.to_bits(), self.calls, client)));
        self.calls += 1;
    }

    /// The next arrival: when [s], and who.
    fn next(&mut self) -> Option<(f64, usize)> {
        self.ends.pop().map(|Reverse((end, _, client))| (f64::from_bits(end), client))
    }

    /// The visits under way at `now` [s]: whose, and the share of it that has passed [1].
    fn shares_at(self, now: f64) -> impl Iterator<Item = (usize, f64)> {
        let Self { starts, ends, .. } = self;
        ends.into_iter().map(move |Reverse((end, _, client))| {
            let whole = f64::from_bits(end) - starts[client];
            let passed = now - starts[client];
            (client, if whole > 0.0 { (passed / whole).clamp(0.0, 1.0) } else { 0.0 })
        })
    }
}
