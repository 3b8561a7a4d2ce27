//! The costs of a run, and the number of clients at work.

use serde::{Deserialize, Serialize};

use super::{NodeId, SERVER};

/// Traffic and work so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Bits that clients (or peers) have sent, counted as a message leaves [bit].
    pub uplink_bits: u64,
    /// Bits that have reached clients (or peers), or were lost on their way, counted as a message arrives [bit].
    pub downlink_bits: u64,
    /// Stochastic gradients computed, those of visits that were lost or called off included.
    pub gradients: u64,
    /// Those of them whose results were used.
    pub gradients_used: u64,
    /// Energy of the local steps computed [J]; 0 where it is not known.
    pub energy: f64,
    /// Client visits completed.
    pub visits: u64,
    /// Events lost to departures, failures and lossy links.
    pub lost: u64,
}

impl Ledger {
    /// `from` has sent a message of `bits` [bit].
    #[inline]
    pub(super) fn dispatch(&mut self, from: NodeId, bits: u64) {
        self.uplink_bits += if from == SERVER { 0 } else { bits };
    }

    /// A message of `bits` [bit] has reached `to`, or is lost.
    #[inline]
    pub(super) fn deliver(&mut self, to: NodeId, bits: u64) {
        self.downlink_bits += if to == SERVER { 0 } else { bits };
    }

    /// Adds what `other` has spent.
    pub fn add(&mut self, other: &Self) {
        let Self { uplink_bits, downlink_bits, gradients, gradients_used, energy, visits, lost } = other;
        self.uplink_bits += uplink_bits;
        self.downlink_bits += downlink_bits;
        self.gradients += gradients;
        self.gradients_used += gradients_used;
        self.energy += energy;
        self.visits += visits;
        self.lost += lost;
    }
}

/// How many clients are at work at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AtWork {
    /// Over virtual time, on average [1].
    pub mean: f64,
    /// The most at one instant [1].
    pub most: u64,
}

/// Counts who is at work while time goes on.
///
/// A client that is followed by another at the same instant changes nothing, so that a number that stays has exactly itself as its mean.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Crew {
    /// At work now.
    here: u64,
    most: u64,
    /// The latest instant at which somebody came or left [s].
    latest: f64,
    /// How many were at work before it, and since when [s].
    before: u64,
    since: f64,
    /// Time that all were at work until then [s].
    total: f64,
}

impl Crew {
    /// One more is at work from `now` [s] on.
    #[inline]
    pub fn join(&mut self, now: f64) {
        self.pass(now);
        self.here += 1;
        self.most = self.most.max(self.here);
    }

    /// One less is at work from `now` [s] on.
    #[inline]
    pub fn leave(&mut self, now: f64) {
        self.pass(now);
        self.here -= 1;
    }

    fn pass(&mut self, now: f64) {
        if now <= self.latest {
            return;
        }
        if self.here != self.before {
            self.total += self.before as f64 * (self.latest - self.since);
            self.since = self.latest;
            self.before = self.here;
        }
        self.latest = now;
    }

    /// How many were at work until `end` [s]; where no time has passed, on average the `visits` of a round.
    pub fn at_work(&self, end: f64, visits: u64, rounds: u64) -> AtWork {
        let mut ended = *self;
        ended.pass(end);
        let total = ended.total + ended.before as f64 * (end - ended.since);
        let mean = if end > 0.0 { total / end } else { visits as f64 / rounds.max(1) as f64 };
        AtWork { mean, most: self.most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One at work for each stretch, told in the order of time; who leaves at an instant does so before others come.
    fn crew(stretches: &[[f64; 2]]) -> Crew {
        let mut edges: Vec<(f64, bool)> = stretches.iter().flat_map(|&[from, to]| [(from, true), (to, false)]).collect();
        edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut crew = Crew::default();
        for (now, joins) in edges {
            if joins { crew.join(now) } else { crew.leave(now) }
        }
        crew
    }

    #[test]
    fn the_mean_is_over_time_and_work_that_follows_adds_nobody() {
        // One from 0 to 4 in three pieces, one from 2 to 3, and one from 4 to 12, of which 6 have passed at 10.
        let mut crew = crew(&[[0.0, 1.0], [1.0, 3.0], [2.0, 3.0], [3.0, 4.0]]);
        crew.join(4.0);
        // (4 + 1 + 6) / 10 s; the first two at once, the third only when the first is done.
        assert_eq!(crew.at_work(10.0, 0, 0), AtWork { mean: 1.1, most: 2 });
    }

    #[test]
    fn a_number_that_stays_is_its_mean() {
        let mut crew = Crew::default();
        (0..50).for_each(|_| crew.join(0.0));
        for arrival in 1..1000 {
            let now = 0.1 * f64::from(arrival);
            crew.leave(now);
            crew.join(now);
        }
        assert_eq!(crew.at_work(100.0, 0, 0), AtWork { mean: 50.0, most: 50 });
    }

    #[test]
    fn who_is_called_anew_has_dropped_the_work() {
        // Called off at 5 of 100, and at once called for 2 more.
        assert_eq!(crew(&[[0.0, 5.0], [5.0, 7.0]]).at_work(10.0, 0, 0), AtWork { mean: 0.7, most: 1 });
    }

    #[test]
    fn where_no_time_passes_it_is_the_visits_of_a_round() {
        let mut crew = Crew::default();
        (0..4).for_each(|_| crew.join(0.0));
        (0..4).for_each(|_| crew.leave(0.0));
        // Three rounds of 4, 4 and 2.
        assert_eq!(crew.at_work(0.0, 10, 3), AtWork { mean: 10.0 / 3.0, most: 4 });
    }
}
