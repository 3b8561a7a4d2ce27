//! Step-size schedules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    toml::decode::forms,
};

/// A local step size: a number, or a rule by `t`, which counts server versions (rounds, for synchronous methods) or, by
/// `clock = "steps"`, the local steps on a client's samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RateRule {
    /// `start / (1 + t / offset)`.
    Inverse {
        /// Step size at `t = 0`.
        start: f64,
        /// Counts until it has halved.
        offset: f64,
    },
    /// `start / √(1 + t / offset)`.
    InverseSqrt {
        /// Step size at `t = 0`.
        start: f64,
        /// Counts until it has fallen to `1/√2`.
        offset: f64,
    },
    /// From `start` to `end` along half a cosine over `over` counts, after a linear warm-up.
    Cosine {
        /// Largest step size.
        start: f64,
        /// Smallest step size, kept for ever after.
        #[serde(default)]
        end: f64,
        /// Counts until `end` is reached.
        over: f64,
        /// Counts of linear warm-up from 0.
        #[serde(default, rename = "warm-up")]
        warm_up: f64,
    },
    /// `start · factor^⌊t / every⌋`.
    Steps {
        /// Step size at `t = 0`.
        start: f64,
        /// Factor at each drop.
        factor: f64,
        /// Counts between drops.
        every: f64,
    },
}

/// A step size that is constant or follows a [`RateRule`].
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Rate {
    /// The same at every version.
    Constant(f64),
    /// A function of the count of its clock.
    Rule(RateRule),
}

forms! {
    Rate, "a step size, or a schedule such as `{ inverse-sqrt = { start = 0.1, offset = 10 } }`",
    number(f64) => Rate::Constant,
    table(RateRule) => Rate::Rule,
}

/// The count that step-size schedules follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Server versions; all local steps of a visit share a step size. Own iterations, without a server.
    #[default]
    Versions,
    /// Local steps on the same client's samples, whichever client takes them.
    Steps,
}

impl Rate {
    /// Step size after `count` versions or steps.
    pub fn at(&self, count: u64) -> f64 {
        let t = count as f64;
        match self {
            Self::Constant(rate) => *rate,
            Self::Rule(RateRule::Inverse { start, offset }) => start / (1.0 + t / offset),
            Self::Rule(RateRule::InverseSqrt { start, offset }) => start / (1.0 + t / offset).sqrt(),
            Self::Rule(RateRule::Cosine { start, end, over, warm_up }) => {
                if t < *warm_up {
                    return start * (t + 1.0) / warm_up;
                }
                let share = ((t - warm_up) / (over - warm_up)).min(1.0);
                end + 0.5 * (start - end) * (1.0 + (std::f64::consts::PI * share).cos())
            }
            Self::Rule(RateRule::Steps { start, factor, every }) => start * factor.powf((t / every).floor()),
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a step size that is not positive or a period that is not.
    pub fn validate(&self) -> Result<(), Invalid> {
        let positive = |key: &str, value: f64| require(value > 0.0 && value.is_finite(), key, value, "a positive number");
        match self {
            Self::Constant(rate) => require(*rate >= 0.0 && rate.is_finite(), "", rate, "a step size of at least 0"),
            Self::Rule(RateRule::Inverse { start, offset }) => {
                positive("inverse.start", *start).and_then(|()| positive("inverse.offset", *offset))
            }
            Self::Rule(RateRule::InverseSqrt { start, offset }) => {
                positive("inverse-sqrt.start", *start).and_then(|()| positive("inverse-sqrt.offset", *offset))
            }
            Self::Rule(RateRule::Cosine { start, end, over, warm_up }) => {
                positive("cosine.start", *start)?;
                require((0.0..=*start).contains(end), "cosine.end", end, "a step size from 0 to `start`")?;
                require(*warm_up >= 0.0, "cosine.warm-up", warm_up, "at least 0")?;
                require(over > warm_up, "cosine.over", over, "more than the warm-up")
            }
            Self::Rule(RateRule::Steps { start, factor, every }) => {
                positive("steps.start", *start)?;
                positive("steps.factor", *factor)?;
                positive("steps.every", *every)
            }
        }
    }
}
