//! One visit of a node: its input, its work and its outcome.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Absent, Nodes};
use crate::{
    engine::NodeId,
    interrupt::Interrupt,
    num::{Real, low_precision::Bits},
    part::compressor::Encoder,
    protocol::{
        Local, Payload, Scratch,
        local::{LocalRule, Pace},
        spec::BitWidthSpec,
    },
    world::World,
};

/// Everything that never changes during a run of peers.
pub struct Plan<R: Real> {
    /// The world; its network has a topology.
    pub world: Arc<World<R>>,
    /// How nodes take local steps.
    pub local: LocalRule<R>,
    /// The fate of messages to nodes that are down.
    pub absent: Absent,
    /// The compressor of the nodes' messages; the sender's precision when `None`.
    pub compressor: Option<Box<dyn Encoder<R>>>,
    /// The meaning of a node's bit-width.
    pub bit_width: BitWidthSpec,
}

impl<R: Real> Plan<R> {
    /// Factor `n pᵢ` of a node's local objective, with which the plain mean that nodes come to agree on is the objective; exactly 1
    /// where all weights are equal.
    fn share(&self, node: NodeId) -> f64 {
        self.world.objective().weight(node) / (1.0 / self.world.clients() as f64)
    }

    /// Precision of a node's messages that go through no compressor.
    pub(super) fn sends_in(&self, node: NodeId) -> Bits {
        self.bit_width.sends_in(self.world.width(node))
    }
}

/// One visit, ready to be computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job<R> {
    pub(super) node: NodeId,
    pub(super) visit: u64,
    pub(super) steps: usize,
    pub(super) passes: usize,
    pub(super) version: u64,
    pub(super) input: Payload<R>,
    pub(super) optimiser: Arc<Vec<Payload<R>>>,
}

/// The outcome of a visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome<R> {
    pub(super) out: Payload<R>,
    /// Stochastic gradients that were evaluated.
    pub(super) gradients: u64,
    /// The optimiser's state, where it outlives the visit.
    pub(super) optimiser: Option<Vec<Payload<R>>>,
}

impl<R: Real> Job<R> {
    /// Does the work.
    pub(super) fn run(
        &self,
        plan: &Plan<R>,
        nodes: &dyn Nodes<R>,
        scratch: &mut Scratch<R>,
        interrupt: Interrupt<'_>,
    ) -> Outcome<R> {
        let world = &plan.world;
        let (visit, pace) = ((self.node, self.visit), Pace { steps: self.steps, version: self.version, before: 0 });
        let mut local = Local::open(world.objective(), &plan.local, world.streams(), visit, pace, scratch);
        local.weigh(plan.share(self.node));
        local.heed(interrupt);
        local.equip(plan.bit_width.computes_in(world.width(self.node)), |_| {});
        local.resume_optimiser(&self.optimiser);
        let out = nodes.compute(&self.input, &mut local);
        Outcome { out, gradients: self.gradients() as u64, optimiser: local.kept_optimiser() }
    }

    /// Stochastic gradients that the visit evaluates.
    pub(super) fn gradients(&self) -> usize {
        self.passes * self.steps
    }

    /// The same visit with its first step only.
    pub(super) fn sketch(&self) -> Self {
        Self { steps: self.steps.min(1), ..self.clone() }
    }

    /// The rough cost of the work, by which jobs are ordered.
    pub(super) fn cost(&self, plan: &Plan<R>) -> f64 {
        let objective = plan.world.objective();
        let samples = plan.local.batch.rows(objective.samples(self.node));
        objective.cost(samples) * self.gradients() as f64
    }
}
