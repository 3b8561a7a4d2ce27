//! A node as its rule sees it: what it can ask and order.

use std::sync::Arc;

use rand::RngExt;

use super::Message;
use crate::{
    engine::NodeId,
    network::Topology,
    num::Real,
    problem::Block,
    protocol::Payload,
    random::{Purpose, Rng},
};

/// A node at the instant it is called.
pub struct Node<'a, R: Real> {
    /// Its number.
    pub id: NodeId,
    /// Virtual time [s].
    pub now: f64,
    topology: &'a Topology,
    blocks: &'a [Block],
    orders: &'a mut dyn Orders<R>,
}

/// The receiver of a node's orders.
pub trait Orders<R> {
    /// See [`Node::is_busy`].
    fn is_busy(&self, node: NodeId) -> bool;
    /// See [`Node::takes_part`].
    fn takes_part(&mut self, node: NodeId, round: u64) -> bool;
    /// See [`Node::compute`]; `passes` multiplies the local steps that are charged for.
    fn compute(&mut self, node: NodeId, passes: usize, version: u64, input: Payload<R>);
    /// See [`Node::pack`].
    fn pack(&mut self, node: NodeId, first: usize, payload: Arc<Payload<R>>) -> (Arc<Payload<R>>, u64);
    /// See [`Node::send`].
    fn send(&mut self, to: NodeId, message: Message<R>);
    /// See [`Node::wake_at`] and [`Node::settle`]; `time` does not lie in the past [s].
    fn wake(&mut self, node: NodeId, time: f64, key: u32, settle: bool);
    /// See [`Node::rest`]; `time` does not lie in the past [s].
    fn rest(&mut self, node: NodeId, time: f64);
    /// See [`Node::mean_visit`].
    fn mean_visit(&self, node: NodeId) -> f64;
    /// See [`Node::complete`].
    fn complete(&mut self);
    /// The next random stream of a node, for a route or for its compressor ([`Purpose::Link`]).
    fn rng(&mut self, node: NodeId, purpose: Purpose) -> Rng;
}

impl<'a, R: Real> Node<'a, R> {
    /// A node at an instant; its orders go to `orders`.
    pub(crate) fn new(id: NodeId, now: f64, topology: &'a Topology, blocks: &'a [Block], orders: &'a mut dyn Orders<R>) -> Self {
        Self { id, now, topology, blocks, orders }
    }
}

impl<R: Real> Node<'_, R> {
    /// Number of nodes `n`.
    pub fn nodes(&self) -> usize {
        self.topology.nodes()
    }

    /// The topology: who sends to whom.
    pub fn topology(&self) -> &Topology {
        self.topology
    }

    /// The blocks (layers) of a model.
    pub fn blocks(&self) -> &[Block] {
        self.blocks
    }

    /// Number of nodes that this one sends to.
    pub fn degree(&self) -> usize {
        self.topology.graph().degree(self.id)
    }

    /// Number of nodes that send to this one.
    pub fn in_degree(&self) -> usize {
        self.topology.graph().in_degree(self.id)
    }

    /// A uniformly random neighbour to send to, from the node's route stream; `None` without neighbours.
    pub fn random_neighbour(&mut self) -> Option<NodeId> {
        let degree = self.degree();
        if degree == 0 {
            return None;
        }
        let k = self.route_rng().random_range(0..degree);
        Some(self.topology.graph().neighbour(self.id, k))
    }

    /// Whether the node is computing.
    pub fn is_busy(&self) -> bool {
        self.orders.is_busy(self.id)
    }

    /// Whether the node takes part in its round number `round`; always where its availability is given in seconds.
    pub fn takes_part(&mut self, round: u64) -> bool {
        self.orders.takes_part(self.id, round)
    }

    /// Starts a visit on a copy of its input; the node must not be busy. `version` is the `t` of step-size schedules.
    pub fn compute(&mut self, version: u64, input: Payload<R>) {
        self.orders.compute(self.id, 1, version, input);
    }

    /// As [`compute`](Self::compute), for `passes` times the local steps of a visit.
    pub fn compute_passes(&mut self, passes: usize, version: u64, input: Payload<R>) {
        self.orders.compute(self.id, passes, version, input);
    }

    /// Lets a round pass in which the node does not take part, after a delay [s] and without work.
    pub fn rest(&mut self, after: f64) {
        self.orders.rest(self.id, self.now + after);
    }

    /// Mean duration of a visit of the node [s].
    pub fn mean_visit(&self) -> f64 {
        self.orders.mean_visit(self.id)
    }

    /// Counts a finished iteration: the node's model is the next iterate. Every visit belongs to one.
    pub fn complete(&mut self) {
        self.orders.complete();
    }

    /// Compresses a message: its contents as they arrive, and its size [bit]. Its vectors are those from number `first` on of all that the
    /// node sends in an iteration: a compressor with memory keeps them apart.
    pub fn pack(&mut self, first: usize, payload: Arc<Payload<R>>) -> (Arc<Payload<R>>, u64) {
        self.orders.pack(self.id, first, payload)
    }

    /// Sends a message to a node, marked with a `tag` that is not counted as traffic.
    pub fn send(&mut self, to: NodeId, tag: u64, payload: Arc<Payload<R>>) {
        let (payload, bits) = self.pack(0, payload);
        self.send_sized(to, tag, payload, bits);
    }

    /// As [`send`](Self::send), for contents that take `bits` [bit] on the wire.
    pub fn send_sized(&mut self, to: NodeId, tag: u64, payload: Arc<Payload<R>>, bits: u64) {
        self.orders.send(to, Message { from: self.id, tag, bits, payload });
    }

    /// Sends the same message, compressed once, to every neighbour, by ascending number.
    pub fn send_to_all(&mut self, tag: u64, payload: Payload<R>) {
        let (payload, bits) = self.pack(0, Arc::new(payload));
        for to in self.topology.graph().neighbours(self.id) {
            self.orders.send(to, Message { from: self.id, tag, bits, payload: Arc::clone(&payload) });
        }
    }

    /// Wakes the node after a delay [s], with this key below 2³⁰; later if it is down then.
    pub fn wake(&mut self, after: f64, key: u32) {
        self.wake_at(self.now + after, key);
    }

    /// As [`wake`](Self::wake), at a `time` [s], or now if that is past.
    pub fn wake_at(&mut self, time: f64, key: u32) {
        self.orders.wake(self.id, time.max(self.now), key, false);
    }

    /// Wakes the node after everything else of this instant, when all its messages have arrived.
    pub fn settle(&mut self, key: u32) {
        self.orders.wake(self.id, self.now, key, true);
    }

    /// A fresh random stream for the choice of a receiver or a time.
    pub fn route_rng(&mut self) -> Rng {
        self.orders.rng(self.id, Purpose::Route)
    }

    /// A fresh random stream for a message: compression, choice of coordinates.
    pub fn link_rng(&mut self) -> Rng {
        self.orders.rng(self.id, Purpose::Link)
    }
}
