//! Orders of nodes that lie still until a unit test carries them out.

use std::{collections::VecDeque, sync::Arc};

use super::{Message, Node, Orders};
use crate::{
    engine::NodeId,
    network::Topology,
    num::Real,
    protocol::Payload,
    random::{Purpose, Rng, Streams},
};

/// Work and messages that nodes have ordered. Wake-ups are left to the test.
pub(crate) struct RecordingOrders<R> {
    /// Visits that have not been made.
    pub jobs: VecDeque<(NodeId, Payload<R>)>,
    /// Messages on their way, with their receivers.
    pub messages: VecDeque<(NodeId, Message<R>)>,
    /// Messages that each node has sent.
    pub sent: Vec<u64>,
    drawn: u64,
}

impl<R: Real> RecordingOrders<R> {
    /// No orders yet, for this many nodes.
    pub fn new(nodes: usize) -> Self {
        Self { jobs: VecDeque::new(), messages: VecDeque::new(), sent: vec![0; nodes], drawn: 0 }
    }

    /// A node that puts its orders here.
    pub fn node<'a>(&'a mut self, id: NodeId, topology: &'a Topology) -> Node<'a, R> {
        Node::new(id, 0.0, topology, &[], self)
    }
}

impl<R: Real> Orders<R> for RecordingOrders<R> {
    fn is_busy(&self, node: NodeId) -> bool {
        self.jobs.iter().any(|&(busy, _)| busy == node)
    }

    fn takes_part(&mut self, _: NodeId, _: u64) -> bool {
        true
    }

    fn compute(&mut self, node: NodeId, _: usize, _: u64, input: Payload<R>) {
        assert!(!self.is_busy(node), "node {node} is at work");
        self.jobs.push_back((node, input));
    }

    fn pack(&mut self, _: NodeId, _: usize, payload: Arc<Payload<R>>) -> (Arc<Payload<R>>, u64) {
        let bits = payload.dense_bits();
        (payload, bits)
    }

    fn send(&mut self, to: NodeId, message: Message<R>) {
        self.sent[message.from] += 1;
        self.messages.push_back((to, message));
    }

    fn wake(&mut self, _: NodeId, _: f64, _: u32, _: bool) {}

    fn rest(&mut self, _: NodeId, _: f64) {}

    fn mean_visit(&self, _: NodeId) -> f64 {
        0.0
    }

    fn complete(&mut self) {}

    fn rng(&mut self, node: NodeId, _: Purpose) -> Rng {
        self.drawn += 1;
        Streams::new(7).stream(Purpose::Route, node, self.drawn)
    }
}
