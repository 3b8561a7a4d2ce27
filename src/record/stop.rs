//! `stop`: when a run ends, and the runs that never would.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    cell,
    metric::{Better, Column},
    patience::Patience,
};
use crate::{
    engine::Ledger,
    invalid::{Invalid, require},
    rounding::end_of_instant,
};

/// The counts and the time at which a run surely ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Rounds, updates, gradients and bits sent by clients.
    counts: [Option<u64>; 4],
    /// Virtual time [s].
    seconds: Option<f64>,
}

impl Bounds {
    /// Whether runs that these end go on beyond those that `other` ends: `Some(false)` where both are the same, `None` where a bound is
    /// nearer, or of another kind.
    pub fn are_beyond(&self, other: &Self) -> Option<bool> {
        let counts = self.counts.into_iter().zip(other.counts).all(|(here, there)| match (here, there) {
            (None, None) => true,
            (Some(here), Some(there)) => here >= there,
            _ => false,
        });
        let seconds = match (self.seconds, other.seconds) {
            (None, None) => true,
            (Some(here), Some(there)) => here >= there,
            _ => false,
        };
        (counts && seconds).then_some(self != other)
    }
}

/// The bounds of a run, which ends at the first that it reaches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Stop {
    /// Rounds, or versions of the server's model where a method has no rounds [1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u64>,
    /// Virtual time [s].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Client updates that the server has accepted, those that still wait in its buffer included; finished iterations of peers [1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updates: Option<u64>,
    /// Stochastic gradients that were computed: one a local step, two for methods with recursive variance reduction [1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradients: Option<u64>,
    /// Bits sent by clients [bit].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uplink_bits: Option<u64>,
    /// A metric with the value that is good enough, such as `{ gap = 1e-6 }`: losses and gaps from above, accuracies from
    /// below. Looked at whenever the recorder samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<BTreeMap<String, f64>>,
    /// Early stopping, such as `{ metric = "validation-loss", rounds = 20 }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Patience>,
}

impl Stop {
    /// Whether a bound is reached after `round` rounds and `updates` updates, before the clock moves to `next` [s].
    pub fn is_reached(&self, round: u64, updates: u64, next: f64, ledger: &Ledger) -> bool {
        self.rounds.is_some_and(|most| round >= most)
            || self.updates.is_some_and(|most| updates >= most)
            || self.gradients.is_some_and(|most| ledger.gradients >= most)
            || self.uplink_bits.is_some_and(|most| ledger.uplink_bits >= most)
            || self.seconds.is_some_and(|most| next > end_of_instant(most))
    }

    /// Whether virtual time alone is sure to end a run.
    pub fn needs_time(&self) -> bool {
        let Self { rounds, updates, gradients, uplink_bits, .. } = self;
        [rounds, updates, gradients, uplink_bits].iter().all(|bound| bound.is_none())
    }

    /// The counts and the time at which it surely ends a run.
    pub fn bounds(&self) -> Bounds {
        Bounds { counts: [self.rounds, self.updates, self.gradients, self.uplink_bits], seconds: self.seconds }
    }

    /// Whether runs that this ends go on beyond those that `other` ends, as [`Bounds::are_beyond`] says; `None` where only one has a
    /// target or patience, or another one.
    pub fn is_beyond(&self, other: &Self) -> Option<bool> {
        let early = |stop: &Self| (stop.target.clone(), stop.patience.clone());
        self.bounds().are_beyond(&other.bounds()).filter(|_| early(self) == early(other))
    }

    /// Checks that the metrics of the target and of patience are among the recorded `columns`, and have a better direction.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `stop`.
    pub fn check_metrics(&self, columns: &[Column]) -> Result<(), Invalid> {
        let names: Vec<String> = columns.iter().map(|column| column.name()).collect();
        let of_target = self.target.iter().flat_map(BTreeMap::keys).map(|name| (["target", name], name));
        let of_patience = self.patience.iter().map(|patience| (["patience", "metric"], &patience.metric));
        for (path, name) in of_target.chain(of_patience) {
            let at = |fault: Invalid| Invalid { path: path.map(str::to_owned).to_vec(), ..fault };
            cell::known("", "recorded metric", name, &names).map_err(at)?;
            let ranked = columns.iter().any(|column| column.name() == *name && column.metric.card().better != Better::Neither);
            if !ranked {
                return Err(at(Invalid::at("", format!("no value of `{name}` is better than another")))
                    .help("end the run by `rounds`, `seconds` or another bound"));
            }
        }
        Ok(())
    }

    /// Checks that bounds can be reached, though not at once, and that one other than the target and patience, which may be missed
    /// for ever, is given.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `stop`.
    pub fn check(&self) -> Result<(), Invalid> {
        let counts = [
            ("rounds", self.rounds),
            ("updates", self.updates),
            ("gradients", self.gradients),
            ("uplink-bits", self.uplink_bits),
        ];
        for (key, count) in counts {
            if let Some(count) = count {
                require(count > 0, key, count, "at least 1")?;
            }
        }
        if let Some(seconds) = self.seconds {
            require(seconds > 0.0 && seconds.is_finite(), "seconds", seconds, "a finite time above 0")?;
        }
        for (metric, value) in self.target.iter().flatten() {
            let at = |fault: Invalid| Invalid { path: vec!["target".to_owned(), metric.clone()], ..fault };
            require(value.is_finite(), "", value, "a finite value").map_err(at)?;
        }
        if self.target.as_ref().is_some_and(BTreeMap::is_empty) {
            return Err(Invalid::at("target", "the target names no metric").help("write `target = { gap = 1e-6 }`"));
        }
        self.patience.as_ref().map_or(Ok(()), Patience::check).map_err(|error| error.under("patience"))?;
        if self.needs_time() && self.seconds.is_none() {
            return Err(Invalid::at("", "no bound is sure to end a run")
                .help("give at least one of `rounds`, `seconds`, `updates`, `gradients` and `uplink-bits`"));
        }
        Ok(())
    }
}

/// Visits in one instant, beyond ten of every client, after which the clock counts as stopped for ever.
const VISITS: u64 = 100_000;
/// Events since the last visit, beyond a thousand for every client, after which no other visit is expected.
const EVENTS: u64 = 10_000_000;

/// Share of the bound on seconds by which the clock has to go on to count as moving [1].
const INSTANT: f64 = 1e-12;

/// Counts of events since the clock last advanced, and since the last visit.
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
    fn rounding_does_not_end_a_run_early() {
        let stop = Stop { seconds: Some(0.3), ..Stop::default() };
        let is_reached = |next| stop.is_reached(0, 0, next, &Ledger::default());
        assert!(!is_reached(0.1 + 0.1 + 0.1) && is_reached(0.300_001));
    }

    #[test]
    fn a_bound_that_is_sure_to_bind_is_wanted() {
        let target = Some(BTreeMap::from([("gap".to_owned(), 1e-6)]));
        assert!(Stop::default().check().is_err());
        assert!(Stop { target: target.clone(), ..Stop::default() }.check().is_err());
        assert!(Stop { target, seconds: Some(1.0), ..Stop::default() }.check().is_ok());
        for stop in [
            Stop { rounds: Some(0), ..Stop::default() },
            Stop { seconds: Some(f64::INFINITY), ..Stop::default() },
            Stop { seconds: Some(-1.0), ..Stop::default() },
        ] {
            assert!(stop.check().is_err(), "{stop:?}");
        }
    }

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
