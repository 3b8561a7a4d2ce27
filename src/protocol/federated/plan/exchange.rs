//! One exchange with a client outside of a run, to see what is sent.

use std::sync::Arc;

use super::Plan;
use crate::{
    engine::NodeId,
    interrupt::Interrupt,
    num::Real,
    protocol::{
        Memory, Payload, Scratch,
        federated::{Apply, Arrived, Downlink, Job, ServerState, ServerUpdate, compressors::Downlinks},
        local::Pace,
    },
};

/// One download and its answer.
pub struct Exchange<R> {
    /// What the client receives.
    pub down: Arc<Payload<R>>,
    /// Size of the download [bit].
    pub down_bits: u64,
    /// Size of the upload [bit].
    pub up_bits: u64,
}

/// What exchanges leave behind.
struct Past<R> {
    downlinks: Downlinks<R>,
    memory: Option<Arc<Memory<R>>>,
    scratch: Scratch<R>,
}

impl<R: Real> Exchange<R> {
    /// The second exchange with `client`, when the first is past in which some methods and compressors send something else. `model` and
    /// `server` are there for nothing else than that.
    pub fn second(plan: &Plan<R>, client: NodeId, (model, server): (&mut Arc<Payload<R>>, &mut dyn ServerUpdate<R>)) -> Self {
        let mut past = Past { downlinks: Downlinks::default(), memory: None, scratch: Scratch::default() };
        let down = |model: &Arc<Payload<R>>, server: &dyn ServerUpdate<R>| Arc::clone(server.personal(client).unwrap_or(model));
        let first = Self::next(plan, client, down(model, server), &mut past, 0);
        let mut state = ServerState::default();
        let mut ctx = Apply {
            version: 0,
            now: 0.0,
            world: &plan.world,
            local_lr: plan.local.rate.at(0),
            mean_weight: 1.0,
            parts: &plan.server,
            state: &mut state,
            masked: None,
        };
        server.apply(Arc::make_mut(model), &[first.1], &mut ctx);
        Self::next(plan, client, down(model, server), &mut past, 1).0
    }

    /// The exchange number `call`, with one local step; memories are committed.
    fn next(plan: &Plan<R>, client: NodeId, down: Arc<Payload<R>>, past: &mut Past<R>, call: u64) -> (Self, Arrived<R>) {
        let parcel = past.downlinks.pack(&plan.compressors, &plan.world, (client, call), down);
        past.downlinks.received(client);
        let origin = Downlink { call, version: call, down: Arc::clone(&parcel.down) };
        let pace = Pace { steps: 1, version: call, before: 0 };
        let job = Job { client, shard: client, visit: call, gradients: 1, pace, origin, memory: past.memory.take() };
        let upload = job.run(plan, &mut past.scratch, Interrupt::default());
        past.memory = upload.memory.map(Arc::new).or(job.memory);
        let exchange = Self { down: parcel.down, down_bits: parcel.bits, up_bits: upload.bits };
        let (down, up) = (upload.origin.down, upload.up);
        let arrived = Arrived { from: client, up, down, staleness: 0, weight: 1.0, steps: 1, total_lr: upload.total_lr };
        (exchange, arrived)
    }
}
