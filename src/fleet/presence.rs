//! Who is up when: the availability of clients, followed as virtual time goes on.

use std::collections::HashMap;

use super::{
    Fleet, Leave,
    availability::Availability,
    round::RoundWalk,
    time::{Segment, Walk},
};

/// How a piece of work ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finish {
    /// Done at this time [s].
    At(f64),
    /// Lost at this time [s], because the client left.
    LostAt(f64),
    /// Never: the client does not come back.
    Never,
}

/// Follows the availability of the clients that are asked about.
///
/// Everything it keeps can be computed again from the client's stream, so it needs no checkpoint and its answers do not
/// depend on what was asked before. Questions about one client at growing times cost constant time on average; a question
/// about an earlier time starts the client's process again.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    walks: HashMap<usize, Walk>,
    rounds: HashMap<usize, RoundWalk>,
}

impl Presence {
    /// Nobody followed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `client` is up at `time` [s]. A client whose availability runs in rounds is up at any time.
    pub fn is_up(&mut self, fleet: &Fleet, client: usize, time: f64) -> bool {
        self.segment(fleet, client, time).up
    }

    /// The first time from `time` on when `client` is up [s]; `None` if it never is again.
    pub fn next_up(&mut self, fleet: &Fleet, client: usize, time: f64) -> Option<f64> {
        let segment = self.segment(fleet, client, time);
        if segment.up { Some(time) } else { Some(segment.end).filter(|end| end.is_finite()) }
    }

    /// When `client` next changes after `time` [s], and whether it is up then; `None` if it never does.
    pub fn next_change(&mut self, fleet: &Fleet, client: usize, time: f64) -> Option<(f64, bool)> {
        let segment = self.segment(fleet, client, time);
        Some((segment.end, !segment.up)).filter(|(end, _)| end.is_finite())
    }

    /// How work of `duration` [s] ends that `client` gets at `start` [s]. It begins when the client is up; when the client
    /// leaves, the work pauses or is lost as its [`Leave`] says. Work that ends when the client leaves is done.
    pub fn finish(&mut self, fleet: &Fleet, client: usize, start: f64, duration: f64) -> Finish {
        let Some(mut time) = self.next_up(fleet, client, start) else { return Finish::Never };
        let mut left = duration;
        loop {
            let leaves = self.segment(fleet, client, time).end;
            if time + left <= leaves {
                return Finish::At(time + left);
            }
            if fleet.leave(client) == Leave::Lose {
                return Finish::LostAt(leaves);
            }
            left = (left - (leaves - time)).max(0.0);
            let Some(back) = self.next_up(fleet, client, leaves) else { return Finish::Never };
            time = back;
        }
    }

    /// Whether `client` can take part in `round`, from 0. A client whose availability runs in seconds can take part in any.
    pub fn participates(&mut self, fleet: &Fleet, client: usize, round: u64) -> bool {
        let Availability::Round(process) = fleet.availability(client) else { return true };
        let walk = self.rounds.entry(client).or_insert_with(|| process.walk(client, fleet.streams));
        if let Some(answer) = walk.participates(round, fleet.streams) {
            return answer;
        }
        *walk = process.walk(client, fleet.streams);
        walk.participates(round, fleet.streams).unwrap_or(false)
    }

    /// The stretch around `time` of a client; `time < end`.
    fn segment(&mut self, fleet: &Fleet, client: usize, time: f64) -> Segment {
        let Availability::Time(process) = fleet.availability(client) else {
            return Segment { up: true, end: f64::INFINITY };
        };
        let walk = self.walks.entry(client).or_insert_with(|| process.walk(client, fleet.streams));
        if let Some(segment) = walk.segment(time) {
            return segment;
        }
        *walk = process.walk(client, fleet.streams);
        walk.segment(time).unwrap_or(Segment { up: false, end: f64::INFINITY })
    }
}
