//! The plan of a federated run.

pub mod exchange;

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

/// Everything that never changes during a federated run.
pub struct Plan<R: Real> {
    /// The world.
    pub world: Arc<World<R>>,
    /// The client half.
    pub client: Box<dyn ClientUpdate<R>>,
    /// How clients take local steps.
    pub local: LocalRule<R>,
    /// Parts of the server.
    pub server: ServerParts<R>,
    /// The compressors of both directions.
    pub compressors: Compressors<R>,
    /// When the memory of a client changes.
    pub commit: Commit,
    /// Whose samples a called client works on.
    pub shards: ShardRule,
    /// Weight by staleness.
    pub discount: Discount,
    /// The grid of secure aggregation; `None` where the server sees every upload.
    pub secure: Option<Grid>,
    /// The greatest staleness that the server accepts.
    pub max_staleness: Option<u64>,
    /// Mean time from the call of each client to its answer [s], shape `[n]`; empty unless the schedule asks for it.
    pub mean_trips: Vec<f64>,
}
