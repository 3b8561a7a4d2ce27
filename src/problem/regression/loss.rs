//! Losses of one prediction and their derivatives.

use crate::{
    invalid::Invalid,
    num::Real,
    problem::{
        classes,
        data::{ClientData, Targets},
    },
};

/// The loss `φ(p, t)` of a prediction `p` for the target `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `½ (p − t)²`.
    Square,
    /// `ln(1 + exp(−t p))` with `t = ±1`.
    Logistic,
}

impl Loss {
    /// `φ(p, t)`.
    #[inline(always)]
    pub(super) fn value<R: Real>(self, p: R, t: R) -> f64 {
        match self {
            Self::Square => 0.5 * (p - t).f64().powi(2),
            Self::Logistic => {
                let margin = (t * p).f64();
                (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
            }
        }
    }

    /// `∂φ/∂p`.
    #[inline(always)]
    pub(super) fn slope<R: Real>(self, p: R, t: R) -> R {
        match self {
            Self::Square => p - t,
            Self::Logistic => -t * sigmoid(-t * p),
        }
    }

    /// `∂²φ/∂p²`.
    #[inline(always)]
    pub(super) fn curvature<R: Real>(self, p: R, t: R) -> R {
        match self {
            Self::Square => R::one(),
            Self::Logistic => sigmoid(t * p) * sigmoid(-t * p),
        }
    }

    /// Turns the targets of a data set into those of the loss; two classes become −1 and 1, in this order.
    pub(super) fn targets<R: Real>(self, data: &ClientData<R>, targets: &Targets<R>) -> Result<Vec<R>, Invalid> {
        let sign = |positive: bool| if positive { R::one() } else { -R::one() };
        match targets {
            Targets::Classes { labels, count: 2 } => Ok(labels.iter().map(|&label| sign(label == 1)).collect()),
            Targets::Classes { count, .. } => Err(match self {
                Self::Logistic if *count < 2 => classes::only_one(data),
                Self::Logistic => {
                    Invalid::at("objective", format!("logistic regression needs two classes, and the data have {count}"))
                        .help("use `objective = \"softmax\"`")
                }
                Self::Square => classes::no_values(data, *count),
            }),
            Targets::Values(values) => match self {
                Self::Square => Ok(values.clone()),
                Self::Logistic => binary(values).map(|positive| values.iter().map(|&value| sign(value == positive)).collect()),
            },
        }
    }
}

/// The larger of the two values that binary targets take: 1, beside 0 or −1.
fn binary<R: Real>(values: &[R]) -> Result<R, Invalid> {
    let zero_one = values.iter().all(|&v| v == R::zero() || v == R::one());
    let plus_minus = values.iter().all(|&v| v == -R::one() || v == R::one());
    if zero_one || plus_minus {
        return Ok(R::one());
    }
    Err(classes::real("logistic regression", true, values))
}

#[inline(always)]
fn sigmoid<R: Real>(z: R) -> R {
    // Only exponentials of negative numbers, so that nothing overflows.
    let e = num_traits::Float::exp(-num_traits::Float::abs(z));
    if z >= R::zero() { R::one() / (R::one() + e) } else { e / (R::one() + e) }
}
