//! When clients can take part: processes in virtual time, and processes in rounds.

pub(super) mod chance;
pub(super) mod round;
pub(super) mod time;

use std::path::PathBuf;

use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use chance::Probability;
use round::{RoundProcess, Seasonality};
use time::TimeProcess;

use crate::{
    invalid::{Invalid, require},
    random::{Quantity, Setting},
    table::Source,
    toml::decode::defaults,
};

/// When a client can take part.
///
/// `always`, `markov`, `cyclic` and `trace` run in virtual seconds; the others decide once per round and client, independently
/// across clients, and leave a client up in between.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum AvailabilitySpec {
    /// At any time.
    #[default]
    Always,
    /// Exponential periods up and down, in the stationary state from the start.
    Markov {
        /// Mean of a period up `[s]`; a distribution is drawn once per client.
        up: Quantity,
        /// Mean of a period down `[s]`; a distribution is drawn once per client.
        down: Quantity,
    },
    /// Periods of fixed lengths.
    Cyclic {
        /// Length of a period up `[s]`; a distribution is drawn once per client.
        up: Quantity,
        /// Length of a period down `[s]`; a distribution is drawn once per client.
        down: Quantity,
        /// How far into its period up the client starts `[s]`; uniform over the cycle if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<Quantity>,
    },
    /// A text file with lines `client, from, to` `[s]`: the times when clients are up. Clients without a line are never up.
    Trace(PathBuf),
    /// Each round by itself (FedAU, "Bernoulli").
    Bernoulli {
        /// Probability of taking part in a round `[1]`.
        probability: Probability,
        /// How the probability changes over the rounds; not at all if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over_time: Option<Seasonality>,
    },
    /// A two-state Markov chain over the rounds with this stationary probability (FedAU, "Markovian").
    MarkovRounds {
        /// Stationary probability of taking part `[1]`.
        probability: Probability,
        /// Largest probability of an absent client to come back in the next round `[1]`.
        #[serde(default = "rise")]
        rise: f64,
    },
    /// Fixed numbers of rounds in and out, with a random start out (FedAU, "cyclic").
    CyclicRounds {
        /// Fraction of the rounds that a client takes part in `[1]`.
        probability: Probability,
        /// Rounds in a cycle.
        #[serde(default = "period")]
        period: u64,
    },
    /// The sets of clients of rounds 0, 1, …, repeated: a list of lists, or a text file with lines `round, client`.
    Pattern(Source<Vec<usize>>),
}

defaults! {
    rise: f64 = 0.05;
    period: u64 = 100;
}

/// Most periods within a step where each is drawn.
const WALKED: f64 = 1e5;
/// Most periods within a step where they are counted, not drawn: beyond, they vanish beside the time of day.
const COUNTED: f64 = 1e9;

impl AvailabilitySpec {
    /// Checks everything that needs neither files nor labels.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the availability.
    pub fn validate(&self) -> Result<(), Invalid> {
        let length =
            |key: &str, quantity: &Quantity| quantity.validate(&(f64::MIN_POSITIVE..=f64::MAX)).map_err(|error| error.under(key));
        let chance = |key: &str, probability: &Probability| {
            probability.validate().map_err(|error| error.under(&format!("{key}.probability")))
        };
        match self {
            Self::Always | Self::Trace(_) | Self::Pattern(Source::File(_)) => Ok(()),
            Self::Markov { up, down } => length("markov.up", up).and(length("markov.down", down)),
            Self::Cyclic { up, down, phase } => {
                length("cyclic.up", up).and(length("cyclic.down", down))?;
                let phase = phase.as_ref().map_or(Ok(()), |phase| phase.validate(&(0.0..=f64::MAX)));
                phase.map_err(|error| error.under("cyclic.phase"))
            }
            Self::Bernoulli { probability, over_time } => {
                chance("bernoulli", probability)?;
                let season = over_time.as_ref().map_or(Ok(()), Seasonality::validate);
                season.map_err(|error| error.under("bernoulli.over-time"))
            }
            Self::MarkovRounds { probability, rise } => {
                chance("markov-rounds", probability)?;
                require(*rise > 0.0 && *rise <= 1.0, "markov-rounds.rise", rise, "a probability above 0")
            }
            Self::CyclicRounds { probability, period } => {
                chance("cyclic-rounds", probability)?;
                require((2..1 << 32).contains(period), "cyclic-rounds.period", period, "at least 2 rounds")
            }
            Self::Pattern(Source::Inline(sets)) => {
                require(!sets.is_empty(), "pattern", "[]", "the set of clients of at least one round")
            }
        }
    }

    /// Refuses clients that come and go so often within a `work` of one step [s] that nobody can follow them.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the availability.
    pub(super) fn check_pace(&self, work: f64) -> Result<(), Invalid> {
        let (key, up, down, most) = match self {
            Self::Markov { up, down } => ("markov", up, down, WALKED),
            Self::Cyclic { up, down, .. } => ("cyclic", up, down, COUNTED),
            _ => return Ok(()),
        };
        let period = up.scale() + down.scale();
        if period == 0.0 || period * most >= work {
            return Ok(());
        }
        let message = format!("clients would come and go more than {most:e} times within a step of {work:?} s");
        Err(Invalid::at(key, message).help("raise `up` and `down`, or say by `step` how much less of the time is left for work"))
    }

    /// Whether the probabilities follow from the labels of the clients' samples.
    pub(super) fn needs_labels(&self) -> bool {
        match self {
            Self::Bernoulli { probability, .. }
            | Self::MarkovRounds { probability, .. }
            | Self::CyclicRounds { probability, .. } => matches!(probability, Probability::ByLabel(_)),
            Self::Always | Self::Markov { .. } | Self::Cyclic { .. } | Self::Trace(_) | Self::Pattern(_) => false,
        }
    }

    /// `labels` are the label fractions of the clients' samples, shape `[n, C]`.
    pub(super) fn build(&self, setting: &Setting, labels: Option<ArrayView2<'_, f64>>) -> Result<Availability, Invalid> {
        self.validate()?;
        Ok(match TimeProcess::build(self, setting)? {
            Some(process) => Availability::Time(process),
            None => Availability::Round(RoundProcess::build(self, setting, labels)?),
        })
    }
}

/// An availability ready to ask.
#[derive(Debug, Clone)]
pub(super) enum Availability {
    Time(TimeProcess),
    Round(RoundProcess),
}
