//! What the recorder sees of a served run.

use super::{Served, Standing};
use crate::{
    engine::NodeId,
    num::Real,
    part::link::round_blocks,
    role::{Deployed, Letter, Models, Observed, Participant},
};

impl<R: Real> Observed<R> for Served<R> {
    fn models(&self) -> Models<'_, R> {
        Models::Server(self.iterate())
    }

    fn deployed(&self, client: NodeId) -> Option<Deployed<R>> {
        let (links, world) = (&self.plan.links, &self.plan.world);
        let mut x = self.server().model_of(client).to_vec();
        round_blocks(links.model_width(world, client), world.objective().blocks(), &mut x);
        Some(Deployed { x, activations: links.width(world, client).of_activations() })
    }

    fn round(&self) -> u64 {
        self.version()
    }

    fn updates(&self) -> u64 {
        self.standing().updates
    }

    fn staleness(&self) -> Option<f64> {
        let Standing { updates, staleness, .. } = self.standing();
        Some(if updates == 0 { 0.0 } else { staleness as f64 / updates as f64 })
    }

    fn staleness_counts(&self) -> &[u64] {
        self.tally()
    }

    fn participants(&self) -> &[Participant] {
        self.participants()
    }

    fn state(&self) -> Vec<Letter<'_, R>> {
        self.letters()
    }

    fn client_memory(&self) -> Option<u64> {
        Some(self.client_memory())
    }

    fn latest_batch(&self) -> Option<usize> {
        Some(self.standing().last_batch)
    }
}
