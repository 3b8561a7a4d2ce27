//! One visit of a node: what it needs, what it does, what comes out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Nodes, Plan};
use crate::{
    engine::NodeId,
    interrupt::Interrupt,
    num::Real,
    protocol::{Local, Payload, Scratch, local::Pace},
};

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

/// What comes out of a visit.
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
        local.equip(plan.computes_in(self.node), |_| {});
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

    /// About what the work costs, for the order in which jobs are handed out.
    pub(super) fn cost(&self, plan: &Plan<R>) -> f64 {
        let objective = plan.world.objective();
        let samples = plan.local.batch.rows(objective.samples(self.node));
        objective.cost(samples) * self.gradients() as f64
    }
}
