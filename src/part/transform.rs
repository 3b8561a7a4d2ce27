//! Transforms of an update before it is applied: optimisers, scaling, clipping. They compose into a chain.

mod adaptive;
mod simple;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use adaptive::{AdamW, AdamWSpec, Adaptive, AdaptiveSpec, Rule};
pub use simple::{Clip, Momentum, MomentumSpec, Scale, WeightDecay};

use crate::{
    invalid::{Invalid, require},
    message::Payload,
    num::Real,
};

/// Where an update is about to be applied.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a, R> {
    /// The iterate before the update, shape `[d]`.
    pub x: &'a [R],
    /// Server version of the iterate.
    pub version: u64,
    /// Mean weight for staleness of the updates that it is made of [1]; 1 where there is no staleness.
    pub weight: f64,
}

/// Changes an update in place. An update is a descent direction: `x ← x − update`.
pub trait Transform<R>: Send + Sync {
    /// Changes `update`, shape `[d]`. `state` is empty at first and belongs to this transform at this place.
    fn apply(&self, update: &mut [R], state: &mut Payload<R>, at: &Point<'_, R>);

    /// The names of the vectors of its state, in their order.
    fn state_names(&self) -> &'static [&'static str] {
        &[]
    }
}

/// One transform of a chain, as a scenario writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransformSpec {
    /// Multiplies by a constant: the server's step size.
    Scale(f64),
    /// Heavy-ball or Nesterov momentum, `b ← beta b + u`.
    Momentum(MomentumSpec),
    /// FedAdam's second moment, `v ← b2 v + (1 − b2) u²` (Reddi et al. 2021): no bias correction, `tau` outside the root.
    Adam(AdaptiveSpec),
    /// FedYogi's second moment, `v ← v − (1 − b2) u² sign(v − u²)`.
    Yogi(AdaptiveSpec),
    /// FedAdagrad's second moment, `v ← v + u²`.
    Adagrad(AdaptiveSpec),
    /// AdamW with bias correction and decoupled weight decay (Loshchilov and Hutter 2019), as local optimisers use it.
    Adamw(AdamWSpec),
    /// Scales down to at most this Euclidean norm.
    Clip(f64),
    /// Adds this multiple of the iterate.
    WeightDecay(f64),
}

impl TransformSpec {
    /// Whether a direction that is longer throughout comes out no longer, or not in proportion.
    pub fn normalises(&self) -> bool {
        matches!(self, Self::Adam(_) | Self::Yogi(_) | Self::Adagrad(_) | Self::Adamw(_) | Self::Clip(_))
    }

    /// Builds the transform.
    pub fn build<R: Real>(&self) -> Box<dyn Transform<R>> {
        match self {
            Self::Scale(factor) => Box::new(Scale { factor: *factor }),
            Self::Momentum(spec) => Box::new(Momentum { spec: *spec }),
            Self::Adam(spec) => Box::new(Adaptive { rule: Rule::Adam, spec: *spec }),
            Self::Yogi(spec) => Box::new(Adaptive { rule: Rule::Yogi, spec: *spec }),
            Self::Adagrad(spec) => Box::new(Adaptive { rule: Rule::Adagrad, spec: *spec }),
            Self::Adamw(spec) => Box::new(AdamW { spec: *spec }),
            Self::Clip(norm) => Box::new(Clip { norm: *norm }),
            Self::WeightDecay(strength) => Box::new(WeightDecay { strength: *strength }),
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::Scale(factor) => require(factor.is_finite(), "scale", factor, "a finite number"),
            Self::Momentum(spec) => require((0.0..1.0).contains(&spec.beta), "momentum.beta", spec.beta, "a number in [0, 1)"),
            Self::Adam(spec) => spec.validate().map_err(|invalid| invalid.under("adam")),
            Self::Yogi(spec) => spec.validate().map_err(|invalid| invalid.under("yogi")),
            Self::Adagrad(spec) => spec.validate().map_err(|invalid| invalid.under("adagrad")),
            Self::Adamw(spec) => spec.validate().map_err(|invalid| invalid.under("adamw")),
            Self::Clip(norm) => require(*norm > 0.0, "clip", norm, "a positive norm"),
            Self::WeightDecay(strength) => {
                require(*strength >= 0.0 && strength.is_finite(), "weight-decay", strength, "a number of at least 0")
            }
        }
    }
}

/// Transforms applied one after another.
pub struct Chain<R> {
    parts: Vec<Box<dyn Transform<R>>>,
}

impl<R: Real> Chain<R> {
    /// The chain a scenario describes.
    pub fn build(specs: &[TransformSpec]) -> Self {
        Self { parts: specs.iter().map(TransformSpec::build).collect() }
    }

    /// Whether the chain leaves every update as it is.
    pub fn is_plain(&self) -> bool {
        self.parts.is_empty()
    }

    /// The vectors of a `state` by their names: the place of their transform, from 0, and their name in it, such as `0.m`.
    pub fn state_vectors<'a>(&'a self, state: &'a [Payload<R>]) -> impl Iterator<Item = (String, &'a [R])> {
        self.parts.iter().zip(state).enumerate().flat_map(|(place, (part, state))| {
            let vectors = part.state_names().iter().zip(&state.vectors);
            vectors.map(move |(name, vector)| (format!("{place}.{name}"), vector.as_slice()))
        })
    }

    /// Changes `update` by every transform in turn. `state` holds one payload a transform and may be empty at first.
    pub fn apply(&self, update: &mut [R], state: &mut Vec<Payload<R>>, at: &Point<'_, R>) {
        state.resize_with(self.parts.len(), Payload::default);
        for (part, state) in self.parts.iter().zip(state) {
            part.apply(update, state, at);
        }
    }
}
