//! What never changes during a federated run.

pub mod exchange;
pub mod job;

use std::sync::Arc;

use super::{ClientUpdate, Compressors, Grid, ServerParts};
use crate::{
    num::Real,
    part::discount::Discount,
    protocol::{
        local::LocalRule,
        spec::{Commit, ShardRule},
    },
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
    pub compressors: Compressors<R>,
    /// When a client's memory takes up what it has sent.
    pub commit: Commit,
    /// Whose samples a called client works on.
    pub shards: ShardRule,
    /// Weight by staleness.
    pub discount: Discount,
    /// The grid of secure aggregation; `None` where the server sees every upload.
    pub secure: Option<Grid>,
    /// Uploads staler than this are refused.
    pub max_staleness: Option<u64>,
    /// Mean time from the call of each client to its answer [s], shape `[n]`; empty unless the schedule asks for it.
    pub mean_trips: Vec<f64>,
}
