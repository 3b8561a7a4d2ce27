//! The peers protocol: who is up, whose work is under way, what waits for whom.

mod live_orders;

use std::{
    io::{Read, Write},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    Absent, Event, Job, Message, Node, Nodes, Orders, Outcome, Plan, Reliability,
    waiting::{Kind, Mailbox, OUTGOING, Wake},
};
use crate::{
    engine::{Control, NodeId, Protocol, Snapshot, sparse_map::SparseMap},
    fleet::Presence,
    interrupt::Interrupt,
    invalid::Invalid,
    network::Topology,
    num::{Real, vector},
    protocol::{Models, Observed, Scratch, StateVector},
    world::World,
};
use live_orders::{LiveOrders, Row};

/// Activity so far, for the recorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participation {
    /// Iterations finished by all nodes together.
    pub updates: u64,
    /// Messages that nodes have received.
    pub heard: u64,
}

/// What changes during a run, besides the states of the method.
#[derive(Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    rows: SparseMap<Row<R>>,
    /// Messages that wait for their receivers.
    mailbox: Mailbox<Message<R>>,
    /// Messages with their receivers that wait for their senders.
    unsent: Mailbox<(NodeId, Message<R>)>,
    participation: Participation,
}

/// Nodes on a topology, as the engine sees them.
pub struct Peers<R: Real> {
    plan: Plan<R>,
    nodes: Box<dyn Nodes<R>>,
    presence: Presence,
    always_up: bool,
    state: State<R>,
}

impl<R: Real> Peers<R> {
    /// All nodes at their initial models.
    ///
    /// # Errors
    /// [`Invalid`] at `network.topology` if the scenario has none.
    pub fn new(plan: Plan<R>, mut nodes: Box<dyn Nodes<R>>) -> Result<Self, Invalid> {
        let world = &plan.world;
        if world.network.topology().is_none() {
            return Err(no_topology("a method without a server"));
        }
        for node in 0..world.clients() {
            nodes.settle_in(world.problem.initial(node));
        }
        let always_up = world.fleet.always_available();
        let (mailbox, unsent) = (Mailbox::default(), Mailbox::default());
        let state = State { rows: SparseMap::default(), mailbox, unsent, participation: Participation::default() };
        Ok(Self { plan, nodes, presence: Presence::new(), always_up, state })
    }

    /// Number of nodes `n`.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The model of a node, shape `[d]`.
    pub fn iterate(&self, node: NodeId) -> &[R] {
        self.nodes.iterate(node)
    }

    /// Writes the mean of all nodes' models into `mean`, shape `[d]`.
    pub fn mean_iterate(&self, mean: &mut [R]) {
        let weight = 1.0 / self.nodes() as f64;
        let terms: Vec<(f64, &[R])> = (0..self.nodes()).map(|node| (weight, self.iterate(node))).collect();
        vector::weighted_sum(&terms, mean);
    }

    /// Visits that a node has finished.
    pub fn visits(&self, node: NodeId) -> u64 {
        self.state.rows.get(node).map_or(0, |row| row.visits)
    }

    /// Rounds so far: the mean number of iterations that a node has finished, rounded down.
    pub fn rounds(&self) -> u64 {
        self.state.participation.updates / self.nodes().max(1) as u64
    }

    /// Activity so far.
    pub fn participation(&self) -> Participation {
        self.state.participation
    }

    /// Lets the method act on an event at a node, which may be down.
    fn act(&mut self, id: NodeId, event: Event<R>, control: &mut Control<'_, Self>) {
        let is_there = self.is_up(id, control.now());
        self.act_if_there((id, is_there), event, control);
    }

    /// The same for a node of which is known whether it is there; one that is not sends when it is back.
    fn act_if_there(&mut self, (id, is_there): (NodeId, bool), event: Event<R>, control: &mut Control<'_, Self>) {
        let now = control.now();
        let (nodes, mut orders) = self.orders(is_there, control);
        let world = Arc::clone(&orders.plan.world);
        nodes.on(event, &mut Node::new(id, now, topology(&world), world.objective().blocks(), &mut orders));
    }

    /// The nodes, and where the orders of one of them go.
    fn orders<'a, 'c>(
        &'a mut self,
        is_there: bool,
        control: &'a mut Control<'c, Self>,
    ) -> (&'a mut dyn Nodes<R>, LiveOrders<'a, 'c, R>) {
        let Self { plan, nodes, presence, state: State { rows, unsent, participation, .. }, .. } = self;
        (nodes.as_mut(), LiveOrders { plan, presence, rows, participation, unsent, is_there, control })
    }

    fn is_up(&mut self, node: NodeId, now: f64) -> bool {
        self.always_up || self.presence.is_up(&self.plan.world.fleet, node, now)
    }

    /// When a node that is down is back [s]; `None` if it never is.
    fn back_at(&mut self, node: NodeId, now: f64) -> Option<f64> {
        self.presence.next_up(&self.plan.world.fleet, node, now)
    }

    fn deliver(&mut self, message: Message<R>, to: NodeId, control: &mut Control<'_, Self>) {
        self.state.participation.heard += 1;
        self.act(to, Event::Message(message), control);
    }

    /// Keeps a message for a node that is down, or loses it.
    fn keep(&mut self, message: Message<R>, to: NodeId, control: &mut Control<'_, Self>) {
        // Senders learn from it that nobody is there, which no node has to send.
        self.act_if_there((to, true), Event::Missed, control);
        let reliability = self.nodes.reliability(message.tag);
        let waits =
            reliability == Reliability::Repeated || (reliability == Reliability::BestEffort && self.plan.absent == Absent::Wait);
        match self.back_at(to, control.now()) {
            Some(back) if waits => {
                if self.state.mailbox.keep(to, message) {
                    Wake { node: to, kind: Kind::Message, key: 0 }.order(back, control);
                }
            }
            // To a node that is gone for good nothing can be repeated.
            None if reliability == Reliability::Repeated => {}
            _ => self.act(message.from, Event::Dropped(to, message), control),
        }
    }
}

/// The fault of a scenario that has peers but no topology; its path starts at the root of the scenario.
pub fn no_topology(method: &str) -> Invalid {
    Invalid::at("network", format!("`{method}` has no server, so it needs a topology, and this scenario has none"))
        .help("add `topology = { random-regular = { degree = 8 } }` to `[network]`")
}

fn topology<R: Real>(world: &World<R>) -> &Topology {
    world.network.topology().expect("checked when the protocol was made")
}

impl<R: Real> Protocol for Peers<R> {
    type Msg = Message<R>;
    type Job = Job<R>;
    type Out = Outcome<R>;
    type Scratch = Scratch<R>;

    fn start(&mut self, control: &mut Control<'_, Self>) {
        for id in 0..self.nodes() {
            self.act(id, Event::Start, control);
        }
    }

    fn on_computed(&mut self, id: NodeId, outcome: Outcome<R>, control: &mut Control<'_, Self>) {
        control.count_used(outcome.gradients);
        let row = self.state.rows.entry(id);
        row.visits += 1;
        if let Some(optimiser) = outcome.optimiser {
            row.optimiser = Arc::new(optimiser);
        }
        // Work that ends in the very instant in which its node leaves is sent in that instant.
        self.act_if_there((id, true), Event::Computed(outcome.out), control);
    }

    fn on_message(&mut self, _: NodeId, to: NodeId, message: Message<R>, control: &mut Control<'_, Self>) {
        if self.is_up(to, control.now()) {
            self.deliver(message, to, control);
        } else {
            self.keep(message, to, control);
        }
    }

    fn on_timer(&mut self, key: u64, control: &mut Control<'_, Self>) {
        let wake = Wake::unpack(key);
        if !self.is_up(wake.node, control.now()) {
            if let Some(back) = self.back_at(wake.node, control.now()) {
                wake.order(back, control);
            }
            return;
        }
        match wake.kind {
            Kind::Timer | Kind::Settle => self.act(wake.node, Event::Timer(wake.key), control),
            Kind::Rest => self.act(wake.node, Event::Rested, control),
            Kind::Message if wake.key == OUTGOING => {
                for (to, message) in self.state.unsent.take(wake.node) {
                    let bits = message.bits;
                    control.send(wake.node, to, message, bits);
                }
            }
            Kind::Message => {
                for message in self.state.mailbox.take(wake.node) {
                    self.deliver(message, wake.node, control);
                }
            }
        }
    }

    fn on_lost(&mut self, id: NodeId, control: &mut Control<'_, Self>) {
        // A node that is gone for good does not begin again.
        if self.back_at(id, control.now()).is_none() {
            return;
        }
        self.act(id, Event::Lost, control);
    }

    fn on_dropped(&mut self, from: NodeId, to: NodeId, message: Message<R>, control: &mut Control<'_, Self>) {
        if self.nodes.reliability(message.tag) == Reliability::Repeated {
            let is_there = self.is_up(from, control.now());
            return self.orders(is_there, control).1.send(to, message);
        }
        self.act(from, Event::Dropped(to, message), control);
    }

    fn run_job(&self, job: &Job<R>, scratch: &mut Scratch<R>, interrupt: Interrupt<'_>) -> Outcome<R> {
        job.run(&self.plan, self.nodes.as_ref(), scratch, interrupt)
    }

    fn sketch_job(&self, job: &Job<R>, scratch: &mut Scratch<R>) -> Outcome<R> {
        job.sketch().run(&self.plan, self.nodes.as_ref(), scratch, Interrupt::default())
    }

    fn cost(&self, job: &Job<R>) -> f64 {
        job.cost(&self.plan)
    }

    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        self.state.save(out)?;
        self.nodes.save(out)
    }

    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        self.state.load(input)?;
        self.nodes.load(input)
    }
}

impl<R: Real> Observed<R> for Peers<R> {
    fn models(&self) -> Models<'_, R> {
        let nodes = self.nodes.answering().unwrap_or_else(|| (0..self.nodes()).collect());
        Models::Nodes(nodes.into_iter().map(|node| self.iterate(node)).collect())
    }

    fn round(&self) -> u64 {
        self.rounds()
    }

    fn updates(&self) -> u64 {
        self.state.participation.updates
    }

    fn staleness(&self) -> Option<f64> {
        None
    }

    fn state(&self) -> Vec<StateVector<'_, R>> {
        self.nodes.state_vectors()
    }

    fn latest_batch(&self) -> Option<usize> {
        None
    }
}
