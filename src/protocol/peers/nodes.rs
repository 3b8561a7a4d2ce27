//! All nodes of a method, behind a trait object.

use std::io::{Read, Write};

use super::{Message, Node, PeerUpdate, Reliability};
use crate::{
    engine::{NodeId, Snapshot},
    num::Real,
    protocol::{Local, Payload, StateVector},
};

/// An event at a node; see the function of [`PeerUpdate`] of this name.
#[derive(Debug)]
pub enum Event<R> {
    /// [`PeerUpdate::start`].
    Start,
    /// [`PeerUpdate::on_computed`].
    Computed(Payload<R>),
    /// [`PeerUpdate::on_rested`].
    Rested,
    /// [`PeerUpdate::on_message`].
    Message(Message<R>),
    /// [`PeerUpdate::on_timer`].
    Timer(u32),
    /// [`PeerUpdate::on_lost`].
    Lost,
    /// [`PeerUpdate::on_dropped`], with the receiver.
    Dropped(NodeId, Message<R>),
    /// [`PeerUpdate::on_missed`].
    Missed,
}

/// The states of all nodes and the rule they follow; see [`PeerUpdate`] for each function.
pub trait Nodes<R: Real>: Send + Sync {
    /// Gives the next node its initial model, shape `[d]`.
    fn settle_in(&mut self, x: Vec<R>);
    /// Number of nodes that have a model.
    fn len(&self) -> usize;
    /// Whether no node has a model.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// See [`PeerUpdate::compute`].
    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R>;
    /// Lets a node act on an event.
    fn on(&mut self, event: Event<R>, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::reliability`].
    fn reliability(&self, tag: u64) -> Reliability;
    /// See [`PeerUpdate::iterate`].
    fn iterate(&self, node: NodeId) -> &[R];
    /// See [`PeerUpdate::state_vectors`]; of all nodes, by node.
    fn state_vectors(&self) -> Vec<StateVector<'_, R>>;
    /// See [`PeerUpdate::answering`].
    fn answering(&self) -> Option<Vec<NodeId>>;
    /// Writes the states.
    ///
    /// # Errors
    /// When a state cannot be serialised or written.
    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error>;
    /// Replaces the states by saved ones.
    ///
    /// # Errors
    /// When the bytes do not fit.
    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error>;
}

/// Nodes that follow `rule`, none of which has a model yet.
pub fn nodes_with<R: Real, M: PeerUpdate<R>>(rule: M) -> Box<dyn Nodes<R>> {
    Box::new(AllNodes::<R, M> { rule, states: Vec::new() })
}

struct AllNodes<R: Real, M: PeerUpdate<R>> {
    rule: M,
    states: Vec<M::State>,
}

impl<R: Real, M: PeerUpdate<R>> Nodes<R> for AllNodes<R, M> {
    fn settle_in(&mut self, x: Vec<R>) {
        self.states.push(self.rule.init(self.states.len(), x));
    }

    fn len(&self) -> usize {
        self.states.len()
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        self.rule.compute(input, local)
    }

    fn on(&mut self, event: Event<R>, node: &mut Node<'_, R>) {
        let (rule, state) = (&self.rule, &mut self.states[node.id]);
        match event {
            Event::Start => rule.start(state, node),
            Event::Computed(out) => rule.on_computed(state, out, node),
            Event::Rested => rule.on_rested(state, node),
            Event::Message(message) => rule.on_message(state, message, node),
            Event::Timer(key) => rule.on_timer(state, key, node),
            Event::Lost => rule.on_lost(state, node),
            Event::Dropped(to, message) => rule.on_dropped(state, to, message, node),
            Event::Missed => rule.on_missed(state, node),
        }
    }

    fn reliability(&self, tag: u64) -> Reliability {
        self.rule.reliability(tag)
    }

    fn iterate(&self, node: NodeId) -> &[R] {
        self.rule.iterate(&self.states[node])
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        let of_node = |(node, state)| {
            let state_vectors = self.rule.state_vectors(state).into_iter().filter(|(_, vector)| !vector.is_empty());
            state_vectors.map(move |(name, vector)| StateVector::of(node, name, vector)).collect::<Vec<_>>()
        };
        self.states.iter().enumerate().flat_map(of_node).collect()
    }

    fn answering(&self) -> Option<Vec<NodeId>> {
        self.rule.answering(&self.states)
    }

    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        self.states.save(out)
    }

    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        self.states.load(input)
    }
}
