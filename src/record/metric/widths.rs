//! Test accuracy by the bit-width of the clients, each of whom runs a rounded model.

use crate::{
    fleet::Fleet,
    num::Real,
    problem::{Workspace, data::HeldOut},
    protocol::Observed,
    world::World,
};

/// The clients of a fleet by their bit-width, in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Widths(Vec<Tier>);

/// The clients of one bit-width.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tier {
    width: u32,
    /// One of them: all run the same model.
    client: usize,
    /// Their number.
    count: usize,
}

/// Test accuracies of the models that clients run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracies {
    /// Of the model at the smallest bit-width of the fleet [1].
    pub narrowest: f64,
    /// Of the model at the largest bit-width [1].
    pub widest: f64,
    /// Mean over the clients [1].
    pub clients: f64,
}

impl Widths {
    /// The bit-widths of a fleet.
    pub fn of(fleet: &Fleet) -> Self {
        let mut tiers: Vec<Tier> = Vec::new();
        for client in 0..fleet.clients() {
            let width = fleet.bits(client);
            match tiers.iter_mut().find(|tier| tier.width == width) {
                Some(tier) => tier.count += 1,
                None => tiers.push(Tier { width, client, count: 1 }),
            }
        }
        tiers.sort_unstable_by_key(|tier| tier.width);
        Self(tiers)
    }

    /// Scores the models that clients run now; `None` without a server or without classes.
    pub fn score<R: Real>(&self, world: &World<R>, protocol: &dyn Observed<R>) -> Option<Accuracies> {
        let mut work = Workspace::new();
        let mut accuracy = |tier: &Tier| {
            let model = protocol.deployed(tier.client)?;
            world.objective().score_in(model.activations, HeldOut::Test, &model.x, &mut work)?.accuracy
        };
        let accuracies: Vec<f64> = self.0.iter().map(&mut accuracy).collect::<Option<_>>()?;
        let clients: usize = self.0.iter().map(|tier| tier.count).sum();
        let total: f64 = self.0.iter().zip(&accuracies).map(|(tier, accuracy)| tier.count as f64 * accuracy).sum();
        Some(Accuracies { narrowest: *accuracies.first()?, widest: *accuracies.last()?, clients: total / clients as f64 })
    }
}
