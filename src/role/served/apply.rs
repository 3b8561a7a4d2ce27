//! What a server half works with when it applies a batch.

use serde::{Deserialize, Serialize};

use super::Arrived;
use crate::{
    num::{Real, vector},
    part::{
        transform::{Chain, Point},
        weighting::Weighting,
    },
    random::{Purpose, Rng},
    role::Payload,
    world::World,
};

/// The parts of a server, immutable.
pub struct ServerParts<R> {
    /// How updates are weighted.
    pub weighting: Weighting,
    /// The server optimiser; `x ← x − u` when empty.
    pub optimiser: Chain<R>,
}

/// What the parts of a server remember.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ServerState<R> {
    /// State of the server optimiser.
    pub optimiser: Vec<Payload<R>>,
}

/// The surroundings of one server step.
pub struct Apply<'a, R: Real> {
    /// Server steps so far: the version of the iterate that is about to change.
    pub version: u64,
    /// Virtual time [s].
    pub now: f64,
    pub(super) world: &'a World<R>,
    pub(super) local_lr: f64,
    pub(super) parts: &'a ServerParts<R>,
    pub(super) state: &'a mut ServerState<R>,
}

impl<R: Real> Apply<'_, R> {
    /// Number of clients `N`.
    pub fn clients(&self) -> usize {
        self.world.clients()
    }

    /// Number of samples of a client.
    pub fn samples(&self, client: usize) -> usize {
        self.world.objective().samples(client)
    }

    /// Weight `pᵢ` of a client in the objective.
    pub fn weight(&self, client: usize) -> f64 {
        self.world.objective().weight(client)
    }

    /// Long-run probability that a client takes part in a round [1].
    pub fn probability(&self, client: usize) -> f64 {
        self.world.probability(client)
    }

    /// The local step size of this version.
    pub fn local_lr(&self) -> f64 {
        self.local_lr
    }

    /// The server's own random stream of this step.
    pub fn rng(&self) -> Rng {
        self.world.streams().stream(Purpose::Server, 0, self.version)
    }

    /// The weighted sum of vector number `k` of the batch, shape `[d]`, by the method's weighting.
    pub fn aggregate(&self, batch: &[Arrived<R>], k: usize) -> Vec<R> {
        let coefficients = self.parts.weighting.coefficients(batch, self);
        weighted_sum(batch, k, &coefficients)
    }

    /// The server step: the update goes through the server optimiser, then `x ← x − update`.
    pub fn step(&mut self, x: &mut [R], mut update: Vec<R>) {
        let point = Point { x, version: self.version };
        self.parts.optimiser.apply(&mut update, &mut self.state.optimiser, &point);
        vector::axpy(-R::one(), &update, x);
    }
}

/// `Σ coefficientᵢ · upᵢ[k]`, in order of arrival; the batch must not be empty.
pub fn weighted_sum<R: Real>(batch: &[Arrived<R>], k: usize, coefficients: &[f64]) -> Vec<R> {
    let dim = batch.first().map_or(0, |up| up.up.vectors[k].len());
    let mut sum = vec![R::zero(); dim];
    for (up, &coefficient) in batch.iter().zip(coefficients) {
        vector::axpy(R::of(coefficient), &up.up.vectors[k], &mut sum);
    }
    sum
}
