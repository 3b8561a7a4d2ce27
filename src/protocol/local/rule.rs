//! How clients take local steps.

use serde::{Deserialize, Serialize};

use crate::{
    engine::NodeId,
    num::Real,
    part::{
        rate::{Clock, Rate},
        transform::Chain,
    },
    problem::BatchSize,
    random::{Purpose, Rng, Sampler},
    rounding,
    world::World,
};

/// How clients take local steps: the section `local` of a scenario, for one method.
pub struct LocalRule<R> {
    /// Local steps of a visit.
    pub steps: Steps,
    /// Samples per step.
    pub batch: BatchSize,
    /// Step size.
    pub rate: Rate,
    /// The count that the step size depends on.
    pub clock: Clock,
    /// The client's own optimiser; plain SGD when empty.
    pub optimiser: Chain<R>,
    /// Whether the optimiser's state outlives a visit.
    pub keep_state: bool,
}

impl<R> LocalRule<R> {
    /// Step size of local step `k` of a visit.
    pub fn lr(&self, pace: Pace, k: usize) -> f64 {
        self.rate.at(match self.clock {
            Clock::Versions => pace.version,
            Clock::Steps => pace.before + k as u64,
        })
    }
}

/// The length of a visit, and its place in step-size schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Local steps of the visit.
    pub steps: usize,
    /// Server version (or own iteration) that the visit started from, not counting those before the method began to step.
    pub version: u64,
    /// Local steps on the same samples before the visit; 0 unless the [clock](Clock) counts them.
    pub before: u64,
}

/// How many local steps a visit takes.
#[derive(Debug, Clone)]
pub enum Steps {
    /// A number, or a draw for each visit.
    Count(Sampler),
    /// Passes over the client's samples.
    Epochs(f64),
    /// As many as the client does on average in this time, less the fixed time of a visit [s].
    Seconds(f64),
    /// As many as the client has the energy for [J].
    Energy(f64),
    /// This many for the fastest client, and for the others as many as they do in the same time on average.
    BySpeed(f64),
}

impl Steps {
    /// Whether the number of a client is drawn anew for every visit.
    pub fn are_drawn(&self, client: usize) -> bool {
        if let Self::Count(sampler) = self { sampler.of_client(client).is_none() } else { false }
    }
}

impl<T> LocalRule<T> {
    /// Local steps of a visit of `client` in `world` to the samples of `shard`, at least 1.
    pub fn local_steps<R: Real>(&self, world: &World<R>, (client, shard): (NodeId, NodeId), visit: u64) -> usize {
        match &self.steps {
            Steps::Epochs(_) => whole_steps(self.mean_steps(world, shard)),
            steps if steps.are_drawn(client) => {
                self.draw_steps(world, client, &mut world.streams.stream(Purpose::Steps, client, visit))
            }
            _ => whole_steps(self.mean_steps(world, client)),
        }
    }

    /// Draws the local steps of a visit of `client` to its own samples, at least 1.
    pub fn draw_steps<R: Real>(&self, world: &World<R>, client: NodeId, rng: &mut Rng) -> usize {
        match &self.steps {
            Steps::Count(sampler) => whole_steps(sampler.sample(client, rng)),
            _ => whole_steps(self.mean_steps(world, client)),
        }
    }

    /// Mean duration of a visit of a client, without the time of messages [s].
    pub fn mean_visit<R: Real>(&self, world: &World<R>, client: NodeId) -> f64 {
        let steps = self.mean_steps(world, client);
        world.fleet.mean_duration(client, steps.round().max(1.0))
    }

    /// Local steps of the visits of a client, on average, and whether they are always as many.
    pub fn usual_steps<R: Real>(&self, world: &World<R>, client: NodeId) -> (f64, bool) {
        let always = if let Steps::Count(sampler) = &self.steps { sampler.of_client(client).is_some() } else { true };
        let steps = self.mean_steps(world, client).max(1.0);
        if always { (steps.round(), true) } else { (steps, false) }
    }

    /// Mean number of local steps.
    fn mean_steps<R: Real>(&self, world: &World<R>, client: NodeId) -> f64 {
        match &self.steps {
            Steps::Count(sampler) => sampler.client_mean(client),
            Steps::Epochs(epochs) => {
                let samples = world.objective().samples(client);
                epochs * samples.div_ceil(self.batch.rows(samples).max(1)) as f64
            }
            Steps::Seconds(seconds) => {
                rounding::floor((seconds - world.fleet.mean_overhead(client)) / world.fleet.mean_step(client))
            }
            // Without a known energy, which the plan refuses, a visit is one step.
            Steps::Energy(budget) => world.fleet.energy(client).map_or(1.0, |step| rounding::floor(budget / step)),
            Steps::BySpeed(most) => rounding::floor(most * world.fleet.fastest_step() / world.fleet.mean_step(client)),
        }
    }
}

/// The whole number of local steps that is nearest, at least 1.
fn whole_steps(steps: f64) -> usize {
    (steps.round() as usize).max(1)
}
