//! Peer-to-peer methods, on a topology of equal nodes: gossip, decentralised SGD, tokens.
//!
//! A method is the rule of one node ([`PeerUpdate`]): it sees its own state, arriving messages and wake-ups, and gives orders through
//! its [`Node`]: compute, send, wake me. Local work is a pure function of a copy of its input ([`PeerUpdate::compute`]), so the state
//! may go on changing meanwhile; the method combines the result with it. Methods whose nodes iterate in lockstep implement
//! [`SynchronousUpdate`] instead.
//!
//! A node that is down neither computes, nor receives, nor sends: messages wait for it or are lost, and wake-ups wait until it is
//! back. Work that ends in the very instant in which its node leaves is still sent. A method chooses the [`Reliability`] of each
//! message; one that it cannot go on without is repeated until it arrives.

mod barrier;
mod job;
mod node;
mod nodes;
mod protocol;
#[cfg(test)]
pub(crate) mod recording_orders;
mod spec;
mod synchronous;
mod time_varying_graph;
mod waiting;

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use barrier::Barrier;
pub use job::{Job, Outcome, Plan};
pub use node::{Node, Orders};
pub use nodes::{Event, Nodes, nodes_with};
pub use protocol::{Participation, Peers, no_topology};
pub use spec::{Absent, PeersSpec};
pub use synchronous::{Exchange, Phase, SynchronousUpdate, synchronous_nodes};
#[cfg(test)]
pub(crate) use synchronous::{Progress, Synchronous};
pub use time_varying_graph::{Neighbourhood, TimeVaryingGraph, TimeVaryingGraphSpec};

use crate::{
    engine::{NodeId, shared},
    num::Real,
    problem::Correction,
    protocol::{Local, Payload},
};

/// A message between two nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Message<R> {
    /// The sender.
    pub from: NodeId,
    /// The method's mark: the iteration, or a kind of message. A header that does not count as traffic.
    pub tag: u64,
    /// Size on the wire [bit].
    pub bits: u64,
    /// Contents, as they arrive; one copy for all receivers.
    #[serde(with = "shared")]
    pub payload: Arc<Payload<R>>,
}

/// How reliably a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliability {
    /// Sent once; where the receiver is down, the scenario's choice for [`Absent`] nodes applies.
    BestEffort,
    /// Sent again until it arrives, and kept for a receiver that is down, as barriers and answers need it.
    Repeated,
    /// Lost where the receiver is down, whatever the scenario says: a question to whoever is there.
    OnlyIfUp,
}

/// The rule of one node.
///
/// A node remembers its `State` and nothing else; the rule itself never changes during a run.
pub trait PeerUpdate<R: Real>: Send + Sync + 'static {
    /// The memory of a node. Plain data: it is saved with a run.
    type State: Serialize + DeserializeOwned + Send + Sync;

    /// The state of `node` at its initial model `x`, shape `[d]`.
    fn init(&self, node: NodeId, x: Vec<R>) -> Self::State;

    /// The first orders, at time zero.
    fn start(&self, state: &mut Self::State, node: &mut Node<'_, R>);

    /// The work of one visit: a pure function of the `input` that [`Node::compute`] was given. Takes the local steps from
    /// the input's only vector and returns the model they reach, unless a method says otherwise.
    fn compute(&self, input: &Payload<R>, local: &mut Local<'_, R>) -> Payload<R> {
        let mut y = input.vectors[0].clone();
        local.descend(&mut y, &Correction::NONE);
        Payload::one(y)
    }

    /// The node has finished a visit. With it, or with the messages it waits for, an iteration is [complete](Node::complete).
    fn on_computed(&self, state: &mut Self::State, out: Payload<R>, node: &mut Node<'_, R>);

    /// The node has [passed a round](Node::rest) in which it does not take part.
    fn on_rested(&self, state: &mut Self::State, node: &mut Node<'_, R>) {
        let _ = (state, node);
    }

    /// A message has arrived.
    fn on_message(&self, state: &mut Self::State, message: Message<R>, node: &mut Node<'_, R>);

    /// A wake-up that the node ordered.
    fn on_timer(&self, state: &mut Self::State, key: u32, node: &mut Node<'_, R>) {
        let _ = (state, key, node);
    }

    /// The node has lost the work of a visit; it may be down.
    fn on_lost(&self, state: &mut Self::State, node: &mut Node<'_, R>) {
        let _ = (state, node);
    }

    /// This node's `message` to `to` was lost, or `to` is gone for good. Not called for [repeated](Reliability::Repeated) messages.
    fn on_dropped(&self, state: &mut Self::State, to: NodeId, message: Message<R>, node: &mut Node<'_, R>) {
        let _ = (state, to, message, node);
    }

    /// A message has come for this node while it is down: it can release nodes that wait for it.
    fn on_missed(&self, state: &mut Self::State, node: &mut Node<'_, R>) {
        let _ = (state, node);
    }

    /// How reliably messages of this tag travel.
    fn reliability(&self, tag: u64) -> Reliability {
        let _ = tag;
        Reliability::BestEffort
    }

    /// The vectors that a node remembers besides its model, by their names in the paper; empty before they exist.
    fn state_vectors<'s>(&self, state: &'s Self::State) -> Vec<(&'static str, &'s [R])> {
        let _ = state;
        Vec::new()
    }

    /// The current model of a node, shape `[d]`.
    fn iterate<'s>(&self, state: &'s Self::State) -> &'s [R];

    /// The nodes whose models are the method's, ascending and at least one; `None` for all.
    fn answering(&self, states: &[Self::State]) -> Option<Vec<NodeId>> {
        let _ = states;
        None
    }
}
