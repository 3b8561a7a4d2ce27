//! Notices that a run will never reach its bounds.

use serde::{Deserialize, Serialize};

use super::stop::Stop;
use crate::engine::Ledger;

/// Visits in one instant, beyond ten of every client, after which the clock is taken to stand still for ever.
const VISITS: u64 = 100_000;
/// Events since the last visit, beyond a thousand for every client, after which no other visit is expected.
const EVENTS: u64 = 10_000_000;

/// Share of the bound on seconds by which the clock has to go on to count as moving [1].
const INSTANT: f64 = 1e-12;

/// What happened since the clock moved last, and since the last visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stall {
    now: f64,
    /// Events in this instant.
    here: u64,
    /// Visits before this instant.
    before: u64,
    /// Visits so far.
    visits: u64,
    /// Events since the last of them.
    events: u64,
}

impl Stall {
    /// Before the event at `next` [s]: whether a run of so many `clients` no longer gets anywhere. Its steps and messages take
    /// no time to speak of and seconds are its only bound, or timers and messages go round without work and, where seconds bound
    /// the run too, without time.
    pub fn notices(&mut self, next: f64, ledger: &Ledger, clients: usize, stop: &Stop) -> bool {
        let clients = clients as u64;
        if next > self.now + INSTANT * stop.seconds.unwrap_or(0.0) {
            (self.now, self.here, self.before) = (next, 0, ledger.visits);
        }
        self.here += 1;
        self.events = if ledger.visits == self.visits { self.events + 1 } else { 0 };
        self.visits = ledger.visits;
        let events = if stop.seconds.is_some() { self.events.min(self.here) } else { self.events };
        let works = stop.seconds.is_some() && stop.needs_time() && ledger.visits - self.before > 10 * clients + VISITS;
        works || events > 1000 * clients + EVENTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_stands_still_matters_only_where_nothing_else_ends_the_run() {
        let seconds = Stop { seconds: Some(5.0), ..Stop::default() };
        let both = Stop { rounds: Some(u64::MAX), ..seconds.clone() };
        let ends = |stop: &Stop, pace: f64| {
            let mut stall = Stall::default();
            let ledger = |visits| Ledger { visits, ..Ledger::default() };
            (0..200_000).find(|&visits| stall.notices(pace * visits as f64, &ledger(visits), 7, stop))
        };
        assert_eq!(ends(&seconds, 0.0), Some(100_071));
        assert_eq!((ends(&seconds, 1e-9), ends(&both, 0.0)), (None, None));
    }

    #[test]
    fn events_without_work_matter_only_without_a_bound_on_time() {
        let rounds = Stop { rounds: Some(5), ..Stop::default() };
        let both = Stop { seconds: Some(1e9), ..rounds.clone() };
        let ends = |stop: &Stop, pace: f64| {
            let mut stall = Stall::default();
            (0..11_000_000).find(|&event| stall.notices(pace * event as f64, &Ledger::default(), 7, stop))
        };
        assert_eq!((ends(&rounds, 1.0), ends(&both, 1.0)), (Some(10_007_000), None));
        assert_eq!(ends(&both, 1e-300), Some(10_007_000), "they take no time to speak of");
    }
}
