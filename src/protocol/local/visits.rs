//! How many local steps the clients of a world take, and how long their visits last.

use super::rule::{LocalRule, Steps};
use crate::{
    engine::NodeId,
    num::Real,
    random::{Purpose, Rng},
    rounding,
    world::World,
};

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
