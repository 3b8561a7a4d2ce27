//! Synchronous methods: nodes iterate in lockstep with those they meet.

use std::{marker::PhantomData, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Barrier, Message, Neighbourhood, Node, Nodes, PeerUpdate, Reliability, TimeVaryingGraph, TimeVaryingGraphSpec, nodes_with,
};
use crate::{
    engine::NodeId,
    num::Real,
    problem::Correction,
    protocol::{Local, Payload},
    random::Streams,
};

/// The rule of a node that iterates in lockstep with those it meets: what its paper prints of one iteration.
///
/// In iteration `t` a node [computes](Self::compute), [takes its step](Self::step) and [combines](Self::combine) its model with those
/// that arrive. It waits whenever it has [shared](Exchange::share) something; the iteration ends when it has combined and shares
/// nothing more. A node that does not take part in an iteration combines without a step.
pub trait SynchronousUpdate<R: Real>: Send + Sync + 'static {
    /// The memory of a node. Plain data: it is saved with a run.
    type State: Serialize + DeserializeOwned + Send + Sync;

    /// The state of a node at its initial model `x`, shape `[d]`.
    fn init(&self, x: Vec<R>) -> Self::State;

    /// Whether nodes take part in every iteration, whatever an availability by rounds says.
    fn overlooks_rounds(&self) -> bool {
        false
    }

    /// Shares, in [`Phase::OPENING`], the vectors that nodes exchange once before the first iteration.
    fn open(&self, state: &mut Self::State, exchange: &mut Exchange<'_, '_, R>) {
        let _ = (state, exchange);
    }

    /// The node has begun to compute: shares the vectors that travel meanwhile.
    fn begin(&self, state: &mut Self::State, exchange: &mut Exchange<'_, '_, R>) {
        let _ = (state, exchange);
    }

    /// The work of an iteration at the node's model: as in [`PeerUpdate::compute`].
    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let mut y = input.vectors[0].clone();
        local.descend(&mut y, &Correction::NONE);
        Payload::one(y)
    }

    /// The node has computed `out`, or does not take part in this iteration.
    fn step(&self, state: &mut Self::State, out: Option<Payload<R>>, exchange: &mut Exchange<'_, '_, R>);

    /// All messages of the phase that the node waited for are there.
    fn combine(&self, state: &mut Self::State, exchange: &mut Exchange<'_, '_, R>);

    /// The current model of a node, shape `[d]`.
    fn iterate<'s>(&self, state: &'s Self::State) -> &'s [R];

    /// The vectors that a node remembers besides its model, by their names in the paper; empty before they exist.
    fn state_vectors<'s>(&self, state: &'s Self::State) -> Vec<(&'static str, &'s [R])> {
        let _ = state;
        Vec::new()
    }
}

/// All nodes of a synchronous method, who meet each other as `contacts` says.
pub fn synchronous_nodes<R: Real, M: SynchronousUpdate<R>>(
    rule: M,
    contacts: TimeVaryingGraphSpec,
    streams: Streams,
) -> Box<dyn Nodes<R>> {
    nodes_with(Synchronous::new(rule, contacts.build(streams)))
}

/// A phase of messages: an iteration has one or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The iteration, which says whom a node meets.
    t: u64,
    part: u64,
}

impl Phase {
    /// The exchange before the first iteration.
    pub const OPENING: Self = Self { t: 0, part: 2 };

    /// The first phase of iteration `t`.
    pub fn first(t: u64) -> Self {
        Self { t, part: 0 }
    }

    /// The second phase of iteration `t`.
    pub fn second(t: u64) -> Self {
        Self { t, part: 1 }
    }

    fn tag(self) -> u64 {
        3 * self.t + self.part
    }
}

/// The messages of a node in an iteration.
pub struct Exchange<'a, 'n, R: Real> {
    /// The iteration, from 0.
    pub t: u64,
    /// The node.
    pub node: &'a mut Node<'n, R>,
    /// The phase that the node waits for, or has just gathered.
    phase: Option<Phase>,
    shared: bool,
    contacts: &'a TimeVaryingGraph,
    barrier: &'a mut Barrier<R>,
}

impl<R: Real> Exchange<'_, '_, R> {
    /// Number of nodes that this one sends to in this iteration.
    pub fn receivers(&mut self) -> usize {
        meet(self.contacts, Phase::first(self.t), self.barrier, self.node).to.len()
    }

    /// Sends the same message to all that the node meets, and waits for theirs.
    pub fn share(&mut self, phase: Phase, payload: Payload<R>) {
        let (payload, bits) = self.node.pack(phase.part as usize, Arc::new(payload));
        self.share_sized(phase, payload, bits);
    }

    /// As [`share`](Self::share), for contents that take `bits` [bit] on the wire.
    pub fn share_sized(&mut self, phase: Phase, payload: Arc<Payload<R>>, bits: u64) {
        for &to in &meet(self.contacts, phase, self.barrier, self.node).to {
            self.node.send_sized(to, phase.tag(), Arc::clone(&payload), bits);
        }
        (self.phase, self.shared) = (Some(phase), true);
    }

    /// Gathers the messages that the node waits for, once all are there; returns whether they are.
    fn gather(&mut self) -> bool {
        let Some(phase) = self.phase else { return false };
        let _ = meet(self.contacts, phase, self.barrier, self.node);
        self.barrier.gather(phase.tag())
    }

    /// Whether the messages at hand are those of this phase.
    pub fn is_in(&self, phase: Phase) -> bool {
        self.phase == Some(phase)
    }

    /// The messages at hand, by ascending sender.
    pub fn gathered(&self) -> &[Message<R>] {
        self.barrier.gathered()
    }

    /// `own ← Σ_j W_ij v_j`, shape `[d]`: the node's own vector and vector number `k` of each message at hand.
    pub fn mix(&self, own: &mut [R], k: usize) {
        self.barrier.mix(own, k);
    }

    /// Counts the iteration: the node's model is its next iterate.
    pub fn complete(&mut self) {
        self.node.complete();
    }
}

/// Whom a node meets in the iteration of a phase, which its barrier remembers.
fn meet<'b, R: Real>(
    contacts: &TimeVaryingGraph,
    phase: Phase,
    barrier: &'b mut Barrier<R>,
    node: &Node<'_, R>,
) -> &'b Neighbourhood {
    let t = if contacts.is_static() { 0 } else { phase.t };
    barrier.neighbourhood(t, |neighbourhood| contacts.meet(node.topology(), node.id, t, neighbourhood))
}

/// Drives the nodes that follow a [`SynchronousUpdate`].
pub(crate) struct Synchronous<R, M> {
    rule: M,
    contacts: TimeVaryingGraph,
    scalar: PhantomData<fn() -> R>,
}

/// The state of a node: its place in the iteration, and the memory of its rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real, S: Serialize + DeserializeOwned")]
pub(crate) struct Progress<S, R> {
    /// Iteration.
    t: u64,
    /// Whether the node computes, or lets the step of this iteration pass.
    working: bool,
    /// The phase that the node waits for.
    awaits: Option<Phase>,
    /// The memory of the rule.
    pub own: S,
    barrier: Barrier<R>,
}

impl<R: Real, M: SynchronousUpdate<R>> Synchronous<R, M> {
    /// Nodes that follow `rule` and meet each other as `contacts` says.
    pub(crate) fn new(rule: M, contacts: TimeVaryingGraph) -> Self {
        Self { rule, contacts, scalar: PhantomData }
    }

    /// Lets the rule act; returns whether it has shared something.
    fn act(
        &self,
        state: &mut Progress<M::State, R>,
        node: &mut Node<'_, R>,
        act: impl FnOnce(&M, &mut M::State, &mut Exchange<'_, '_, R>),
    ) -> bool {
        let Progress { t, awaits, own, barrier, .. } = state;
        let mut exchange = Exchange { t: *t, node, phase: *awaits, shared: false, contacts: &self.contacts, barrier };
        act(&self.rule, own, &mut exchange);
        *awaits = exchange.phase;
        exchange.shared
    }

    fn compute_at(&self, state: &Progress<M::State, R>, node: &mut Node<'_, R>) {
        node.compute(state.t, Payload::one(self.rule.iterate(&state.own).to_vec()));
    }

    fn begin(&self, state: &mut Progress<M::State, R>, node: &mut Node<'_, R>) {
        (state.working, state.awaits) = (true, None);
        if self.rule.overlooks_rounds() || node.takes_part(state.t) {
            self.compute_at(state, node);
        } else {
            node.rest(0.0);
        }
        let _ = self.act(state, node, M::begin);
    }

    fn step(&self, state: &mut Progress<M::State, R>, out: Option<Payload<R>>, node: &mut Node<'_, R>) {
        state.working = false;
        let _ = self.act(state, node, |rule, own, exchange| rule.step(own, out, exchange));
        self.advance(state, node);
    }

    /// Goes on as far as messages allow.
    fn advance(&self, state: &mut Progress<M::State, R>, node: &mut Node<'_, R>) {
        while !state.working {
            let mut complete = false;
            let _ = self.act(state, node, |_, _, exchange| complete = exchange.gather());
            if !complete {
                return;
            }
            let opening = state.awaits == Some(Phase::OPENING);
            if !self.act(state, node, M::combine) {
                state.t += u64::from(!opening);
                self.begin(state, node);
            }
        }
    }
}

impl<R: Real, M: SynchronousUpdate<R>> PeerUpdate<R> for Synchronous<R, M> {
    type State = Progress<M::State, R>;

    fn init(&self, _: NodeId, x: Vec<R>) -> Self::State {
        Progress { t: 0, working: false, awaits: None, own: self.rule.init(x), barrier: Barrier::default() }
    }

    fn start(&self, state: &mut Self::State, node: &mut Node<'_, R>) {
        if self.act(state, node, M::open) {
            self.advance(state, node);
        } else {
            self.begin(state, node);
        }
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        self.rule.compute(input, local)
    }

    fn on_computed(&self, state: &mut Self::State, out: Payload<R>, node: &mut Node<'_, R>) {
        self.step(state, Some(out), node);
    }

    fn on_rested(&self, state: &mut Self::State, node: &mut Node<'_, R>) {
        self.step(state, None, node);
    }

    fn on_message(&self, state: &mut Self::State, message: Message<R>, node: &mut Node<'_, R>) {
        state.barrier.push(message);
        self.advance(state, node);
    }

    /// The node's messages have arrived or are on their way: only the work begins again.
    fn on_lost(&self, state: &mut Self::State, node: &mut Node<'_, R>) {
        self.compute_at(state, node);
    }

    fn reliability(&self, _: u64) -> Reliability {
        Reliability::Repeated
    }

    fn iterate<'s>(&self, state: &'s Self::State) -> &'s [R] {
        self.rule.iterate(&state.own)
    }

    fn state_vectors<'s>(&self, state: &'s Self::State) -> Vec<(&'static str, &'s [R])> {
        self.rule.state_vectors(&state.own)
    }
}
