//! What never changes during a run of peers.

use std::sync::Arc;

use super::Absent;
use crate::{
    engine::NodeId,
    num::{Real, low_precision::Bits},
    part::compressor::Encoder,
    protocol::{local::LocalRule, spec::BitWidthSpec},
    world::World,
};

/// What never changes during a run.
pub struct Plan<R: Real> {
    /// The world; its network has a topology.
    pub world: Arc<World<R>>,
    /// How nodes take local steps.
    pub local: LocalRule<R>,
    /// What becomes of messages to nodes that are down.
    pub absent: Absent,
    /// How messages travel; in the sender's width when `None`.
    pub compressor: Option<Box<dyn Encoder<R>>>,
    /// What a node's width means.
    pub bit_width: BitWidthSpec,
}

impl<R: Real> Plan<R> {
    /// Factor `n pᵢ` of a node's local objective, with which the plain mean that nodes come to agree on is the objective; exactly 1
    /// where all weights are equal.
    pub(super) fn share(&self, node: NodeId) -> f64 {
        self.world.objective().weight(node) / (1.0 / self.world.clients() as f64)
    }

    /// Width that a node computes in.
    pub(super) fn computes_in(&self, node: NodeId) -> Bits {
        self.bit_width.computes_in(self.world.width(node))
    }

    /// Width of the messages of a node that go over no compressor.
    pub(super) fn sends_in(&self, node: NodeId) -> Bits {
        self.bit_width.sends_in(self.world.width(node))
    }
}
