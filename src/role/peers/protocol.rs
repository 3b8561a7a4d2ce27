//! The peers protocol: who is up, whose work is under way, what waits for whom.

mod clerk;

use std::{
    io::{Read, Write},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    Absent, Care, Job, Mail, Node, Outcome, Plan, Population,
    postponed::Postponed,
    wake::{Kind, OUTGOING, Wake},
};
use crate::{
    engine::{Control, NodeId, Protocol, Snapshot, touched::Touched},
    fleet::Presence,
    interrupt::Interrupt,
    invalid::Invalid,
    network::Topology,
    num::{Real, vector},
    role::{Letter, Models, Observed, Scratch},
    world::World,
};
use clerk::{Clerk, Row};

/// Activity so far, for the recorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Iterations finished by all nodes together.
    pub updates: u64,
    /// Messages that were heard.
    pub heard: u64,
}

/// What changes during a run, besides the states of the method.
#[derive(Serialize, Deserialize)]
#[serde(bound = "R: Real")]
struct State<R> {
    rows: Touched<Row<R>>,
    /// Messages that wait for their receivers.
    postponed: Postponed<Mail<R>>,
    /// Messages with their receivers that wait for their senders.
    unsent: Postponed<(NodeId, Mail<R>)>,
    standing: Standing,
}

/// Nodes on a topology, as the engine sees them.
pub struct Peers<R: Real> {
    plan: Plan<R>,
    nodes: Box<dyn Population<R>>,
    presence: Presence,
    always_up: bool,
    state: State<R>,
}

impl<R: Real> Peers<R> {
    /// All nodes at their initial models.
    ///
    /// # Errors
    /// [`Invalid`] at `network.topology` if the scenario has none.
    pub fn new(plan: Plan<R>, mut nodes: Box<dyn Population<R>>) -> Result<Self, Invalid> {
        let world = &plan.world;
        if world.network.topology().is_none() {
            return Err(no_topology("a method without a server"));
        }
        for node in 0..world.clients() {
            nodes.settle_in(world.problem.initial(node));
        }
        let always_up = world.fleet.always_available();
        let (postponed, unsent) = (Postponed::default(), Postponed::default());
        let state = State { rows: Touched::default(), postponed, unsent, standing: Standing::default() };
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

    /// Rounds so far: as often as the average node has finished an iteration, rounded down.
    pub fn rounds(&self) -> u64 {
        self.state.standing.updates / self.nodes().max(1) as u64
    }

    /// Activity so far.
    pub fn standing(&self) -> Standing {
        self.state.standing
    }

    /// Calls the method for a node, which is there or down.
    fn on_node(
        &mut self,
        id: NodeId,
        control: &mut Control<'_, Self>,
        call: impl FnOnce(&mut dyn Population<R>, &mut Node<'_, R>),
    ) {
        let is_there = self.is_up(id, control.now());
        self.on_node_there((id, is_there), control, call);
    }

    /// Calls the method for a node; one that is not there sends when it is back.
    fn on_node_there(
        &mut self,
        (id, is_there): (NodeId, bool),
        control: &mut Control<'_, Self>,
        call: impl FnOnce(&mut dyn Population<R>, &mut Node<'_, R>),
    ) {
        let now = control.now();
        let Self { plan, nodes, presence, state: State { rows, unsent, standing, .. }, .. } = self;
        let mut orders = Clerk { plan, presence, rows, standing, unsent, is_there, control };
        let node = &mut Node::new(id, now, topology(&plan.world), plan.world.objective().blocks(), &mut orders);
        call(nodes.as_mut(), node);
    }

    fn is_up(&mut self, node: NodeId, now: f64) -> bool {
        self.always_up || self.presence.is_up(&self.plan.world.fleet, node, now)
    }

    /// When a node that is down is back [s]; `None` if it never is.
    fn back_at(&mut self, node: NodeId, now: f64) -> Option<f64> {
        self.presence.next_up(&self.plan.world.fleet, node, now)
    }

    fn deliver(&mut self, mail: Mail<R>, to: NodeId, control: &mut Control<'_, Self>) {
        self.state.standing.heard += 1;
        self.on_node(to, control, |nodes, node| nodes.on_message(mail, node));
    }

    /// Keeps a message for a node that is down, or loses it.
    fn keep(&mut self, mail: Mail<R>, to: NodeId, control: &mut Control<'_, Self>) {
        // What others hear by it is that nobody is there, which no node says.
        self.on_node_there((to, true), control, |nodes, node| nodes.on_missed(node));
        let care = self.nodes.care(mail.stamp);
        let waits = care == Care::Repeat || (care == Care::Plain && self.plan.absent == Absent::Wait);
        match self.back_at(to, control.now()) {
            Some(back) if waits => {
                if self.state.postponed.keep(to, mail) {
                    Wake { node: to, kind: Kind::Mail, key: 0 }.order(back, control);
                }
            }
            // To a node that is gone for good nothing can be repeated.
            None if care == Care::Repeat => {}
            _ => self.on_node(mail.from, control, |nodes, node| nodes.on_dropped(to, mail, node)),
        }
    }
}

/// The fault of a scenario with peers but without a topology; the path is from the root of the scenario.
pub fn no_topology(method: &str) -> Invalid {
    Invalid::at("network", format!("`{method}` has no server, and the scenario says nothing of who talks to whom"))
        .help("add `topology = { random-regular = { degree = 8 } }` to `[network]`")
}

fn topology<R: Real>(world: &World<R>) -> &Topology {
    world.network.topology().expect("checked when the role was made")
}

impl<R: Real> Protocol for Peers<R> {
    type Msg = Mail<R>;
    type Job = Job<R>;
    type Out = Outcome<R>;
    type Scratch = Scratch<R>;

    fn start(&mut self, control: &mut Control<'_, Self>) {
        for id in 0..self.nodes() {
            self.on_node(id, control, |nodes, node| nodes.start(node));
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
        self.on_node_there((id, true), control, |nodes, node| nodes.on_computed(outcome.out, node));
    }

    fn on_message(&mut self, _: NodeId, to: NodeId, mail: Mail<R>, control: &mut Control<'_, Self>) {
        if self.is_up(to, control.now()) {
            self.deliver(mail, to, control);
        } else {
            self.keep(mail, to, control);
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
            Kind::Timer | Kind::Settle => self.on_node(wake.node, control, |nodes, node| nodes.on_timer(wake.key, node)),
            Kind::Rest => self.on_node(wake.node, control, |nodes, node| nodes.on_rested(node)),
            Kind::Mail if wake.key == OUTGOING => {
                for (to, mail) in self.state.unsent.take(wake.node) {
                    let bits = mail.bits;
                    control.send(wake.node, to, mail, bits);
                }
            }
            Kind::Mail => {
                for mail in self.state.postponed.take(wake.node) {
                    self.deliver(mail, wake.node, control);
                }
            }
        }
    }

    fn on_lost(&mut self, id: NodeId, control: &mut Control<'_, Self>) {
        // A node that is gone for good does not begin again.
        if self.back_at(id, control.now()).is_none() {
            return;
        }
        self.on_node(id, control, |nodes, node| nodes.on_lost(node));
    }

    fn on_dropped(&mut self, from: NodeId, to: NodeId, mail: Mail<R>, control: &mut Control<'_, Self>) {
        if self.nodes.care(mail.stamp) == Care::Repeat {
            return self.on_node(from, control, |_, node| node.repeat(to, mail));
        }
        self.on_node(from, control, |nodes, node| nodes.on_dropped(to, mail, node));
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
        self.state.standing.updates
    }

    fn staleness(&self) -> Option<f64> {
        None
    }

    fn state(&self) -> Vec<Letter<'_, R>> {
        self.nodes.letters()
    }

    fn latest_batch(&self) -> Option<usize> {
        None
    }
}
