//! Availability in rounds: who takes part in round `t`.

use std::{collections::HashMap, sync::Arc};

use ndarray::ArrayView2;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AvailabilitySpec, chance::Chance};
use crate::{
    invalid::{Invalid, require},
    random::{Purpose, Rng, Setting, Streams},
    table::{self, Source},
    toml::decode::defaults,
};

/// How probabilities change over the rounds: `p_n(t) = p_n f(t)` (FedAWE, NeurIPS 2024, appendix J).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Seasonality {
    /// `f = 1` in the first half of a period, `low` in the second.
    Staircase {
        /// Factor in the second half `[1]`.
        #[serde(default = "low")]
        low: f64,
        /// Rounds in a period.
        #[serde(default = "period")]
        period: u64,
    },
    /// `f(t) = gamma sin(2π t / period) + 1 − gamma`.
    Sine {
        /// Amplitude `[1]`.
        #[serde(default = "gamma")]
        gamma: f64,
        /// Rounds in a period.
        #[serde(default = "period")]
        period: u64,
    },
    /// The sine where `p_n f(t)` reaches the `cutoff`, and 0 elsewhere.
    InterleavedSine {
        /// Amplitude `[1]`.
        #[serde(default = "gamma")]
        gamma: f64,
        /// Rounds in a period.
        #[serde(default = "period")]
        period: u64,
        /// Smallest probability that is not cut to 0 `[1]`.
        #[serde(default = "cutoff")]
        cutoff: f64,
    },
}

defaults! {
    low: f64 = 0.4;
    gamma: f64 = 0.3;
    period: u64 = 20;
    cutoff: f64 = 0.1;
}

impl Seasonality {
    /// # Errors
    /// [`Invalid`] with a path relative to the seasonality.
    pub(in crate::fleet) fn validate(&self) -> Result<(), Invalid> {
        let (name, factor, key, length) = match self {
            Self::Staircase { low, period } => ("staircase", *low, "low", *period),
            Self::Sine { gamma, period } => ("sine", *gamma, "gamma", *period),
            Self::InterleavedSine { gamma, period, .. } => ("interleaved-sine", *gamma, "gamma", *period),
        };
        require((0.0..=1.0).contains(&factor), &format!("{name}.{key}"), factor, "a factor from 0 to 1")?;
        require(length >= 2, &format!("{name}.period"), length, "at least 2 rounds")?;
        match self {
            Self::InterleavedSine { cutoff, .. } => {
                require((0.0..=1.0).contains(cutoff), "interleaved-sine.cutoff", cutoff, "a probability from 0 to 1")
            }
            _ => Ok(()),
        }
    }

    /// The probability in `round` of a client with the probability `base`.
    pub(in crate::fleet) fn probability(&self, base: f64, round: u64) -> f64 {
        let sine = |gamma: f64, period: u64| {
            let turn = (round % period) as f64 / period as f64;
            base * (gamma * (2.0 * std::f64::consts::PI * turn).sin() + (1.0 - gamma))
        };
        let probability = match *self {
            Self::Staircase { low, period } if round % period * 2 >= period => base * low,
            Self::Staircase { .. } => base,
            Self::Sine { gamma, period } => sine(gamma, period),
            Self::InterleavedSine { gamma, period, cutoff } => {
                Some(sine(gamma, period)).filter(|&probability| probability >= cutoff).unwrap_or(0.0)
            }
        };
        probability.clamp(0.0, 1.0)
    }
}

/// A process over rounds, a function of the client's streams.
#[derive(Debug, Clone)]
pub(in crate::fleet) enum RoundProcess {
    Bernoulli { chance: Chance, seasonality: Option<Seasonality> },
    Markov { chance: Chance, rise: f64 },
    Cyclic { chance: Chance, period: u64 },
    Pattern(Arc<[Vec<usize>]>),
}

impl RoundProcess {
    /// The process of `spec`, which must be one in rounds.
    pub fn build(spec: &AvailabilitySpec, setting: &Setting, labels: Option<ArrayView2<'_, f64>>) -> Result<Self, Invalid> {
        let chance = |key: &str, probability: &super::chance::Probability| {
            probability.build(setting, labels).map_err(|error| error.under(&format!("{key}.probability")))
        };
        Ok(match spec {
            AvailabilitySpec::Bernoulli { probability, over_time } => {
                Self::Bernoulli { chance: chance("bernoulli", probability)?, seasonality: over_time.clone() }
            }
            AvailabilitySpec::MarkovRounds { probability, rise } => {
                Self::Markov { chance: chance("markov-rounds", probability)?, rise: *rise }
            }
            AvailabilitySpec::CyclicRounds { probability, period } => {
                Self::Cyclic { chance: chance("cyclic-rounds", probability)?, period: *period }
            }
            AvailabilitySpec::Pattern(source) => {
                Self::Pattern(pattern(source, setting).map_err(|error| error.under("pattern"))?.into())
            }
            AvailabilitySpec::Always
            | AvailabilitySpec::Markov { .. }
            | AvailabilitySpec::Cyclic { .. }
            | AvailabilitySpec::Trace(_) => {
                return Err(Invalid::at("", "this availability runs in seconds, not in rounds"));
            }
        })
    }

    /// Whether `client` takes part in `round`. `chains` keeps the clients that must be followed.
    pub fn participates(&self, client: usize, round: u64, streams: Streams, chains: &mut HashMap<usize, Chain>) -> bool {
        let stream = |count| streams.stream(Purpose::Availability, client, count);
        match self {
            Self::Bernoulli { chance, seasonality } => {
                let base = chance.of(client);
                let probability = seasonality.as_ref().map_or(base, |season| season.probability(base, round));
                stream(round).random::<f64>() < probability
            }
            Self::Markov { chance, rise } => {
                let start = || Chain::new(chance.of(client), *rise, stream(0));
                let chain = chains.entry(client).or_insert_with(start);
                if round + 1 < chain.made {
                    *chain = start();
                }
                chain.at(round)
            }
            Self::Cyclic { chance, period } => {
                let (on, off) = turns(chance.of(client), *period);
                let wait = stream(0).random_range(0..off);
                round >= wait && (round - wait) % (on + off) < on
            }
            Self::Pattern(sets) => sets[(round % sets.len() as u64) as usize].binary_search(&client).is_ok(),
        }
    }

    /// The probability that `client` takes part in `round`, for those who know the process but not its draws.
    pub fn probability_in(&self, client: usize, round: u64) -> f64 {
        match self {
            Self::Bernoulli { chance, seasonality: Some(season) } => season.probability(chance.of(client), round),
            _ => self.probability(client),
        }
    }

    /// The long-run fraction of rounds that `client` takes part in; with a seasonality, before it acts.
    pub fn probability(&self, client: usize) -> f64 {
        match self {
            Self::Bernoulli { chance, .. } | Self::Markov { chance, .. } => chance.of(client),
            Self::Cyclic { chance, period } => {
                let (on, off) = turns(chance.of(client), *period);
                on as f64 / (on + off) as f64
            }
            Self::Pattern(sets) => {
                sets.iter().filter(|set| set.binary_search(&client).is_ok()).count() as f64 / sets.len() as f64
            }
        }
    }
}

/// Rounds present and rounds absent of a client that is there in the share `probability` of a period of rounds.
fn turns(probability: f64, period: u64) -> (u64, u64) {
    let on = ((period as f64 * probability).round_ties_even() as u64).max(1);
    (on, period.saturating_sub(on).max(1))
}

/// The state of one client in a two-state chain over the rounds; one transition comes before round 0 is read.
#[derive(Debug, Clone)]
pub(in crate::fleet) struct Chain {
    /// Probabilities to go from absent to present and back.
    rise: f64,
    fall: f64,
    active: bool,
    /// Number of transitions made; the state is that of round `made − 1`.
    made: u64,
    rng: Rng,
}

impl Chain {
    fn new(probability: f64, rise: f64, mut rng: Rng) -> Self {
        let fall = rise * (probability.recip() - 1.0);
        let (rise, fall) = if fall > 1.0 { (rise / fall, 1.0) } else { (rise, fall) };
        let active = rng.random::<f64>() < probability;
        Self { rise, fall, active, made: 0, rng }
    }

    /// The state in a `round` that is not before the present one.
    fn at(&mut self, round: u64) -> bool {
        while self.made <= round {
            let change = if self.active { self.fall } else { self.rise };
            self.active ^= self.rng.random::<f64>() < change;
            self.made += 1;
        }
        self.active
    }
}

/// The sorted sets of clients of all rounds of a pattern.
fn pattern(source: &Source<Vec<usize>>, setting: &Setting) -> Result<Vec<Vec<usize>>, Invalid> {
    let mut sets = match source {
        Source::Inline(sets) => {
            if let Some(client) = sets.iter().flatten().find(|&&client| client >= setting.clients) {
                let last = setting.clients.saturating_sub(1);
                return Err(Invalid::at("", format!("`{client}` is no client: expected a whole number from 0 to {last}")));
            }
            sets.clone()
        }
        Source::File(path) => table::rounds(&setting.locate(path), setting.clients, true)?,
    };
    for set in &mut sets {
        set.sort_unstable();
        set.dedup();
    }
    Ok(sets)
}

#[cfg(test)]
mod tests;
