//! Token accounts: when a node sends.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    random::Rng,
};

/// How a node's token account decides on sending (Danner and Jelasity, 2018). A period without a push earns a token, a push
/// in answer to a message costs one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Flow {
    /// Every period, and never in answer: no tokens.
    #[default]
    Proactive,
    /// Sends in a period when the account is full; answers while it has a token.
    Simple {
        /// Tokens of a full account.
        capacity: u64,
    },
    /// Sends in a period when the account is full; answers with `⌊(A − 1 + a) / A⌋` messages, half as many to one of no use.
    Generalised {
        /// Tokens of a full account.
        capacity: u64,
        /// Reactivity `A`.
        reactivity: u64,
    },
    /// Sends in a period the likelier the fuller the account; answers with `a / A` messages, rounded at random, to one of use.
    Randomised {
        /// Tokens of a full account.
        capacity: u64,
        /// Reactivity `A`.
        reactivity: u64,
    },
}

impl Flow {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] unless `1 ≤ A ≤ C`.
    pub fn validate(&self) -> Result<(), Invalid> {
        match *self {
            Self::Proactive => Ok(()),
            Self::Simple { capacity } => require(capacity >= 1, "simple.capacity", capacity, "at least 1 token"),
            Self::Generalised { capacity, reactivity } => account("generalised", capacity, reactivity),
            Self::Randomised { capacity, reactivity } => account("randomised", capacity, reactivity),
        }
    }

    /// Probability of a push in a period, with `tokens` in the account: `PRO(a)`.
    pub fn proactive(&self, tokens: u64) -> f64 {
        let full = |capacity| f64::from(u8::from(tokens >= capacity));
        match *self {
            Self::Proactive => 1.0,
            Self::Simple { capacity } | Self::Generalised { capacity, .. } => full(capacity),
            Self::Randomised { capacity, reactivity } => {
                let (a, most, least) = (tokens as f64, capacity as f64, reactivity as f64 - 1.0);
                ((a - least) / (most - least)).clamp(0.0, 1.0)
            }
        }
    }

    /// Number of pushes in answer to a message, with `tokens` in the account: `REA(a, u)`, never more than there are tokens.
    pub fn reactive(&self, tokens: u64, useful: bool, rng: &mut Rng) -> u64 {
        match *self {
            Self::Proactive => 0,
            Self::Simple { .. } => u64::from(tokens > 0),
            Self::Generalised { reactivity, .. } => (reactivity - 1 + tokens) / if useful { reactivity } else { 2 * reactivity },
            Self::Randomised { reactivity, .. } if useful => {
                let rate = tokens as f64 / reactivity as f64;
                rate.floor() as u64 + u64::from(rng.random::<f64>() < rate.fract())
            }
            Self::Randomised { .. } => 0,
        }
        .min(tokens)
    }
}

fn account(name: &str, capacity: u64, reactivity: u64) -> Result<(), Invalid> {
    let expected = format!("from 1 to the capacity {capacity}");
    require(reactivity >= 1 && reactivity <= capacity, &format!("{name}.reactivity"), reactivity, &expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn strategies_follow_their_table() {
        let rng = &mut Streams::new(0).stream(Purpose::Route, 0, 0);
        let simple = Flow::Simple { capacity: 3 };
        assert_eq!([0, 2, 3, 4].map(|a| simple.proactive(a)), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!([0, 1, 3].map(|a| simple.reactive(a, false, rng)), [0, 1, 1]);
        let generalised = Flow::Generalised { capacity: 20, reactivity: 10 };
        assert_eq!([0, 1, 10, 11, 20].map(|a| generalised.reactive(a, true, rng)), [0, 1, 1, 2, 2]);
        assert_eq!([0, 1, 11, 20].map(|a| generalised.reactive(a, false, rng)), [0, 0, 1, 1]);
        let randomised = Flow::Randomised { capacity: 20, reactivity: 10 };
        assert_eq!([0, 8, 9, 20, 30].map(|a| randomised.proactive(a)), [0.0, 0.0, 0.0, 1.0, 1.0]);
        approx::assert_relative_eq!(randomised.proactive(12), 3.0 / 11.0);
        let drawn: u64 = (0..20_000).map(|_| randomised.reactive(13, true, rng)).sum();
        assert!((drawn as f64 / 20_000.0 - 1.3).abs() < 0.02, "{drawn}");
        assert_eq!(randomised.reactive(13, false, rng), 0);
    }
}
