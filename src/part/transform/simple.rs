//! Transforms with little or no memory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Point, Transform};
use crate::{
    message::Payload,
    num::{Real, vector},
};

/// `u ← factor · u`.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// The factor, such as a server step size.
    pub factor: f64,
}

impl<R: Real> Transform<R> for Scale {
    fn apply(&self, update: &mut [R], _: &mut Payload<R>, _: &Point<'_, R>) {
        vector::scale(R::of(self.factor), update);
    }
}

/// Parameters of [`Momentum`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MomentumSpec {
    /// Share of the old momentum that stays [1].
    pub beta: f64,
    /// Whether the update looks ahead, `u ← u + beta b`, instead of being the momentum itself.
    #[serde(default)]
    pub nesterov: bool,
    /// Whether an update that counts `w` for its staleness is the share `w` of a step: `b ← (1 − w (1 − beta)) b + u`, and its step
    /// is scaled by `w` (FLSim's momentum of asynchronous servers).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_staleness: bool,
}

/// Momentum without dampening: `b ← beta b + u`, then `u ← b` (heavy ball) or `u ← u + beta b` (Nesterov). `b` starts at 0.
#[derive(Debug, Clone, Copy)]
pub struct Momentum {
    /// Parameters.
    pub spec: MomentumSpec,
}

impl<R: Real> Transform<R> for Momentum {
    fn state_names(&self) -> &'static [&'static str] {
        &["b"]
    }

    fn apply(&self, update: &mut [R], state: &mut Payload<R>, at: &Point<'_, R>) {
        let MomentumSpec { beta, nesterov, by_staleness } = self.spec;
        let weight = if by_staleness { at.weight } else { 1.0 };
        // (1 − w) + w beta, which is beta itself, to the bit, for w = 1.
        let (beta, weight) = (R::of((1.0 - weight) + weight * beta), R::of(weight));
        if state.vectors.is_empty() {
            state.vectors.push(vec![R::zero(); update.len()]);
        }
        for (u, b) in update.iter_mut().zip(&mut state.vectors[0]) {
            *b = beta * *b + *u;
            *u = weight * if nesterov { *u + beta * *b } else { *b };
        }
    }
}

/// Scales an update down to a Euclidean norm of at most `norm`.
#[derive(Debug, Clone, Copy)]
pub struct Clip {
    /// The largest norm that passes unchanged.
    pub norm: f64,
}

impl<R: Real> Transform<R> for Clip {
    fn apply(&self, update: &mut [R], _: &mut Payload<R>, _: &Point<'_, R>) {
        let norm = vector::norm2(update).sqrt();
        if norm > self.norm {
            vector::scale(R::of(self.norm / norm), update);
        }
    }
}

/// `u ← u + strength · x`.
#[derive(Debug, Clone, Copy)]
pub struct WeightDecay {
    /// The multiple of the iterate.
    pub strength: f64,
}

impl<R: Real> Transform<R> for WeightDecay {
    fn apply(&self, update: &mut [R], _: &mut Payload<R>, at: &Point<'_, R>) {
        vector::axpy(R::of(self.strength), at.x, update);
    }
}
