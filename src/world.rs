//! The world of a run: problem, fleet, network and random streams. Immutable, and the same for every method.

use std::sync::Arc;

use crate::{
    engine::{Delivery, Finish, NodeId, Physics, SERVER},
    fleet::{Fleet, Presence},
    network::{Direction, Link, Network},
    num::{Real, low_precision::Bits},
    problem::{Objective, Problem},
    random::{Purpose, Streams},
    rounding,
};

/// Everything that exists before a method starts.
pub struct World<R: Real> {
    /// The problem that is minimised.
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

    /// Number of clients that have samples.
    pub fn holders(&self) -> usize {
        (0..self.clients()).filter(|&client| self.objective().samples(client) > 0).count()
    }

    /// Width of a client.
    pub fn width(&self, client: NodeId) -> Bits {
        Bits::new(self.fleet.bits(client)).unwrap_or(Bits::FLOAT)
    }

    /// Random streams of this world's seed.
    pub fn streams(&self) -> Streams {
        self.streams
    }

    /// Whether work and messages in `directions` surely take no time, so that the clock does not move unless a method or its
    /// schedule waits.
    pub fn is_instant(&self, directions: &[Direction]) -> bool {
        let travels_at_once = |&direction: &Direction| self.fleet.links(&self.network, direction).all(Link::is_instant);
        self.fleet.is_instant() && directions.iter().all(travels_at_once)
    }

    /// Long-run probability that a client takes part in a round [1]; 1 where only a trace knows.
    pub fn probability(&self, client: NodeId) -> f64 {
        self.fleet.probability(client).unwrap_or(1.0)
    }
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
        let link = fleet.link(network, direction, node);
        if let Some(delay) = link.steady_delay(node, bits) {
            return Delivery::After(delay);
        }
        let mut rng = streams.stream(Purpose::Transit, node, count);
        let delay = link.delay(node, bits, &mut rng);
        if link.lost(node, &mut rng) { Delivery::Lost(delay) } else { Delivery::After(delay) }
    }
}
