//! One client visit: the message down, the work and the message up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Grid, Plan};
use crate::{
    engine::{NodeId, shared},
    interrupt::Interrupt,
    num::Real,
    protocol::{Local, Memory, Payload, Scratch, local::Pace},
};

/// A message between the server and a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub enum Message<R> {
    /// The server calls a client.
    Down(Downlink<R>),
    /// A client answers.
    Up(Upload<R>),
}

/// The message to a called client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Downlink<R> {
    /// Number of the call; answers to cancelled calls are ignored.
    pub call: u64,
    /// Server version of the message.
    pub version: u64,
    /// The method's broadcast.
    #[serde(with = "shared")]
    pub down: Arc<Payload<R>>,
}

/// The answer of a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Upload<R> {
    /// The message that the client had received.
    pub origin: Downlink<R>,
    /// The client whose samples it worked on.
    pub shard: NodeId,
    /// The method's upload, as it comes out of the uplink.
    pub up: Payload<R>,
    /// The client's memory once the server accepts, if it changes.
    pub memory: Option<Memory<R>>,
    /// Size on the wire [bit].
    pub bits: u64,
    /// Stochastic gradients that were evaluated.
    pub gradients: usize,
    /// Local steps taken.
    pub steps: usize,
    /// Sum of the local step sizes.
    pub total_lr: f64,
}

/// One client visit, ready to be computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Job<R> {
    /// Who computes.
    pub(super) client: NodeId,
    /// The client whose samples and memory these are.
    pub(super) shard: NodeId,
    /// Number of the visit to the samples.
    pub(super) visit: u64,
    /// Stochastic gradients that the visit evaluates.
    pub(super) gradients: usize,
    pub(super) pace: Pace,
    pub(super) origin: Downlink<R>,
    pub(super) memory: Option<Arc<Memory<R>>>,
}

impl<R: Real> Job<R> {
    /// Does the work and makes the upload.
    pub(super) fn run(&self, plan: &Plan<R>, scratch: &mut Scratch<R>, interrupt: Interrupt<'_>) -> Upload<R> {
        let (world, compressors) = (&plan.world, &plan.compressors);
        let visit = (self.shard, self.visit);
        let mut local = Local::open(world.objective(), &plan.local, world.streams(), visit, self.pace, scratch);
        local.heed(interrupt);
        let untouched = Memory::default();
        let memory = self.memory.as_deref().unwrap_or(&untouched);
        local.resume_optimiser(&memory.optimiser);
        let (width, sent) = (compressors.width(world, self.client), &self.origin.down);
        local.equip(width, |uplink| {
            let _ = uplink
                .in_fixed_point(plan.secure.as_ref().map(Grid::bits))
                .over(compressors.up.as_deref(), &memory.compressor)
                .in_width(compressors.message_width(world, self.client))
                .from(sent);
        });
        local.store_in(width);
        let down = compressors.stored(sent, width, world.objective().blocks());
        let mut update = plan.client.update(&down, &memory.own, &mut local);
        let bits = local.send(&mut update.up);
        let total_lr = local.total_lr();
        let memory = renewed(memory, update.memory, local.kept_optimiser(), local.kept_compressor());
        let (shard, gradients, steps) = (self.shard, self.gradients, self.pace.steps);
        Upload { origin: self.origin.clone(), shard, up: update.up, memory, bits, gradients, steps, total_lr }
    }

    /// The same visit with its first step only.
    pub(super) fn sketch(&self) -> Self {
        Self { pace: Pace { steps: 1, ..self.pace }, ..self.clone() }
    }

    /// The amount of work, in units of the objective.
    pub(super) fn cost(&self, plan: &Plan<R>) -> f64 {
        let objective = plan.world.objective();
        let samples = plan.local.batch.rows(objective.samples(self.shard));
        objective.cost(samples) * self.pace.steps as f64
    }
}

/// A client's memory after a visit, if any of it has changed.
fn renewed<R: Real>(
    old: &Memory<R>,
    own: Option<Payload<R>>,
    optimiser: Option<Vec<Payload<R>>>,
    compressor: Option<Vec<Payload<R>>>,
) -> Option<Memory<R>> {
    if own.is_none() && optimiser.is_none() && compressor.is_none() {
        return None;
    }
    Some(Memory {
        own: own.unwrap_or_else(|| old.own.clone()),
        optimiser: optimiser.unwrap_or_else(|| old.optimiser.clone()),
        compressor: compressor.unwrap_or_else(|| old.compressor.clone()),
    })
}
