//! The presence of clients, followed as virtual time goes on.

use std::collections::HashMap;

use super::{
    Fleet, Leave,
    availability::{
        Availability,
        round::Chain,
        time::{Alternation, Segment, TimeProcess},
    },
};
use crate::{engine::Finish, random::Streams, rounding::end_of_instant};

/// Follows the availability of the clients that are asked about.
///
/// Everything it keeps can be computed again from the client's stream, so it needs no checkpoint and its answers do not
/// depend on what was asked before. Questions about one client at growing times cost constant time on average; a question
/// about an earlier time starts the client's process again.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    walks: HashMap<usize, Alternation>,
    chains: HashMap<usize, Chain>,
}

impl Presence {
    /// Nobody followed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `client` is up at `time` `[s]`. A client whose availability runs in rounds is up at any time.
    pub fn is_up(&mut self, fleet: &Fleet, client: usize, time: f64) -> bool {
        self.segment(fleet, client, time).up
    }

    /// The first time from `time` on when `client` is up `[s]`; `None` if it never is again.
    pub fn next_up(&mut self, fleet: &Fleet, client: usize, time: f64) -> Option<f64> {
        let segment = self.segment(fleet, client, time);
        if segment.up { Some(time) } else { Some(segment.end).filter(|end| end.is_finite()) }
    }

    /// When `client` next changes after `time` `[s]`, and whether it is up then; `None` if it never does.
    pub fn next_change(&mut self, fleet: &Fleet, client: usize, time: f64) -> Option<(f64, bool)> {
        let Availability::Time(process) = &fleet.of(client).availability else { return None };
        let stretch = process.segment(client, time, fleet.streams, &mut self.walks);
        Some((stretch.end, !stretch.up)).filter(|(end, _)| end.is_finite())
    }

    /// How work of `duration` `[s]` ends that `client` gets at `start` `[s]`. It begins when the client is up; when the client
    /// leaves, the work pauses or is lost as its [`Leave`] says; with a client that leaves for good it is lost in any case. Work
    /// that ends in the very instant in which the client leaves is done, and what comes of it is sent in that instant.
    pub fn finish(&mut self, fleet: &Fleet, client: usize, start: f64, duration: f64) -> Finish {
        let group = fleet.of(client);
        let Availability::Time(process) = &group.availability else { return Finish::At(start + duration) };
        let (mut time, mut left) = (start, duration);
        if group.leave == Leave::Pause {
            let (passed, done) = process.whole_cycles(client, duration);
            (time, left) = (time + passed, left - done);
        }
        loop {
            let stretch = around(process, client, time, fleet.streams, &mut self.walks);
            if stretch.up {
                if time + left <= end_of_instant(stretch.end) {
                    return Finish::At(time + left);
                }
                if group.leave == Leave::Lose {
                    return Finish::LostAt(stretch.end);
                }
                left = (left - (stretch.end - time)).max(0.0);
            }
            if stretch.end.is_infinite() {
                return Finish::LostAt(time);
            }
            time = stretch.end;
        }
    }

    /// How long `client` is up between two times, the second not before the first, all in `[s]`.
    pub fn worked(&mut self, fleet: &Fleet, client: usize, from: f64, to: f64) -> f64 {
        let Availability::Time(process) = &fleet.of(client).availability else { return to - from };
        let (passed, mut worked) = process.whole_cycles(client, (to - from) * process.fraction_up(client).unwrap_or(0.0));
        let mut time = from + passed;
        while time < to {
            let stretch = process.segment(client, time, fleet.streams, &mut self.walks);
            let end = stretch.end.min(to);
            worked += if stretch.up { end - time } else { 0.0 };
            time = end;
        }
        worked
    }

    /// Whether `client` can take part in `round`, from 0. A client whose availability runs in seconds can take part in any.
    pub fn participates(&mut self, fleet: &Fleet, client: usize, round: u64) -> bool {
        match &fleet.of(client).availability {
            Availability::Time(_) => true,
            Availability::Round(process) => process.participates(client, round, fleet.streams, &mut self.chains),
        }
    }

    /// The clients that can take part in `round`, ascending.
    pub fn participants(&mut self, fleet: &Fleet, round: u64) -> Vec<usize> {
        (0..fleet.clients()).filter(|&client| self.participates(fleet, client, round)).collect()
    }

    /// Number of clients whose availability is kept in memory.
    pub fn followed(&self) -> usize {
        self.walks.len() + self.chains.len()
    }

    /// The stretch around `time` of a client.
    fn segment(&mut self, fleet: &Fleet, client: usize, time: f64) -> Segment {
        match &fleet.of(client).availability {
            Availability::Time(process) => around(process, client, time, fleet.streams, &mut self.walks),
            Availability::Round(_) => Segment { up: true, end: f64::INFINITY },
        }
    }
}

/// The stretch around `time` of `client`; one that ends in this very instant is over, unless the next does too: stretches that
/// short are walked through as they are.
fn around(process: &TimeProcess, client: usize, time: f64, streams: Streams, walks: &mut HashMap<usize, Alternation>) -> Segment {
    let stretch = process.segment(client, time, streams, walks);
    if stretch.end > end_of_instant(time) {
        return stretch;
    }
    let next = process.segment(client, stretch.end, streams, walks);
    if next.end > end_of_instant(time) { next } else { stretch }
}

#[cfg(test)]
mod tests;
