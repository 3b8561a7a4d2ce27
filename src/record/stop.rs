//! `stop`: when a run ends.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    filter,
    metric::{Better, Column},
};
use crate::{
    engine::Ledger,
    invalid::{Invalid, require},
    rounding::end_of_instant,
};

/// When a run ends: at the first bound that is reached.
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

    /// Whether runs that this ends go on beyond those that `other` ends: `Some(false)` where both are the same, `None` where a bound
    /// is nearer, or of another kind.
    pub fn is_beyond(&self, other: &Self) -> Option<bool> {
        if self == other {
            return Some(false);
        }
        let counts = |stop: &Self| [stop.rounds, stop.updates, stop.gradients, stop.uplink_bits];
        let kept = counts(self).into_iter().zip(counts(other)).all(|(here, there)| match (here, there) {
            (None, None) => true,
            (Some(here), Some(there)) => here >= there,
            _ => false,
        });
        let seconds = match (self.seconds, other.seconds) {
            (None, None) => true,
            (Some(here), Some(there)) => here >= there,
            _ => false,
        };
        (kept && seconds && self.target == other.target).then_some(true)
    }

    /// Refuses a target for a metric that is not among the recorded `columns`, or of which no value is better than another.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `stop`.
    pub fn check_target(&self, columns: &[Column]) -> Result<(), Invalid> {
        let names: Vec<String> = columns.iter().map(|column| column.name()).collect();
        for name in self.target.iter().flat_map(BTreeMap::keys) {
            let at = |fault: Invalid| Invalid { path: vec!["target".to_owned(), name.clone()], ..fault };
            filter::known("", "recorded metric", name, &names).map_err(at)?;
            let ranked = columns.iter().any(|column| column.name() == *name && column.metric.card().better != Better::Neither);
            if !ranked {
                return Err(at(Invalid::at("", format!("no value of `{name}` is better than another")))
                    .help("end the run by `rounds`, `seconds` or another bound"));
            }
        }
        Ok(())
    }

    /// Refuses bounds that are never or at once reached, and a target as the only bound, since it may be missed for ever.
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
        if self.needs_time() && self.seconds.is_none() {
            return Err(Invalid::at("", "no bound is sure to end a run")
                .help("give at least one of `rounds`, `seconds`, `updates`, `gradients` and `uplink-bits`"));
        }
        Ok(())
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
}
