//! The world of a run: problem, fleet, network and random streams. Immutable, and the same for every method.

use std::sync::Arc;

pub use crate::fleet::Finish;
use crate::{
    engine::{Delivery, NodeId, Physics, SERVER},
    fleet::{Fleet, Presence},
    network::{Direction, Network},
    num::{Real, low_precision::Bits},
    problem::{Objective, Problem},
    random::{Purpose, Rng, Streams},
    role::local::{LocalRule, Steps},
    rounding,
};

/// Everything that exists before a method starts.
pub struct World<R: Real> {
    /// What is minimised.
    pub problem: Problem<R>,
    /// Who the clients are.
    pub fleet: Fleet,
    /// How messages travel.
    pub network: Network,
    /// Random streams of this world's seed.
    pub streams: Streams,
}

impl<R: Real> World<R> {
    /// Number of clients `n`.
    pub fn clients(&self) -> usize {
        self.fleet.clients()
    }

    /// The objective.
    pub fn objective(&self) -> &dyn Objective<R> {
        self.problem.objective()
    }

    /// Width of a client.
    pub fn width(&self, client: NodeId) -> Bits {
        Bits::new(self.fleet.bits(client)).unwrap_or(Bits::FLOAT)
    }

    /// Random streams of this world's seed.
    pub fn streams(&self) -> Streams {
        self.streams
    }

    /// Whether work and messages in `directions` surely take no time, so that the clock stands still unless a method or its
    /// schedule waits.
    pub fn is_instant(&self, directions: &[Direction]) -> bool {
        let travels_at_once = |&direction: &Direction| self.network.is_instant(&self.fleet, direction);
        self.fleet.is_instant() && directions.iter().all(travels_at_once)
    }

    /// Long-run probability that a client takes part in a round [1]; 1 where only a trace knows.
    pub fn probability(&self, client: NodeId) -> f64 {
        self.fleet.probability(client).unwrap_or(1.0)
    }

    /// Local steps of a visit of `client` to the samples of `shard`, at least 1.
    pub fn local_steps<T>(&self, rule: &LocalRule<T>, (client, shard): (NodeId, NodeId), visit: u64) -> usize {
        match &rule.steps {
            Steps::Epochs(_) => whole_steps(self.mean_steps(&rule.steps, rule, shard)),
            steps if steps.are_drawn(client) => {
                self.draw_steps(rule, client, &mut self.streams.stream(Purpose::Steps, client, visit))
            }
            steps => whole_steps(self.mean_steps(steps, rule, client)),
        }
    }

    /// Draws the local steps of a visit of `client` to its own samples, at least 1.
    pub fn draw_steps<T>(&self, rule: &LocalRule<T>, client: NodeId, rng: &mut Rng) -> usize {
        match &rule.steps {
            Steps::Count(sampler) => whole_steps(sampler.sample(client, rng)),
            steps => whole_steps(self.mean_steps(steps, rule, client)),
        }
    }

    /// Mean duration of a visit of a client that works by `rule`, without the time of messages [s].
    pub fn mean_visit<T>(&self, rule: &LocalRule<T>, client: NodeId) -> f64 {
        let steps = self.mean_steps(&rule.steps, rule, client);
        self.fleet.mean_duration(client, steps.round().max(1.0))
    }

    /// Local steps of the visits of a client that works by `rule`, on average, and whether they are always as many.
    pub fn usual_steps<T>(&self, rule: &LocalRule<T>, client: NodeId) -> (f64, bool) {
        let always = if let Steps::Count(sampler) = &rule.steps { sampler.of_client(client).is_some() } else { true };
        let steps = self.mean_steps(&rule.steps, rule, client).max(1.0);
        if always { (steps.round(), true) } else { (steps, false) }
    }

    /// Mean number of local steps.
    fn mean_steps<T>(&self, steps: &Steps, rule: &LocalRule<T>, client: NodeId) -> f64 {
        match steps {
            Steps::Count(sampler) => sampler.client_mean(client),
            Steps::Epochs(epochs) => {
                let samples = self.objective().samples(client);
                epochs * samples.div_ceil(rule.batch.rows(samples).max(1)) as f64
            }
            Steps::Seconds(seconds) => {
                rounding::floor((seconds - self.fleet.mean_overhead(client)) / self.fleet.mean_step(client))
            }
            // Without a known energy, which the plan refuses, a visit is one step.
            Steps::Energy(budget) => self.fleet.energy(client).map_or(1.0, |step| rounding::floor(budget / step)),
            Steps::BySpeed(most) => rounding::floor(most * self.fleet.fastest_step() / self.fleet.mean_step(client)),
        }
    }
}

/// The whole number of local steps that is nearest, at least 1.
fn whole_steps(steps: f64) -> usize {
    (steps.round() as usize).max(1)
}

/// How long things take in a world.
pub struct WorldClock<R: Real> {
    world: Arc<World<R>>,
    presence: Presence,
}

impl<R: Real> WorldClock<R> {
    /// The clock of a world.
    pub fn new(world: Arc<World<R>>) -> Self {
        Self { world, presence: Presence::new() }
    }
}

impl<R: Real> WorldClock<R> {
    /// Working time of a visit [s].
    fn duration(&self, node: NodeId, steps: usize, visit: u64) -> f64 {
        let World { fleet, streams, .. } = self.world.as_ref();
        let drawn = || fleet.duration(node, steps, &mut streams.stream(Purpose::Delay, node, visit));
        fleet.steady_duration(node, steps).unwrap_or_else(drawn)
    }
}

impl<R: Real> Physics for WorldClock<R> {
    fn work(&mut self, node: NodeId, now: f64, steps: usize, visit: u64) -> Finish {
        let duration = self.duration(node, steps, visit);
        let World { fleet, streams, .. } = self.world.as_ref();
        let dropout =
            if fleet.drops_out(node) { fleet.dropout(node, &mut streams.stream(Purpose::Fault, node, visit)) } else { None };
        let work = duration * dropout.unwrap_or(1.0);
        match (self.presence.finish(fleet, node, now, work), dropout) {
            (Finish::At(time), Some(_)) => Finish::LostAt(time),
            (finish, _) => finish,
        }
    }

    fn done(&mut self, node: NodeId, (begun, now): (f64, f64), steps: u64, visit: u64) -> u64 {
        let duration = self.duration(node, steps as usize, visit);
        let worked = self.presence.worked(&self.world.fleet, node, begun, now);
        if worked < duration { rounding::floor(steps as f64 * (worked / duration)) as u64 } else { steps }
    }

    fn energy(&self, node: NodeId, steps: u64) -> f64 {
        self.world.fleet.energy(node).map_or(0.0, |step| steps as f64 * step)
    }

    fn transit(&mut self, from: NodeId, to: NodeId, _now: f64, bits: u64, count: u64) -> Delivery {
        let World { fleet, network, streams, .. } = self.world.as_ref();
        let (direction, node) = match (from, to) {
            (SERVER, client) => (Direction::Down, client),
            (client, SERVER) => (Direction::Up, client),
            (peer, _) => (Direction::Peer, peer),
        };
        let link = network.link(fleet, direction, node);
        if let Some(delay) = link.steady_delay(node, bits) {
            return Delivery::After(delay);
        }
        let mut rng = streams.stream(Purpose::Transit, node, count);
        let delay = link.delay(node, bits, &mut rng);
        if link.lost(node, &mut rng) { Delivery::Lost(delay) } else { Delivery::After(delay) }
    }
}
