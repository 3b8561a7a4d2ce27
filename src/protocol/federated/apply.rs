//! The server step: the parts of a server, and the context in which its method applies a batch.

use serde::{Deserialize, Serialize};

use super::{Arrived, Grid, secure::MaskedSum};
use crate::{
    num::{Real, vector},
    part::{
        transform::{Chain, Point},
        weighting::Weighting,
    },
    problem::Block,
    protocol::{Payload, schedule::ScheduleSpec},
    random::{Purpose, Rng},
    world::World,
};

/// The parts of a server, immutable.
pub struct ServerParts<R> {
    /// How updates are weighted.
    pub weighting: Weighting,
    /// The server optimiser; `x ← x − u` when empty.
    pub optimiser: Chain<R>,
    /// Expected deliveries of each client in a server step, shape `[n]`; empty unless the weighting needs them.
    pub deliveries: Vec<f64>,
    /// Arrivals of a full batch; `None` where every batch is full.
    pub full_batch: Option<usize>,
    /// Clients that have samples.
    pub holders: usize,
    /// The greatest weight in the objective of a client.
    pub heaviest: f64,
    /// Whether clients are drawn by weights, so that those who come count for the objective as they come.
    pub drawn_by_weight: bool,
}

impl<R: Real> ServerParts<R> {
    /// The parts of a server that acts by `schedule`. How often clients deliver is handed in later.
    pub fn new(weighting: Weighting, optimiser: Chain<R>, schedule: &ScheduleSpec, world: &World<R>) -> Self {
        let objective = world.objective();
        let heaviest = (0..world.clients()).map(|client| objective.weight(client)).fold(0.0, f64::max);
        Self {
            weighting,
            optimiser,
            deliveries: Vec::new(),
            full_batch: schedule.full_batch(),
            holders: world.holders(),
            heaviest,
            drawn_by_weight: schedule.draws_by_weight(),
        }
    }
}

/// The memory of the parts of a server.
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
    /// Mean staleness weight of the batch [1].
    pub(super) mean_weight: f64,
    /// The sum of the batch, where secure aggregation hides its updates.
    pub(super) masked: Option<(&'a MaskedSum, &'a Grid)>,
    pub(super) parts: &'a ServerParts<R>,
    pub(super) state: &'a mut ServerState<R>,
}

impl<R: Real> Apply<'_, R> {
    /// Number of clients `N`.
    pub fn clients(&self) -> usize {
        self.world.clients()
    }

    /// Number of clients that have samples: the `N` of means over clients. The others are never called.
    pub fn holders(&self) -> usize {
        self.parts.holders
    }

    /// Number of samples of a client.
    pub fn samples(&self, client: usize) -> usize {
        self.world.objective().samples(client)
    }

    /// Share of each class among the samples of each client, `[N][C]` [1]; `None` where the data has no classes.
    pub fn label_fractions(&self) -> Option<Vec<Vec<f64>>> {
        self.world.problem.data()?.label_fractions()
    }

    /// The named blocks of the parameter vector.
    pub fn blocks(&self) -> &[Block] {
        self.world.objective().blocks()
    }

    /// Weight `pᵢ` of a client in the objective.
    pub fn weight(&self, client: usize) -> f64 {
        self.world.objective().weight(client)
    }

    /// The weight of a client in the objective relative to the average client: `N pᵢ`, exactly 1 where all weights are equal.
    pub fn share(&self, client: usize) -> f64 {
        self.weight(client) / (1.0 / self.holders() as f64)
    }

    /// The mean [share](Self::share) of the clients with samples that `counts`, where the weighting multiplies updates by shares.
    pub fn mean_share(&self, counts: impl Fn(usize) -> bool) -> Option<f64> {
        if !self.parts.weighting.is_linear_in_weights() {
            return None;
        }
        let all = (0..self.clients()).filter(|&client| self.share(client) > 0.0 && counts(client));
        let (sum, count) = all.fold((0.0, 0), |(sum, count), client| (sum + self.share(client), count + 1));
        Some(sum / f64::from(count.max(1)))
    }

    /// The weight of a client among the participants: its [share](Self::share), or 1 where it was drawn by its weight already.
    pub fn drawn_share(&self, client: usize) -> f64 {
        if self.parts.drawn_by_weight { 1.0 } else { self.share(client) }
    }

    /// The weight of a client as a part of the greatest in the fleet [1].
    pub fn relative_weight(&self, client: usize) -> f64 {
        self.weight(client) / self.parts.heaviest
    }

    /// Weights, in the objective, of the clients of a batch.
    pub fn weights(&self, batch: &[Arrived<R>]) -> Vec<f64> {
        batch.iter().map(|up| self.weight(up.from)).collect()
    }

    /// Probability that a client takes part in the round of this version [1].
    pub fn probability(&self, client: usize) -> f64 {
        self.world.fleet.probability_in(client, self.version).unwrap_or(1.0)
    }

    /// Expected deliveries of a client in a server step [1]; 1 where no weighting asks for them.
    pub fn deliveries(&self, client: usize) -> f64 {
        self.parts.deliveries.get(client).copied().unwrap_or(1.0)
    }

    /// The divisor of the plain mean of a batch: its size, or that of a full one.
    pub fn batch_size(&self, batch: &[Arrived<R>]) -> usize {
        self.parts.full_batch.unwrap_or(batch.len())
    }

    /// The local step size of this version.
    pub fn local_lr(&self) -> f64 {
        self.local_lr
    }

    /// The server's own random stream of this step.
    pub fn rng(&self) -> Rng {
        self.world.streams().stream(Purpose::Server, 0, self.version)
    }

    /// The coefficients of a batch by the method's weighting, staleness weights included.
    pub fn coefficients(&self, batch: &[Arrived<R>]) -> Vec<f64> {
        self.parts.weighting.coefficients(batch, self)
    }

    /// The coefficients of the share of each update that came from the server, such as its momentum: those of the method's weighting
    /// without the clients' weights, so that this share returns undiminished, whoever took part.
    pub fn coefficients_of_returns(&self, batch: &[Arrived<R>]) -> Vec<f64> {
        let mut coefficients = self.coefficients(batch);
        if self.parts.weighting.is_linear_in_weights() {
            for (coefficient, up) in coefficients.iter_mut().zip(batch) {
                let share = self.share(up.from);
                *coefficient = if share > 0.0 { *coefficient / share } else { 0.0 };
            }
        }
        coefficients
    }

    /// The weighted sum of vector number `k` of the batch, shape `[d]`, by the method's weighting.
    pub fn aggregate(&self, batch: &[Arrived<R>], k: usize) -> Vec<R> {
        if let Some((sum, grid)) = self.masked {
            return sum.vector(k, grid, 1.0 / self.parts.weighting.norm(batch, self));
        }
        weighted_sum(batch, k, &self.coefficients(batch))
    }

    /// The server step: the update goes through the server optimiser, then `x ← x − update`.
    pub fn step(&mut self, x: &mut [R], mut update: Vec<R>) {
        let point = Point { x, version: self.version, weight: self.mean_weight };
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

impl Weighting {
    /// The coefficients of a batch, staleness weights included.
    pub(super) fn coefficients<R: Real>(&self, batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> Vec<f64> {
        let norm = self.norm(batch, ctx);
        let share = |up: &Arrived<R>| match self {
            Self::ParticipatingWeighted => ctx.samples(up.from) as f64,
            Self::KnownProbability => ctx.share(up.from) / ctx.probability(up.from),
            Self::Sampling | Self::AllWeighted => ctx.weight(up.from),
            Self::Unbiased => ctx.weight(up.from) / ctx.deliveries(up.from),
            Self::SumWeighted => ctx.share(up.from),
            _ => 1.0,
        };
        batch.iter().map(|up| up.weight * share(up) / norm).collect()
    }

    /// The divisor of the weighted updates of a batch; never 0, so that a batch without any weight leaves the model as it is.
    pub(super) fn norm<R: Real>(&self, batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> f64 {
        let (size, clients) = (ctx.batch_size(batch) as f64, ctx.holders() as f64);
        let total_samples = || batch.iter().map(|up| ctx.samples(up.from) as f64).sum::<f64>();
        let total_weight = || batch.iter().map(|up| up.weight).sum::<f64>();
        let norm = match self {
            Self::Participating => size,
            Self::ParticipatingWeighted => total_samples(),
            Self::All => clients,
            Self::KnownProbability => clients,
            Self::Sampling => size / clients,
            Self::SumWeights => total_weight(),
            Self::InverseRoot => clients.sqrt(),
            Self::AllWeighted | Self::Unbiased | Self::Sum | Self::SumWeighted => 1.0,
        };
        if norm == 0.0 { 1.0 } else { norm }
    }
}
