//! The orders that a protocol may give.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Protocol;
use crate::{
    engine::{
        Event, Ledger, NodeId, SERVER, Workers,
        jobs::Jobs,
        ledger::Crew,
        queue::{Phase, Queue},
        sparse_map::SparseMap,
    },
    random::{Purpose, Rng, Streams},
};

/// How a piece of work ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finish {
    /// Done at this time `[s]`.
    At(f64),
    /// Lost at this time `[s]`, because the client left.
    LostAt(f64),
}

/// The fate of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delivery {
    /// It arrives after this delay [s].
    After(f64),
    /// It is lost, which shows after this delay [s].
    Lost(f64),
}

/// How long things take in the world of a run.
///
/// Answers are functions of the arguments and of the world's random streams, so the order of questions is free.
pub trait Physics: Send {
    /// When `node`, starting at `now` [s], ends a visit of `steps` local steps; `visit` counts its visits from 0.
    fn work(&mut self, node: NodeId, now: f64, steps: usize, visit: u64) -> Finish;

    /// How many of the `steps` of the visit number `visit` of `node`, which began at `begun` [s], are done at `now` [s]: steps are
    /// spread evenly over the working time of a visit.
    fn done(&mut self, node: NodeId, (begun, now): (f64, f64), steps: u64, visit: u64) -> u64 {
        let _ = (node, begun, now, steps, visit);
        0
    }

    /// Energy that `node` uses for so many local steps [J].
    fn energy(&self, node: NodeId, steps: u64) -> f64 {
        let _ = (node, steps);
        0.0
    }

    /// The fate of a message of `bits` [bit] that leaves at `now` [s]; `count` counts the messages of the node (the
    /// sender, or the receiver of what the server sends) from 0.
    fn transit(&mut self, from: NodeId, to: NodeId, now: f64, bits: u64, count: u64) -> Delivery;
}

/// The state of a node in the engine.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(in crate::engine) struct NodeState {
    pub(in crate::engine) visits: u64,
    messages: u64,
    /// Parts of its visits that are under way: a model or an answer that travels, and work.
    under_way: u32,
    pub(in crate::engine) work: Option<Work>,
}

/// The visit that a node is at work on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::engine) struct Work {
    slot: usize,
    /// When it began [s].
    begun: f64,
    steps: u64,
}

/// The state of a run, besides the protocol's.
#[derive(Serialize, Deserialize)]
#[serde(bound(
    serialize = "M: Serialize, J: Serialize, O: Serialize",
    deserialize = "M: DeserializeOwned, J: DeserializeOwned, O: DeserializeOwned"
))]
pub(in crate::engine) struct State<M, J, O> {
    pub(in crate::engine) clock: f64,
    pub(in crate::engine) queue: Queue<Event<M>>,
    pub(in crate::engine) jobs: Jobs<J, O>,
    pub(in crate::engine) nodes: SparseMap<NodeState>,
    pub(in crate::engine) ledger: Ledger,
    pub(in crate::engine) crew: Crew,
}

/// Cancelled jobs whose events are left in the queue, however few others there are.
const CANCELLED: usize = 1024;

impl<M, J, O> State<M, J, O> {
    /// A part of a visit of `node` begins.
    fn engage(&mut self, node: NodeId) {
        let row = self.nodes.entry(node);
        row.under_way += 1;
        if row.under_way == 1 {
            self.crew.join(self.clock);
        }
    }

    /// A part of a visit of `node` ends.
    pub(in crate::engine) fn release(&mut self, node: NodeId) {
        let row = self.nodes.entry(node);
        row.under_way -= 1;
        if row.under_way == 0 {
            self.crew.leave(self.clock);
        }
    }
}

impl<M, J: Send + Sync, O: Send> State<M, J, O> {
    /// Drops the events of cancelled jobs once they are more than all others: those of slow clients would pile up.
    fn forget_cancelled(&mut self) {
        let cancelled = self.jobs.cancelled();
        if cancelled <= CANCELLED || 2 * cancelled <= self.queue.len() {
            return;
        }
        let jobs = &mut self.jobs;
        self.queue.retain(|event| match *event {
            Event::Computed { slot, .. } | Event::Lost { slot, .. } => !jobs.forget(slot),
            _ => true,
        });
        self.jobs.tidy();
    }
}

/// The engine without its protocol.
pub(in crate::engine) struct Core<P: Protocol> {
    pub(in crate::engine) state: State<P::Msg, P::Job, P::Out>,
    pub(in crate::engine) physics: Box<dyn Physics>,
    pub(in crate::engine) streams: Streams,
    pub(in crate::engine) workers: Workers<P::Scratch>,
}

impl<P: Protocol> Core<P> {
    pub(in crate::engine) fn new(physics: Box<dyn Physics>, streams: Streams, workers: Workers<P::Scratch>) -> Self {
        let state = State {
            clock: 0.0,
            queue: Queue::default(),
            jobs: Jobs::default(),
            nodes: SparseMap::default(),
            ledger: Ledger::default(),
            crew: Crew::default(),
        };
        Self { state, physics, streams, workers }
    }

    pub(in crate::engine) fn control(&mut self) -> Control<'_, P> {
        Control { core: self }
    }

    /// Counts local steps that `node` has computed.
    pub(in crate::engine) fn charge(&mut self, node: NodeId, steps: u64) {
        self.state.ledger.gradients += steps;
        self.state.ledger.energy += self.physics.energy(node, steps);
    }

    /// A message of `bits` [bit] has reached `to`, or is lost.
    pub(in crate::engine) fn arrive(&mut self, from: NodeId, to: NodeId, bits: u64) {
        self.state.ledger.deliver(to, bits);
        client_of(from, to).into_iter().for_each(|client| self.state.release(client));
    }

    /// Ends the work of a node before its time, and counts what it has done of it; where its job is, if it had one.
    pub(in crate::engine) fn break_off(&mut self, node: NodeId) -> Option<usize> {
        let row = self.state.nodes.get_mut(node)?;
        let Work { slot, begun, steps } = row.work.take()?;
        let visit = row.visits - 1;
        self.state.release(node);
        let done = self.physics.done(node, (begun, self.state.clock), steps, visit);
        self.charge(node, done);
        Some(slot)
    }
}

/// The client that has a server at the other end of its message.
fn client_of(from: NodeId, to: NodeId) -> Option<NodeId> {
    match (from, to) {
        (SERVER, client) | (client, SERVER) => Some(client),
        _ => None,
    }
}

/// The orders a protocol can give, at the instant it is called.
pub struct Control<'a, P: Protocol> {
    core: &'a mut Core<P>,
}

impl<P: Protocol> Control<'_, P> {
    /// Virtual time [s].
    #[inline]
    pub fn now(&self) -> f64 {
        self.core.state.clock
    }

    /// Traffic and work so far.
    #[inline]
    pub fn ledger(&self) -> &Ledger {
        &self.core.state.ledger
    }

    /// Adds what was spent on the side, without events of its own.
    pub fn charge(&mut self, spent: &Ledger) {
        self.core.state.ledger.add(spent);
    }

    /// The random stream `(purpose, node, count)` of this run's seed.
    #[inline]
    pub fn rng(&self, purpose: Purpose, node: NodeId, count: u64) -> Rng {
        self.core.streams.stream(purpose, node, count)
    }

    /// How often a node has begun to compute so far: the `count` of its next visit.
    #[inline]
    pub fn visits(&self, node: NodeId) -> u64 {
        self.core.state.nodes.get(node).map_or(0, |node| node.visits)
    }

    /// Whether a node is computing.
    #[inline]
    pub fn is_busy(&self, node: NodeId) -> bool {
        self.core.state.nodes.get(node).is_some_and(|node| node.work.is_some())
    }

    /// Sets a node to work on a job that takes the time of `steps` local steps. A node has one job at a time.
    pub fn compute(&mut self, node: NodeId, steps: usize, job: P::Job) {
        let state = &mut self.core.state;
        state.engage(node);
        let row = state.nodes.entry(node);
        debug_assert!(row.work.is_none(), "a node has one job at a time");
        let visit = row.visits;
        row.visits += 1;
        let slot = state.jobs.reserve();
        row.work = Some(Work { slot, begun: state.clock, steps: steps as u64 });
        match self.core.physics.work(node, state.clock, steps, visit) {
            Finish::At(time) => {
                let key = state.queue.push(time, Phase::Normal, Event::Computed { node, slot });
                state.jobs.put(slot, key, steps as u64, job);
            }
            Finish::LostAt(time) => {
                let _ = state.queue.push(time, Phase::Normal, Event::Lost { node, slot });
                state.jobs.put_lost(slot);
            }
        }
    }

    /// Makes a node drop the job it is working on; nothing is heard of it any more, but what it has done counts.
    pub fn cancel(&mut self, node: NodeId) {
        if let Some(slot) = self.core.break_off(node) {
            self.core.state.jobs.cancel(slot);
            self.core.state.forget_cancelled();
        }
    }

    /// Counts computed gradients whose results were used.
    pub fn count_used(&mut self, gradients: u64) {
        self.core.state.ledger.gradients_used += gradients;
    }

    /// Sends a message of `bits` [bit].
    ///
    /// It counts as uplink of a client that sends, now, and as downlink of one that receives, once it has arrived or is lost:
    /// what a server has sent for the next round is not yet spent. Between peers it is one node's uplink and another's downlink.
    pub fn send(&mut self, from: NodeId, to: NodeId, message: P::Msg, bits: u64) {
        let state = &mut self.core.state;
        state.ledger.dispatch(from, bits);
        client_of(from, to).into_iter().for_each(|client| state.engage(client));
        let row = state.nodes.entry(if from == SERVER { to } else { from });
        let count = row.messages;
        row.messages += 1;
        match self.core.physics.transit(from, to, state.clock, bits, count) {
            Delivery::After(delay) => {
                let _ = state.queue.push(state.clock + delay, Phase::Normal, Event::Message { from, to, message, bits });
            }
            Delivery::Lost(delay) => {
                state.ledger.lost += 1;
                let _ = state.queue.push(state.clock + delay, Phase::Normal, Event::Dropped { from, to, message, bits });
            }
        }
    }

    /// Calls [`Protocol::on_timer`] with `key` after `delay` [s].
    pub fn timer(&mut self, delay: f64, key: u64) {
        self.timer_at(self.core.state.clock + delay, key);
    }

    /// Calls [`Protocol::on_timer`] with `key` at `time` [s], which must not lie in the past. What several timers are to share
    /// an instant for must name the same time: delays from different instants round differently.
    pub fn timer_at(&mut self, time: f64, key: u64) {
        debug_assert!(time >= self.core.state.clock, "timers lie ahead");
        let _ = self.core.state.queue.push(time, Phase::Normal, Event::Timer { key });
    }

    /// Calls [`Protocol::on_timer`] with `key` after `delay` [s] and after everything else of that instant.
    pub fn settle(&mut self, delay: f64, key: u64) {
        self.settle_at(self.core.state.clock + delay, key);
    }

    /// As [`timer_at`](Self::timer_at), after everything else of that instant.
    pub fn settle_at(&mut self, time: f64, key: u64) {
        debug_assert!(time >= self.core.state.clock, "timers lie ahead");
        let _ = self.core.state.queue.push(time, Phase::Settle, Event::Timer { key });
    }
}
