//! Weights that fall with staleness.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, require};

/// `w(s)` for an update of staleness `s`: server versions between its download and its arrival (0 when fresh).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Discount {
    /// `w = 1`.
    #[default]
    Constant,
    /// `w = 1 / √(1 + s)` (FedBuff, Nguyen et al. 2022).
    Sqrt,
    /// `w = (1 + s)^(−a)` (FedAsync, Xie et al. 2019).
    Polynomial {
        /// Exponent.
        a: f64,
    },
    /// `w = ((1 + mean) / (1 + s))^a`: 1 at the staleness `mean`, above 1 for fresher updates (FLSim's reading of FedBuff).
    Relative {
        /// Exponent.
        a: f64,
        /// Staleness that weighs 1.
        mean: f64,
    },
    /// `w = 1` up to `s = b`, then `1 / (a (s − b) + 1)` (FedAsync).
    Hinge {
        /// Steepness.
        a: f64,
        /// Staleness that is forgiven.
        b: f64,
    },
}

impl Discount {
    /// The weight at staleness `staleness` [1].
    pub fn weight(&self, staleness: u64) -> f64 {
        let s = staleness as f64;
        match *self {
            Self::Constant => 1.0,
            Self::Sqrt => 1.0 / (1.0 + s).sqrt(),
            Self::Polynomial { a } => (1.0 + s).powf(-a),
            Self::Relative { a, mean } => ((1.0 + mean) / (1.0 + s)).powf(a),
            Self::Hinge { b, .. } if s <= b => 1.0,
            Self::Hinge { a, b } => 1.0 / (a * (s - b) + 1.0),
        }
    }

    /// Mean weight of updates of these stalenesses [1]; 1 where there are none.
    pub fn mean_weight(&self, staleness: impl ExactSizeIterator<Item = u64>) -> f64 {
        let count = staleness.len().max(1) as f64;
        if staleness.len() == 0 { 1.0 } else { staleness.map(|s| self.weight(s)).sum::<f64>() / count }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for an exponent, steepness or threshold that is negative or not finite.
    pub fn validate(&self) -> Result<(), Invalid> {
        let at_least_0 = |key: &str, value: f64, what: &str| {
            require(value >= 0.0 && value.is_finite(), key, value, &format!("{what} of at least 0"))
        };
        match *self {
            Self::Constant | Self::Sqrt => Ok(()),
            Self::Polynomial { a } => at_least_0("polynomial.a", a, "an exponent"),
            Self::Relative { a, mean } => {
                at_least_0("relative.a", a, "an exponent")?;
                at_least_0("relative.mean", mean, "a staleness")
            }
            Self::Hinge { a, b } => {
                at_least_0("hinge.a", a, "a steepness")?;
                at_least_0("hinge.b", b, "a staleness")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_shapes() {
        let weights = |discount: Discount| [0, 1, 3, 8].map(|staleness| discount.weight(staleness));
        assert_eq!(weights(Discount::Constant), [1.0; 4]);
        for (weight, published) in weights(Discount::Sqrt).into_iter().zip([1.0, 0.5_f64.sqrt(), 0.5, 1.0 / 3.0]) {
            approx::assert_relative_eq!(weight, published, max_relative = 1e-15);
        }
        assert_eq!(weights(Discount::Polynomial { a: 1.0 }), [1.0, 0.5, 0.25, 1.0 / 9.0]);
        assert_eq!(weights(Discount::Hinge { a: 10.0, b: 3.0 }), [1.0, 1.0, 1.0, 1.0 / 51.0]);
        let relative = weights(Discount::Relative { a: 0.5, mean: 1.0 });
        assert_eq!((relative[0], relative[1]), (2.0_f64.sqrt(), 1.0));
    }

    #[test]
    fn nothing_negative_or_infinite_is_accepted() {
        for discount in [
            Discount::Polynomial { a: -1.0 },
            Discount::Relative { a: 0.5, mean: -1.0 },
            Discount::Relative { a: f64::NAN, mean: 1.0 },
            Discount::Relative { a: 0.5, mean: f64::INFINITY },
            Discount::Hinge { a: 1.0, b: -1.0 },
        ] {
            assert!(discount.validate().is_err(), "{discount:?}");
        }
    }
}
