//! `stop.patience`: early stopping, once a metric no longer improves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::Better;
use crate::invalid::{Invalid, require};

/// Ends a run at the first sample that lies `rounds` or more after the best one so far.
///
/// The metric is looked at whenever the recorder samples, so with `record.every` above `rounds` the first sample that does not improve ends
/// the run. A sample without a value neither improves nor counts as the first. The run keeps the model of its end, not of its best sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Patience {
    /// The metric, one of those that are recorded, such as `"validation-loss"`.
    pub metric: String,
    /// Rounds without an improvement [1], counted as the column `round` counts: server versions where a method has no rounds, iterations
    /// that all nodes have finished without a server.
    pub rounds: u64,
    /// Least change of the metric, in its unit, that counts as an improvement; 0 by default, with which any does.
    #[serde(default)]
    pub min_delta: f64,
}

impl Patience {
    /// Checks the values; the path is relative to `stop.patience`.
    ///
    /// # Errors
    /// [`Invalid`] for no rounds, and for a change that is negative or not finite.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        require(self.rounds > 0, "rounds", self.rounds, "at least 1")?;
        let sound = self.min_delta >= 0.0 && self.min_delta.is_finite();
        require(sound, "min-delta", self.min_delta, "a finite number of at least 0")
    }
}

/// The best value of a run so far, and the round in which it was sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Best(Option<(f64, u64)>);

impl Best {
    /// Takes up the `value` sampled in `round`; whether patience is at its end.
    pub(super) fn exhausts(&mut self, patience: &Patience, better: Better, value: Option<f64>, round: u64) -> bool {
        let improves = |value: f64, best: f64| match better {
            Better::Lower => value < best - patience.min_delta,
            Better::Higher => value > best + patience.min_delta,
            Better::Neither => false,
        };
        if let Some(value) = value.filter(|value| !value.is_nan())
            && self.0.is_none_or(|(best, _)| improves(value, best))
        {
            self.0 = Some((value, round));
        }
        self.0.is_some_and(|(_, since)| round - since >= patience.rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(min_delta: f64) -> Patience {
        Patience { metric: "loss".to_owned(), rounds: 3, min_delta }
    }

    /// The round in which a run with these values, one a round from 0, ends.
    fn end(patience: &Patience, better: Better, values: &[f64]) -> Option<usize> {
        let mut best = Best::default();
        (0..values.len()).find(|&round| best.exhausts(patience, better, Some(values[round]), round as u64))
    }

    #[test]
    fn a_run_ends_so_many_rounds_after_its_best_sample() {
        // The best value is that of round 2; a tie with it is no improvement.
        assert_eq!(end(&patience(0.0), Better::Lower, &[5.0, 4.0, 3.0, 3.0, 3.5, 3.0, 1.0]), Some(5));
        assert_eq!(end(&patience(0.0), Better::Lower, &[5.0, 4.0, 3.0, 3.0, 3.5, 2.0, 1.0]), None);
        assert_eq!(end(&patience(0.0), Better::Higher, &[0.1, 0.2, 0.1, 0.1, 0.2]), Some(4));
    }

    #[test]
    fn small_changes_count_from_the_best_value_that_counted() {
        // Each step of 0.4 is too small, three of them are not: 5 → 3.8 in round 3.
        assert_eq!(end(&patience(1.0), Better::Lower, &[5.0, 4.6, 4.2, 3.8, 3.7, 3.6, 3.5]), Some(6));
        assert_eq!(end(&patience(1.5), Better::Lower, &[5.0, 4.6, 4.2, 3.8]), Some(3));
    }

    #[test]
    fn samples_without_a_value_start_nothing_and_improve_nothing() {
        let mut best = Best::default();
        let mut at = |value, round| best.exhausts(&patience(0.0), Better::Lower, value, round);
        assert!(!at(None, 0) && !at(Some(f64::NAN), 9) && !at(Some(1.0), 10) && !at(None, 12) && at(None, 13));
    }
}
