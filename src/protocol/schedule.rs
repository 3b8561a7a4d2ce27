//! Schedules: when a server calls clients and when it applies their updates.

pub mod cohort;
mod concurrency;
mod grace;
mod group;
mod rounds;
mod select;
mod spec;
mod stream;
mod validate;
mod window;

use std::collections::BTreeSet;

use crate::{
    engine::{NodeId, Snapshot},
    fleet::{Fleet, Presence},
    random::{Purpose, Rng, Streams},
    rounding,
};

pub use concurrency::Concurrency;
pub use grace::Grace;
pub use group::Group;
pub use rounds::Rounds;
pub use select::{BySizeSpec, GradientNormSpec, PowerOfChoiceSpec, SelectSpec, TiersSpec};
pub use spec::{BufferedSpec, GraceSpec, GroupSpec, Replace, RoundsSpec, ScheduleSpec, StreamSpec, WindowSpec};
pub use stream::Continuous;
pub use window::Window;

/// When the server acts. A schedule sees which clients answered or were lost, never their messages.
pub trait Schedule: Snapshot + Send + Sync {
    /// The first orders, at time zero.
    fn start(&mut self, clients: &mut Clients<'_>) -> Orders;

    /// An upload was accepted and collected.
    fn on_arrival(&mut self, from: NodeId, clients: &mut Clients<'_>) -> Orders;

    /// A called client will not answer: its work or a message was lost, or its upload rejected.
    fn on_lost(&mut self, client: NodeId, clients: &mut Clients<'_>) -> Orders;

    /// A wake-up that the schedule ordered.
    fn on_timer(&mut self, key: u64, clients: &mut Clients<'_>) -> Orders;

    /// The server has just applied the collected uploads, on orders of this schedule; clients called now receive the new model.
    fn after_step(&mut self, clients: &mut Clients<'_>) -> Orders {
        let _ = clients;
        Orders::wait()
    }

    /// The weight of a called client's update, besides its staleness weight [1].
    fn weight(&self, client: NodeId) -> f64 {
        let _ = client;
        1.0
    }
}

/// Statistics of clients that a schedule may ask for. Losses and gradients are those at the server's iterate, and the traffic and work
/// of asking for them are counted.
pub trait ClientStats {
    /// Number of samples of a client.
    fn samples(&self, client: NodeId) -> usize;

    /// Whether a client ever has samples to work on; one without is not called.
    fn has_work(&self, client: NodeId) -> bool;

    /// Weight `pᵢ` of a client in the objective.
    fn weight(&self, client: NodeId) -> f64;

    /// Mean duration of a visit, without the time of messages [s].
    fn mean_visit(&self, client: NodeId) -> f64;

    /// Mean time from the call of a client to its answer [s].
    fn mean_trip(&self, client: NodeId) -> f64;

    /// The local loss `fᵢ(x)`.
    fn loss(&self, client: NodeId) -> f64;

    /// The norm of the local gradient, `‖∇fᵢ(x)‖`.
    fn gradient_norm(&self, client: NodeId) -> f64;
}

/// The orders of a schedule, carried out in this sequence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Orders {
    /// Clients whose calls are withdrawn.
    pub cancel: Vec<NodeId>,
    /// Whether the server applies the collected uploads; [`Schedule::after_step`] gives the orders that follow.
    pub apply: bool,
    /// Clients to call, with the model that the server then has.
    pub call: Vec<NodeId>,
    /// Wake-ups.
    pub wake: Vec<Wake>,
}

impl Orders {
    /// Nothing to do.
    pub fn wait() -> Self {
        Self::default()
    }
}

/// A wake-up that a schedule orders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wake {
    /// After this time [s], in the order of scheduling.
    Timer {
        /// Delay [s].
        after: f64,
        /// Key to be handed back.
        key: u64,
    },
    /// After this time [s], and after everything else of that instant, such as arrivals at the very deadline.
    Settle {
        /// Delay [s].
        after: f64,
        /// Key to be handed back.
        key: u64,
    },
}

/// The clients as a schedule sees them.
pub struct Clients<'a> {
    /// Virtual time [s].
    pub now: f64,
    /// Server steps so far.
    pub version: u64,
    /// Number of clients.
    pub clients: usize,
    /// Who is up, and when.
    pub presence: &'a mut Presence,
    /// The clients' availability.
    pub fleet: &'a Fleet,
    /// Streams of the run.
    pub streams: Streams,
    /// Whether a client has been called and has not answered.
    pub busy: &'a dyn Fn(NodeId) -> bool,
    /// Clients that the schedule calls in the same answer already.
    pub called: BTreeSet<NodeId>,
    /// Statistics of the clients.
    pub inquiry: &'a dyn ClientStats,
}

impl Clients<'_> {
    /// Whether a client can be called now, in round `round`.
    pub fn is_available(&mut self, client: NodeId, round: u64) -> bool {
        if self.is_called(client) || !self.inquiry.has_work(client) {
            return false;
        }
        self.fleet.always_available()
            || (self.presence.is_up(self.fleet, client, self.now) && self.presence.participates(self.fleet, client, round))
    }

    /// The clients that have samples to work on.
    pub fn holders(&self) -> Vec<NodeId> {
        (0..self.clients).filter(|&client| self.inquiry.has_work(client)).collect()
    }

    /// Whether a client has been called and has not answered, or is called in the same answer.
    pub fn is_called(&self, client: NodeId) -> bool {
        self.called.contains(&client) || (self.busy)(client)
    }

    /// The round of a schedule without rounds, for availability that is drawn by round: every server step begins one, and so does
    /// every pause of `idle` [s], or an absent client could be asked about the same round for ever.
    pub fn pseudo_round(&self, idle: f64) -> u64 {
        self.version + rounding::floor(self.now / idle) as u64
    }

    /// The first time from now on when a client is up [s]; `None` if it never is again.
    pub fn next_up(&mut self, client: NodeId) -> Option<f64> {
        self.presence.next_up(self.fleet, client, self.now)
    }

    /// Calls `client` if it is available; otherwise orders a wake-up with `key` for when it may be, after `pause` [s] where the time of
    /// its return is not known. A client that never returns, or has no samples, is not called again.
    fn call_or_wait(&mut self, client: NodeId, key: u64, pause: f64, orders: &mut Orders) {
        if self.is_available(client, self.pseudo_round(pause)) {
            let _ = self.called.insert(client);
            return orders.call.push(client);
        }
        if !self.inquiry.has_work(client) {
            return;
        }
        let after = match self.next_up(client) {
            Some(time) if time > self.now => time - self.now,
            Some(_) => pause,
            None => return,
        };
        orders.wake.push(Wake::Timer { after, key });
    }

    /// The stream of draw number `count` of a cohort.
    pub fn cohort_rng(&self, count: u64) -> Rng {
        self.streams.stream(Purpose::Cohort, 0, count)
    }
}

impl ScheduleSpec {
    /// Builds the schedule.
    pub fn build(&self) -> Box<dyn Schedule> {
        match self {
            Self::Rounds(spec) => Box::new(Rounds::new(spec.clone())),
            Self::EveryArrival(spec) => Box::new(Continuous::new(&BufferedSpec { size: 1, ..spec.clone().into() })),
            Self::Buffered(spec) => Box::new(Continuous::new(spec)),
            Self::Window(spec) => Box::new(Window::new(spec.seconds)),
            Self::Group(spec) => Box::new(Group::new(spec.size, spec.idle)),
            Self::Grace(spec) => Box::new(Grace::new(spec.seconds, spec.buffer, spec.idle)),
        }
    }
}
