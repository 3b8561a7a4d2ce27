//! Carries out what nodes order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Participation, Peers};
use crate::{
    engine::{Control, NodeId, sparse_map::SparseMap},
    fleet::Presence,
    message::FLOAT_BITS,
    num::{Real, low_precision::Bits},
    part::compressor::{Encoder, Levels, RoundTo, Wire},
    protocol::{
        Payload,
        peers::{
            Job, Message, Orders, Plan,
            waiting::{Kind, Mailbox, OUTGOING, Wake},
        },
    },
    random::{Purpose, Rng},
};

/// The protocol's own state of one node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(in crate::protocol::peers) struct Row<R> {
    /// Visits that have been finished.
    pub visits: u64,
    /// Random streams that the node has used for routes.
    routes: u64,
    /// Random streams that the node has used for compressors.
    compressors: u64,
    /// State of the node's optimiser.
    pub optimiser: Arc<Vec<Payload<R>>>,
    /// The compressor's memory of each vector that the node sends.
    memory: Vec<Payload<R>>,
}

impl<R> Default for Row<R> {
    fn default() -> Self {
        Self { visits: 0, routes: 0, compressors: 0, optimiser: Arc::default(), memory: Vec::new() }
    }
}

/// Carries out the orders of nodes.
pub(in crate::protocol::peers) struct LiveOrders<'a, 'c, R: Real> {
    pub plan: &'a Plan<R>,
    pub presence: &'a mut Presence,
    pub rows: &'a mut SparseMap<Row<R>>,
    pub participation: &'a mut Participation,
    /// Messages with their receivers that wait for their senders.
    pub unsent: &'a mut Mailbox<(NodeId, Message<R>)>,
    /// Whether the ordering node is there, so that it can send.
    pub is_there: bool,
    pub control: &'a mut Control<'c, Peers<R>>,
}

impl<R: Real> LiveOrders<'_, '_, R> {
    /// When the ordering node is back, if it is down now [s]. Messages of a node that is gone for good still go out, or others would
    /// wait for them for ever.
    fn back_at(&mut self, node: NodeId) -> Option<f64> {
        if self.is_there { None } else { self.presence.next_up(&self.plan.world.fleet, node, self.control.now()) }
    }
}

impl<R: Real> Orders<R> for LiveOrders<'_, '_, R> {
    fn is_busy(&self, node: NodeId) -> bool {
        self.control.is_busy(node)
    }

    fn takes_part(&mut self, node: NodeId, round: u64) -> bool {
        self.presence.participates(&self.plan.world.fleet, node, round)
    }

    fn compute(&mut self, node: NodeId, passes: usize, version: u64, input: Payload<R>) {
        let visit = self.control.visits(node);
        let steps = self.plan.local.local_steps(&self.plan.world, (node, node), visit);
        let optimiser = Arc::clone(&self.rows.entry(node).optimiser);
        let job = Job { node, visit, steps, passes, version, input, optimiser };
        self.control.compute(node, job.gradients(), job);
    }

    fn pack(&mut self, node: NodeId, first: usize, payload: Arc<Payload<R>>) -> (Arc<Payload<R>>, u64) {
        let width = self.plan.sends_in(node);
        let narrow = RoundTo { bits: width, levels: Levels::Symmetric, by_layer: true };
        let compressor: &dyn Encoder<R> = match &self.plan.compressor {
            Some(compressor) => compressor.as_ref(),
            None if width == Bits::FLOAT => return (Arc::clone(&payload), payload.dense_bits()),
            None => &narrow,
        };
        let (mut sent, mut rng) = (Payload::clone(&payload), self.rng(node, Purpose::Link));
        let wire = &mut Wire { rng: &mut rng, blocks: self.plan.world.objective().blocks() };
        let memory = &mut self.rows.entry(node).memory;
        memory.resize(memory.len().max(first + sent.vectors.len()), Payload::default());
        let mut bits = FLOAT_BITS * sent.scalars.len() as u64;
        for (vector, memory) in sent.vectors.iter_mut().zip(&mut memory[first..]) {
            bits += compressor.transmit(vector, memory, wire);
        }
        (Arc::new(sent), bits)
    }

    fn send(&mut self, to: NodeId, message: Message<R>) {
        let node = message.from;
        if let Some(back) = self.back_at(node) {
            if self.unsent.keep(node, (to, message)) {
                Wake { node, kind: Kind::Message, key: OUTGOING }.order(back, self.control);
            }
            return;
        }
        let bits = message.bits;
        self.control.send(node, to, message, bits);
    }

    fn wake(&mut self, node: NodeId, time: f64, key: u32, settle: bool) {
        let kind = if settle { Kind::Settle } else { Kind::Timer };
        Wake { node, kind, key }.order(time, self.control);
    }

    fn rest(&mut self, node: NodeId, time: f64) {
        Wake { node, kind: Kind::Rest, key: 0 }.order(time, self.control);
    }

    fn mean_visit(&self, node: NodeId) -> f64 {
        self.plan.local.mean_visit(&self.plan.world, node)
    }

    fn complete(&mut self) {
        self.participation.updates += 1;
    }

    fn rng(&mut self, node: NodeId, purpose: Purpose) -> Rng {
        let row = self.rows.entry(node);
        let count = if purpose == Purpose::Link { &mut row.compressors } else { &mut row.routes };
        *count += 1;
        self.control.rng(purpose, node, *count - 1)
    }
}
