//! All nodes of a method, behind a trait object.

use std::io::{Read, Write};

use super::{Message, Node, PeerUpdate, Reliability};
use crate::{
    engine::{NodeId, Snapshot},
    num::Real,
    protocol::{Local, Payload, StateVector},
};

/// The states of all nodes and the rule they follow; see [`PeerUpdate`] for what each function is.
pub trait Nodes<R: Real>: Send + Sync {
    /// Gives the next node its initial model, shape `[d]`.
    fn settle_in(&mut self, x: Vec<R>);
    /// Number of nodes that have a model.
    fn len(&self) -> usize;
    /// Whether no node has a model.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// See [`PeerUpdate::start`].
    fn start(&mut self, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::compute`].
    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R>;
    /// See [`PeerUpdate::on_computed`].
    fn on_computed(&mut self, out: Payload<R>, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::on_rested`].
    fn on_rested(&mut self, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::on_message`].
    fn on_message(&mut self, message: Message<R>, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::on_timer`].
    fn on_timer(&mut self, key: u32, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::on_lost`].
    fn on_lost(&mut self, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::on_dropped`].
    fn on_dropped(&mut self, to: NodeId, message: Message<R>, node: &mut Node<'_, R>);
    /// See [`PeerUpdate::on_missed`].
    fn on_missed(&mut self, node: &mut Node<'_, R>);
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

/// A population that follows `rule`, still without nodes.
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

    fn start(&mut self, node: &mut Node<'_, R>) {
        self.rule.start(&mut self.states[node.id], node);
    }

    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        self.rule.compute(input, local)
    }

    fn on_computed(&mut self, out: Payload<R>, node: &mut Node<'_, R>) {
        self.rule.on_computed(&mut self.states[node.id], out, node);
    }

    fn on_rested(&mut self, node: &mut Node<'_, R>) {
        self.rule.on_rested(&mut self.states[node.id], node);
    }

    fn on_message(&mut self, message: Message<R>, node: &mut Node<'_, R>) {
        self.rule.on_message(&mut self.states[node.id], message, node);
    }

    fn on_timer(&mut self, key: u32, node: &mut Node<'_, R>) {
        self.rule.on_timer(&mut self.states[node.id], key, node);
    }

    fn on_lost(&mut self, node: &mut Node<'_, R>) {
        self.rule.on_lost(&mut self.states[node.id], node);
    }

    fn on_dropped(&mut self, to: NodeId, message: Message<R>, node: &mut Node<'_, R>) {
        self.rule.on_dropped(&mut self.states[node.id], to, message, node);
    }

    fn on_missed(&mut self, node: &mut Node<'_, R>) {
        self.rule.on_missed(&mut self.states[node.id], node);
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
