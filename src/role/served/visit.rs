//! One visit of a client: what it needs, and how it is computed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ClientUpdate, Downlink, Links, ServerParts, Upload};
use crate::{
    engine::NodeId,
    num::Real,
    part::discount::Discount,
    role::{Local, Memory, Payload, Scratch, local::LocalRule},
    world::World,
};

/// What never changes during a run.
pub struct Plan<R: Real> {
    /// The world.
    pub world: Arc<World<R>>,
    /// The client half.
    pub client: Box<dyn ClientUpdate<R>>,
    /// How clients take local steps.
    pub local: LocalRule<R>,
    /// Parts of the server.
    pub server: ServerParts<R>,
    /// How vectors travel.
    pub links: Links<R>,
    /// Weight by staleness.
    pub discount: Discount,
    /// Uploads staler than this are refused.
    pub max_staleness: Option<u64>,
}

/// One client visit, ready to be computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job<R> {
    pub(super) client: NodeId,
    pub(super) visit: u64,
    pub(super) steps: usize,
    pub(super) origin: Downlink<R>,
    pub(super) memory: Option<Arc<Memory<R>>>,
}

impl<R: Real> Plan<R> {
    /// Computes a visit.
    pub(super) fn run(&self, job: &Job<R>, scratch: &mut Scratch<R>) -> Upload<R> {
        let world = &self.world;
        let streams = world.streams();
        let pace = (job.steps, job.origin.version);
        let mut local = Local::open(world.objective(), &self.local, streams, (job.client, job.visit), pace, scratch);
        let untouched = Memory::default();
        let memory = job.memory.as_deref().unwrap_or(&untouched);
        local.resume_optimiser(&memory.optimiser);
        let links = &self.links;
        let (width, sent) = (links.width(world, job.client), &job.origin.down);
        local.equip(width, |uplink| {
            let _ = uplink.over(links.up.as_deref(), &memory.link).in_width(links.message_width(world, job.client)).from(sent);
        });
        let down = links.stored(sent, width, world.objective().blocks());
        let mut update = self.client.update(&down, &memory.own, &mut local);
        let bits = local.send(&mut update.up);
        let total_lr = local.total_lr();
        let memory = renewed(memory, update.memory, local.kept_optimiser(), local.kept_link());
        Upload { origin: job.origin.clone(), up: update.up, memory, bits, steps: job.steps, total_lr }
    }

    /// What a visit costs to compute, for the balance of threads.
    pub(super) fn cost(&self, job: &Job<R>) -> f64 {
        let objective = self.world.objective();
        let samples = self.local.batch.rows(objective.samples(job.client));
        objective.cost(samples) * job.steps as f64
    }
}

/// A client's memory after a visit, if any of it has changed.
fn renewed<R: Real>(
    old: &Memory<R>,
    own: Option<Payload<R>>,
    optimiser: Option<Vec<Payload<R>>>,
    link: Option<Vec<Payload<R>>>,
) -> Option<Memory<R>> {
    if own.is_none() && optimiser.is_none() && link.is_none() {
        return None;
    }
    Some(Memory {
        own: own.unwrap_or_else(|| old.own.clone()),
        optimiser: optimiser.unwrap_or_else(|| old.optimiser.clone()),
        link: link.unwrap_or_else(|| old.link.clone()),
    })
}
