//! Step sizes per coordinate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Point, Transform};
use crate::{
    invalid::{Invalid, require},
    message::Payload,
    num::Real,
};

/// How the second moment follows the squared updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `v ← v + u²`.
    Adagrad,
    /// `v ← b2 v + (1 − b2) u²`.
    Adam,
    /// `v ← v − (1 − b2) u² sign(v − u²)`.
    Yogi,
}

/// Parameters of [`Adaptive`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AdaptiveSpec {
    /// Share of the old first moment that stays [1].
    pub b1: f64,
    /// Share of the old second moment that stays [1]; unused by Adagrad.
    pub b2: f64,
    /// Added to the root of the second moment: the degree of adaptivity.
    pub tau: f64,
    /// Second moment before the first update; `tau²` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v0: Option<f64>,
}

impl Default for AdaptiveSpec {
    fn default() -> Self {
        Self { b1: 0.9, b2: 0.99, tau: 1e-3, v0: None }
    }
}

impl AdaptiveSpec {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        require((0.0..1.0).contains(&self.b1), "b1", self.b1, "a number in [0, 1)")?;
        require((0.0..=1.0).contains(&self.b2), "b2", self.b2, "a number in [0, 1]")?;
        require(self.tau > 0.0 && self.tau.is_finite(), "tau", self.tau, "a positive number")?;
        let v0 = self.v0.unwrap_or_default();
        require(v0 >= 0.0 && v0.is_finite(), "v0", v0, "a number of at least 0")
    }
}

/// The server optimisers of Reddi et al., "Adaptive Federated Optimization", ICLR 2021, arXiv 2003.00295, Algorithm 2:
/// `m ← b1 m + (1 − b1) u`, `v` by the [`Rule`], `u ← m / (√v + tau)`. No bias correction; `tau` is outside the root.
#[derive(Debug, Clone, Copy)]
pub struct Adaptive {
    /// How the second moment moves.
    pub rule: Rule,
    /// Parameters.
    pub spec: AdaptiveSpec,
}

impl<R: Real> Transform<R> for Adaptive {
    fn state_names(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn apply(&self, update: &mut [R], state: &mut Payload<R>, _: &Point<'_, R>) {
        let AdaptiveSpec { b1, b2, tau, v0 } = self.spec;
        if state.vectors.is_empty() {
            let v0 = R::of(v0.unwrap_or(tau * tau));
            state.vectors = vec![vec![R::zero(); update.len()], vec![v0; update.len()]];
        }
        let [m, v] = state.vectors.as_mut_slice() else { unreachable!("the state holds m and v") };
        let (b1, b2, tau, one) = (R::of(b1), R::of(b2), R::of(tau), R::one());
        for ((u, m), v) in update.iter_mut().zip(m).zip(v) {
            let square = *u * *u;
            *m = b1 * *m + (one - b1) * *u;
            *v = match self.rule {
                Rule::Adagrad => *v + square,
                Rule::Adam => b2 * *v + (one - b2) * square,
                Rule::Yogi if *v > square => *v - (one - b2) * square,
                Rule::Yogi if *v < square => *v + (one - b2) * square,
                Rule::Yogi => *v,
            };
            *u = *m / (num_traits::Float::sqrt(*v) + tau);
        }
    }
}

/// Parameters of [`AdamW`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AdamWSpec {
    /// Share of the old first moment that stays [1].
    pub b1: f64,
    /// Share of the old second moment that stays [1].
    pub b2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled weight decay, per unit of step size.
    pub weight_decay: f64,
}

impl Default for AdamWSpec {
    fn default() -> Self {
        Self { b1: 0.9, b2: 0.999, eps: 1e-8, weight_decay: 1e-2 }
    }
}

impl AdamWSpec {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        require((0.0..1.0).contains(&self.b1), "b1", self.b1, "a number in [0, 1)")?;
        require((0.0..1.0).contains(&self.b2), "b2", self.b2, "a number in [0, 1)")?;
        require(self.eps > 0.0 && self.eps.is_finite(), "eps", self.eps, "a positive number")?;
        let decay = self.weight_decay;
        require(decay >= 0.0 && decay.is_finite(), "weight-decay", decay, "a number of at least 0")
    }
}

/// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, arXiv 1711.05101, Algorithm 2:
/// `u ← m̂ / (√v̂ + eps) + weight_decay · x` with bias-corrected moments.
#[derive(Debug, Clone, Copy)]
pub struct AdamW {
    /// Parameters.
    pub spec: AdamWSpec,
}

impl<R: Real> Transform<R> for AdamW {
    fn state_names(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn apply(&self, update: &mut [R], state: &mut Payload<R>, at: &Point<'_, R>) {
        let AdamWSpec { b1, b2, eps, weight_decay } = self.spec;
        if state.vectors.is_empty() {
            *state = Payload::of([vec![R::zero(); update.len()], vec![R::zero(); update.len()]]).with_scalar(0.0);
        }
        state.scalars[0] += 1.0;
        let steps = state.scalars[0];
        let correct_m = R::of(1.0 / (1.0 - b1.powf(steps)));
        let correct_v = R::of(1.0 / (1.0 - b2.powf(steps)));
        let [m, v] = state.vectors.as_mut_slice() else { unreachable!("the state holds m and v") };
        let (b1, b2, eps, decay, one) = (R::of(b1), R::of(b2), R::of(eps), R::of(weight_decay), R::one());
        for (((u, m), v), &x) in update.iter_mut().zip(m).zip(v).zip(at.x) {
            *m = b1 * *m + (one - b1) * *u;
            *v = b2 * *v + (one - b2) * *u * *u;
            *u = *m * correct_m / (num_traits::Float::sqrt(*v * correct_v) + eps) + decay * x;
        }
    }
}
