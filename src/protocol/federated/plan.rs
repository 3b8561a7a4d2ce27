//! The plan of a federated run.

pub mod round_trip;

use std::sync::Arc;

use super::{ClientUpdate, Compressors, Grid, ServerParts, ServerUpdate};
use crate::{
    invalid::Invalid,
    num::Real,
    part::{discount::Discount, weighting::Weighting},
    protocol::{
        Payload,
        local::LocalRule,
        schedule::{ScheduleSpec, SelectSpec, deliveries, predictable},
        spec::{Commit, ShardRule},
    },
    world::World,
};
use round_trip::RoundTrips;

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
    /// How long clients are under way, where the schedule or the weighting asks for it.
    pub trips: Option<RoundTrips<R>>,
}

impl<R: Real> Plan<R> {
    /// Looks into what the schedule and the weighting have to know beforehand: how long clients are under way, and how often they
    /// deliver. `begin` makes a model and a server half to try it with.
    ///
    /// # Errors
    /// [`Invalid`] at `weighting` for clients whose deliveries cannot be predicted, or at the selection for messages that it
    /// cannot size.
    pub fn foresee(
        &mut self,
        schedule: &ScheduleSpec,
        begin: impl FnOnce() -> (Payload<R>, Box<dyn ServerUpdate<R>>),
    ) -> Result<(), Invalid> {
        let unbiased = self.server.weighting == Weighting::Unbiased;
        let goes_by_trips = if let ScheduleSpec::Rounds(spec) = schedule { spec.select == SelectSpec::InTime } else { unbiased };
        if goes_by_trips {
            let World { fleet, network, .. } = self.world.as_ref();
            predictable::check_sizes(&self.compressors.varying(), schedule, fleet, network)?;
            let (model, mut server) = begin();
            self.trips = Some(RoundTrips::explore(self, &mut Arc::new(model), server.as_mut()));
        }
        if unbiased {
            let probability = |client| self.world.probability(client);
            self.server.deliveries = deliveries::deliveries(schedule, self, &probability, self.world.streams())?;
        }
        Ok(())
    }
}
