//! What never changes during a served run.

use std::sync::Arc;

use super::{ClientUpdate, Links, ServerParts};
use crate::{
    num::Real,
    part::discount::Discount,
    role::{
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
    pub links: Links<R>,
    /// When a client's memory takes up what it has sent.
    pub commit: Commit,
    /// Whose samples a called client works on.
    pub shards: ShardRule,
    /// Weight by staleness.
    pub discount: Discount,
    /// Uploads staler than this are refused.
    pub max_staleness: Option<u64>,
}
