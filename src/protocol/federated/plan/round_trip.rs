//! How long a client is under way, from its call to its answer.

use std::sync::Arc;

use super::Plan;
use crate::{
    engine::NodeId,
    interrupt::Interrupt,
    network::{self, Direction},
    num::Real,
    protocol::{
        Memory, Payload, Scratch,
        federated::{Apply, Arrived, Downlink, Job, ServerState, ServerUpdate, Workload, compressors::Downlinks},
        local::{LocalRule, Pace, Steps},
        schedule::deliveries::Cycles,
    },
    random::{POPULATION, Purpose, Rng},
    world::World,
};

/// Numbers of steps that are drawn to tell their mean.
const DRAWS: usize = 16_384;

/// What is known of the messages and visits of a method before it runs.
pub struct RoundTrips<R> {
    /// An exchange with a client of each width [bit].
    exchanges: Vec<(u32, Exchange<R>)>,
    /// Mean number of local steps of clients who draw it for every visit.
    drawn_steps: f64,
}

/// One download and its answer.
struct Exchange<R> {
    down: Arc<Payload<R>>,
    /// Size of the download [bit].
    down_bits: u64,
    /// Size of the upload [bit].
    up_bits: u64,
}

impl<R: Real> RoundTrips<R> {
    /// Looks at the second exchange with a client of each width, when the first is past in which some methods and links send
    /// something else. `model` and `server` are there for nothing else than that.
    pub(in crate::protocol::federated) fn explore(
        plan: &Plan<R>,
        model: &mut Arc<Payload<R>>,
        server: &mut dyn ServerUpdate<R>,
    ) -> Self {
        let fleet = &plan.world.fleet;
        let mut exchanges: Vec<(u32, Exchange<R>)> = Vec::new();
        for client in 0..fleet.clients() {
            let width = fleet.bits(client);
            if exchanges.iter().all(|(known, _)| *known != width) {
                exchanges.push((width, Exchange::second(plan, client, (&mut *model, &mut *server))));
            }
        }
        Self { exchanges, drawn_steps: drawn_steps(&plan.local, &plan.world) }
    }

    fn of<'a>(&'a self, plan: &'a Plan<R>, client: NodeId) -> RoundTrip<'a, R> {
        let width = plan.world.fleet.bits(client);
        let known = self.exchanges.iter().find(|(known, _)| *known == width);
        let (_, exchange) = known.expect("there was an exchange with a client of every width");
        RoundTrip { plan, client, exchange, drawn_steps: self.drawn_steps }
    }
}

/// Mean of a number of steps that is drawn: draws tell how far rounding moves it, which is not far however widely it is spread.
fn drawn_steps<R: Real>(rule: &LocalRule<R>, world: &World<R>) -> f64 {
    let Steps::Count(sampler) = &rule.steps else { return 0.0 };
    let mut rng = world.streams().stream(Purpose::Forecast, POPULATION, 1);
    let moved = (0..DRAWS).map(|_| {
        let steps = sampler.sample(0, &mut rng);
        steps.round().max(1.0) - steps
    });
    sampler.mean() + moved.sum::<f64>() / DRAWS as f64
}

/// What exchanges leave behind.
struct Past<R> {
    downlinks: Downlinks<R>,
    memory: Option<Arc<Memory<R>>>,
    scratch: Scratch<R>,
}

impl<R: Real> Exchange<R> {
    fn second(plan: &Plan<R>, client: NodeId, (model, server): (&mut Arc<Payload<R>>, &mut dyn ServerUpdate<R>)) -> Self {
        let mut past = Past { downlinks: Downlinks::default(), memory: None, scratch: Scratch::default() };
        let down = |model: &Arc<Payload<R>>, server: &dyn ServerUpdate<R>| Arc::clone(server.personal(client).unwrap_or(model));
        let first = Self::next(plan, client, down(model, server), &mut past, 0);
        let mut state = ServerState::default();
        let mut ctx = Apply {
            version: 0,
            now: 0.0,
            world: &plan.world,
            local_lr: plan.local.rate.at(0),
            mean_weight: 1.0,
            parts: &plan.server,
            state: &mut state,
            masked: None,
        };
        server.apply(Arc::make_mut(model), &[first.1], &mut ctx);
        Self::next(plan, client, down(model, server), &mut past, 1).0
    }

    /// The exchange number `call`, with one local step; memories are committed.
    fn next(plan: &Plan<R>, client: NodeId, down: Arc<Payload<R>>, past: &mut Past<R>, call: u64) -> (Self, Arrived<R>) {
        let parcel = past.downlinks.pack(&plan.compressors, &plan.world, (client, call), down);
        past.downlinks.received(client);
        let origin = Downlink { call, version: call, down: Arc::clone(&parcel.down) };
        let pace = Pace { steps: 1, version: call, before: 0 };
        let job = Job { client, shard: client, visit: call, gradients: 1, pace, origin, memory: past.memory.take() };
        let upload = job.run(plan, &mut past.scratch, Interrupt::default());
        past.memory = upload.memory.map(Arc::new).or(job.memory);
        let exchange = Self { down: parcel.down, down_bits: parcel.bits, up_bits: upload.bits };
        let (down, up) = (upload.origin.down, upload.up);
        let arrived = Arrived { from: client, up, down, staleness: 0, weight: 1.0, steps: 1, total_lr: upload.total_lr };
        (exchange, arrived)
    }
}

/// The way of one client: the download, its work, the upload.
pub(in crate::protocol::federated) struct RoundTrip<'a, R: Real> {
    plan: &'a Plan<R>,
    client: NodeId,
    exchange: &'a Exchange<R>,
    drawn_steps: f64,
}

impl<R: Real> RoundTrip<'_, R> {
    /// Mean time [s].
    pub fn mean(&self) -> f64 {
        let (down, up) = (self.link(Direction::Down), self.link(Direction::Up));
        let messages = down.mean_delay(self.client, self.exchange.down_bits) + up.mean_delay(self.client, self.exchange.up_bits);
        self.plan.world.fleet.mean_duration(self.client, self.mean_gradients()) + messages
    }

    /// The times of the download, the work and the upload, where they never change [s].
    pub fn steady(&self) -> Option<[f64; 3]> {
        let Self { plan, client, exchange, .. } = *self;
        if plan.local.steps.are_drawn(client) {
            return None;
        }
        let down = self.link(Direction::Down).steady_delay(client, exchange.down_bits)?;
        let work = plan.world.fleet.steady_duration(client, self.gradients(self.steps()))?;
        Some([down, work, self.link(Direction::Up).steady_delay(client, exchange.up_bits)?])
    }

    /// Draws the times of the download, the work and the upload [s].
    pub fn draw(&self, rng: &mut Rng) -> [f64; 3] {
        let Self { plan, client, exchange, .. } = *self;
        let down = self.link(Direction::Down).delay(client, exchange.down_bits, rng);
        let steps = plan.local.draw_steps(&plan.world, client, rng);
        let work = plan.world.fleet.duration(client, self.gradients(steps), rng);
        [down, work, self.link(Direction::Up).delay(client, exchange.up_bits, rng)]
    }

    fn link(&self, direction: Direction) -> &network::Link {
        let World { network, fleet, .. } = self.plan.world.as_ref();
        fleet.link(network, direction, self.client)
    }

    /// Local steps of a visit, where they never change.
    fn steps(&self) -> usize {
        self.plan.local.local_steps(&self.plan.world, (self.client, self.client), 0)
    }

    /// Gradients of a visit of this many steps.
    fn gradients(&self, steps: usize) -> usize {
        let Plan { world, local, client, .. } = self.plan;
        let pass = local.batch.pass(world.objective().samples(self.client));
        client.gradients(&self.exchange.down, Workload { steps, pass })
    }

    /// Mean gradients of a visit, which are so many a step and so many besides.
    fn mean_gradients(&self) -> f64 {
        if !self.plan.local.steps.are_drawn(self.client) {
            return self.gradients(self.steps()) as f64;
        }
        let below = self.drawn_steps.floor();
        let [low, high] = [below, below + 1.0].map(|steps| self.gradients(steps as usize) as f64);
        low + (high - low) * (self.drawn_steps - below)
    }
}

impl<R: Real> Plan<R> {
    /// The trips of `client`.
    pub(in crate::protocol::federated) fn trip(&self, client: NodeId) -> RoundTrip<'_, R> {
        self.trips.as_ref().expect("trips are explored for all who ask for them").of(self, client)
    }
}

impl<R: Real> Cycles for Plan<R> {
    fn clients(&self) -> usize {
        self.world.clients()
    }

    fn mean(&self, client: usize) -> f64 {
        self.trip(client).mean()
    }

    fn steady(&self, client: usize) -> Option<[f64; 3]> {
        self.trip(client).steady()
    }

    fn draw(&self, client: usize, rng: &mut Rng) -> [f64; 3] {
        self.trip(client).draw(rng)
    }
}

#[cfg(test)]
mod tests;
