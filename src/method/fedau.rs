//! FedAU: weights that learn how often each client takes part.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Setup};
use crate::{
    analysis::{Identity, Needs, Slot},
    engine::sparse_map::SparseMap,
    invalid::{Invalid, require},
    num::Real,
    protocol::{
        Payload,
        federated::{Apply, Arrived, ServerUpdate, weighted_sum},
    },
};

/// Parameters of FedAU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedAu {
    /// Longest interval between participations that is counted as such [rounds]; without limit when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<u64>,
    /// Server step size.
    pub lr: f64,
}

impl Default for FedAu {
    fn default() -> Self {
        Self { cutoff: None, lr: 1.0 }
    }
}

impl Method for FedAu {
    const CARD: Card = Card {
        name: "fedau",
        summary: "weights every client by the mean interval between its participations, learnt as it goes",
        paper: Paper {
            key: "wang2024lightweight",
            authors: "Wang, Shiqiang and Ji, Mingyue",
            title: "A Lightweight Method for Tackling Unknown Participation Statistics in Federated Averaging",
            venue: "ICLR",
            year: 2024,
            place: "Algorithms 1 and 2",
            link: "https://arxiv.org/abs/2306.03401",
        },
        update: "client:  as FedAvg, sends Δ_i = x − y\n\
                 server:  x ← x − (lr/N) Σ_{i∈S} ω_i Δ_i\n\
                 \x20        then for every i:  u_i ← u_i + 1;   if i ∈ S or u_i = cutoff:\n\
                 \x20        ω_i ← u_i if M_i = 0, else (M_i ω_i + u_i)/(M_i + 1);   M_i ← M_i + 1;   u_i ← 0",
        weights: "with weights p_i: x ← x − lr Σ_{i∈S} p_i ω_i Δ_i, on average Σ p_i Δ_i as ω_i learns 1/P(i ∈ S)",
        traffic: "down: x [d]; up: Δ [d]; stays at the server: u, M, ω [3 × N], rows only for clients that took part",
        differs: "the counters of an absent client are updated when it next takes part; rounds are counted in \
                  server steps, so that intervals are defined under any schedule",
    };

    fn validate(&self) -> Result<(), Invalid> {
        let cutoff = self.cutoff.unwrap_or(1);
        require(cutoff >= 1, "cutoff", cutoff, "at least 1 round")?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }
}

impl FederatedMethod for FedAu {
    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let cutoff = self.cutoff.unwrap_or(u64::MAX);
        Box::new(Server { cutoff, lr: self.lr, intervals: SparseMap::default() })
    }

    fn needs(&self) -> Needs {
        const LEARNS: Slot = Slot::Own("FedAU learns its own weights");
        Needs { weighting: LEARNS, selection: LEARNS, identity: Identity::Known, ..Needs::NOTHING }
    }
}

/// The participation intervals of a client.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Intervals {
    /// Rounds that had passed when the latest interval was closed.
    closed: u64,
    /// `M`: intervals closed.
    count: u64,
    /// `ω`: their mean length, 1 before the first.
    mean: f64,
}

impl Default for Intervals {
    fn default() -> Self {
        Self { closed: 0, count: 0, mean: 1.0 }
    }
}

impl Intervals {
    /// Closes `count` intervals of `length` rounds each.
    fn close(&mut self, length: u64, count: u64) {
        if length == 0 || count == 0 {
            return;
        }
        let total = if self.count == 0 { 0.0 } else { self.count as f64 * self.mean };
        self.count += count;
        self.mean = (total + (count * length) as f64) / self.count as f64;
        self.closed += count * length;
    }

    /// `ω` in round `round`, after all cutoffs of earlier rounds.
    fn weight(&mut self, round: u64, cutoff: u64) -> f64 {
        self.close(cutoff, (round - self.closed) / cutoff);
        self.mean
    }

    /// Ends an interval with a participation in round `round`; a second one in the same round ends nothing.
    fn participate(&mut self, round: u64) {
        self.close((round + 1) - self.closed, 1);
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    cutoff: u64,
    lr: f64,
    intervals: SparseMap<Intervals>,
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        if batch.is_empty() {
            return;
        }
        let (round, share) = (ctx.version, self.lr / ctx.holders() as f64);
        // A client may be in the batch twice; both updates are weighted before its interval ends.
        let mut weight = |up: &Arrived<R>| self.intervals.entry(up.from).weight(round, self.cutoff) * ctx.share(up.from);
        let weights: Vec<f64> = batch.iter().map(|up| share * up.weight * weight(up)).collect();
        for up in batch {
            let intervals = self.intervals.entry(up.from);
            if intervals.closed <= round {
                intervals.participate(round);
            }
        }
        let update = weighted_sum(batch, 0, &weights);
        ctx.step(&mut model.vectors[0], update);
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;
    use crate::random::{Purpose, Streams};

    /// `ω` as used in each round, and after the last.
    fn weights(pattern: &[u64], cutoff: u64) -> Vec<f64> {
        let mut intervals = Intervals::default();
        let mut all = Vec::new();
        for (round, &takes_part) in pattern.iter().enumerate() {
            all.push(intervals.weight(round as u64, cutoff));
            if takes_part == 1 {
                intervals.participate(round as u64);
            }
        }
        all.push(intervals.weight(pattern.len() as u64, cutoff));
        all
    }

    const PATTERN: [u64; 11] = [0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1];

    #[test]
    fn weights_follow_the_papers_rule() {
        assert_eq!(weights(&PATTERN, u64::MAX), [1.0, 1.0, 1.0, 3.0, 3.0, 2.5, 2.0, 2.0, 2.0, 2.0, 2.0, 2.75]);
        assert_eq!(weights(&PATTERN, 3), [1.0, 1.0, 1.0, 3.0, 3.0, 2.5, 2.0, 2.0, 2.0, 2.25, 2.25, 2.2]);
    }

    #[test]
    fn absent_clients_catch_up_when_they_are_asked() {
        for cutoff in [1, 2, 3, 7, u64::MAX] {
            let mut eager = Intervals::default();
            let mut lazy = Intervals::default();
            for round in 0..200 {
                let expected = eager.weight(round, cutoff);
                if round % 17 == 5 || round % 11 == 3 {
                    approx::assert_relative_eq!(lazy.weight(round, cutoff), expected, max_relative = 1e-14);
                    eager.participate(round);
                    lazy.participate(round);
                }
            }
            approx::assert_relative_eq!(lazy.weight(199, cutoff), eager.weight(199, cutoff), max_relative = 1e-14);
            assert_eq!((eager.closed, eager.count), (lazy.closed, lazy.count));
        }
    }

    #[test]
    fn closed_intervals_and_the_open_one_sum_to_the_rounds_passed() {
        let mut intervals = Intervals::default();
        let mut total = 0.0;
        for round in 0..100_u64 {
            let _ = intervals.weight(round, 4);
            if round % 7 == 2 {
                intervals.participate(round);
            }
            total = intervals.mean * intervals.count as f64;
            assert!(intervals.count == 0 || (total - intervals.closed as f64).abs() < 1e-9);
        }
        assert!(total > 90.0);
    }

    /// `ω` after `rounds` rounds of a period in which `takes_part` says who is there.
    fn settled(rounds: u64, cutoff: u64, takes_part: impl Fn(u64) -> bool) -> f64 {
        let mut intervals = Intervals::default();
        for round in 0..rounds {
            let _ = intervals.weight(round, cutoff);
            if takes_part(round) {
                intervals.participate(round);
            }
        }
        intervals.weight(rounds, cutoff)
    }

    #[test]
    fn periodic_participation_is_learnt_at_its_first_return() {
        for period in [1, 3, 7] {
            for cutoff in [period, period + 2, u64::MAX] {
                for rounds in period..5 * period {
                    let weight = settled(rounds, cutoff, |round| round % period == period - 1);
                    // A cutoff longer than the period never ends an interval.
                    assert_eq!(weight, period as f64, "period {period}, cutoff {cutoff}, {rounds} rounds");
                }
            }
        }
    }

    #[test]
    fn cutoffs_shorter_than_the_absence_shorten_the_weight() {
        for (period, cutoff) in [(7_u64, 3_u64), (10, 4), (12, 5)] {
            let weight = settled(100_000 * period, cutoff, |round| round % period == period - 1);
            approx::assert_relative_eq!(weight, period as f64 / period.div_ceil(cutoff) as f64, max_relative = 1e-4);
        }
        for (on, off) in [(1_u64, 4_u64), (3, 9), (5, 2)] {
            for cutoff in [2_u64, 4, u64::MAX] {
                let (period, closed) = (on + off, on - 1 + (off + 1).div_ceil(cutoff));
                let weight = settled(20_000 * period, cutoff, |round| round % period < on);
                approx::assert_relative_eq!(weight, period as f64 / closed as f64, max_relative = 1e-3);
            }
        }
    }

    #[test]
    fn the_pattern_of_the_golden_values_leaves_its_weights() {
        let pattern: [&[u64]; 6] = [&[0], &[1, 2], &[], &[3], &[0, 1, 2, 3], &[1]];
        for (cutoff, expected) in [(3, [5.0 / 3.0, 2.0, 2.5, 5.0 / 3.0]), (u64::MAX, [2.5, 2.0, 2.5, 2.5])] {
            for (client, expected) in (0..4).zip(expected) {
                let weight = settled(6, cutoff, |round| pattern[round as usize].contains(&client));
                approx::assert_relative_eq!(weight, expected, max_relative = 1e-15);
            }
        }
    }

    #[test]
    fn a_cutoff_leaves_the_predicted_share_of_a_weight() {
        // The long-run weight p ω is 1 − (1 − p)^cutoff: intervals are geometric, cut off.
        let mut rng = Streams::new(3).stream(Purpose::Availability, 0, 0);
        for p in [0.02, 0.1, 0.3, 0.6, 0.9] {
            let takes_part: Vec<bool> = (0..2_000_000).map(|_| rng.random::<f64>() < p).collect();
            for cutoff in [1_u64, 2, 5, 10, 50, u64::MAX] {
                let (mut intervals, mut sum) = (Intervals::default(), 0.0);
                for (round, _) in (0..).zip(&takes_part).filter(|(_, takes_part)| **takes_part) {
                    sum += intervals.weight(round, cutoff);
                    intervals.participate(round);
                }
                let expected = 1.0 - (1.0 - p).powf(cutoff as f64);
                // Of as many participations; the last weights rest on all of them, the first on few.
                let tolerance = 10.0 * ((1.0 - p) / (p * takes_part.len() as f64)).sqrt();
                approx::assert_relative_eq!(sum / takes_part.len() as f64, expected, max_relative = tolerance);
            }
        }
    }
}
