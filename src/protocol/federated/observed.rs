//! What the recorder sees of a federated run.

use super::{Federated, Participation};
use crate::{
    engine::NodeId,
    num::Real,
    part::compressor::round_blocks,
    protocol::{Deployed, Models, Observed, Participant, StateVector},
};

impl<R: Real> Observed<R> for Federated<R> {
    fn models(&self) -> Models<'_, R> {
        Models::Server(self.iterate())
    }

    fn deployed(&self, client: NodeId) -> Option<Deployed<R>> {
        let (compressors, world) = (&self.plan.compressors, &self.plan.world);
        let mut x = self.model_of(client).vectors[0].clone();
        round_blocks(compressors.model_width(world, client), world.objective().blocks(), &mut x);
        Some(Deployed { x, activations: compressors.width(world, client).of_activations() })
    }

    fn round(&self) -> u64 {
        self.version()
    }

    fn updates(&self) -> u64 {
        self.participation().updates
    }

    fn staleness(&self) -> Option<f64> {
        let Participation { updates, staleness, .. } = self.participation();
        Some(if updates == 0 { 0.0 } else { staleness as f64 / updates as f64 })
    }

    fn staleness_counts(&self) -> &[u64] {
        self.staleness_counts()
    }

    fn participants(&self) -> &[Participant] {
        self.participants()
    }

    fn state(&self) -> Vec<StateVector<'_, R>> {
        self.state_vectors()
    }

    fn client_memory(&self) -> Option<u64> {
        Some(self.client_memory())
    }

    fn latest_batch(&self) -> Option<usize> {
        Some(self.participation().last_batch)
    }
}
