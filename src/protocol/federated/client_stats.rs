//! Client statistics for schedules, and their cost.

use std::cell::{Cell, RefCell};

use super::Plan;
use crate::{
    engine::{Ledger, NodeId},
    message::FLOAT_BITS,
    num::{Real, vector},
    problem::{Sample, Workspace},
    protocol::{schedule::ClientStats, spec::ShardRule},
};

/// Answers at one instant.
pub(super) struct MeteredStats<'a, R: Real> {
    plan: &'a Plan<R>,
    /// The server's iterate, shape `[d]`.
    x: &'a [R],
    work: RefCell<Workspace<R>>,
    spent: Cell<Ledger>,
}

impl<'a, R: Real> MeteredStats<'a, R> {
    pub fn new(plan: &'a Plan<R>, x: &'a [R]) -> Self {
        Self { plan, x, work: RefCell::default(), spent: Cell::default() }
    }

    /// The cost of the answers so far.
    pub fn spent(&self) -> Ledger {
        self.spent.get()
    }

    /// The model goes down, a number comes up.
    fn charge(&self, gradients: u64) {
        let mut spent = self.spent.get();
        spent.add(&Ledger {
            downlink_bits: FLOAT_BITS * self.x.len() as u64,
            uplink_bits: FLOAT_BITS,
            gradients,
            gradients_used: gradients,
            ..Ledger::default()
        });
        self.spent.set(spent);
    }
}

impl<R: Real> ClientStats for MeteredStats<'_, R> {
    fn samples(&self, client: NodeId) -> usize {
        self.plan.world.objective().samples(client)
    }

    fn has_work(&self, client: NodeId) -> bool {
        self.plan.shards != ShardRule::Own || self.samples(client) > 0
    }

    fn weight(&self, client: NodeId) -> f64 {
        self.plan.world.objective().weight(client)
    }

    fn mean_visit(&self, client: NodeId) -> f64 {
        self.plan.local.mean_visit(&self.plan.world, client)
    }

    fn mean_trip(&self, client: NodeId) -> f64 {
        self.plan.mean_trips[client]
    }

    fn loss(&self, client: NodeId) -> f64 {
        self.charge(0);
        self.plan.world.objective().local_loss(client, self.x, &mut self.work.borrow_mut())
    }

    fn gradient_norm(&self, client: NodeId) -> f64 {
        self.charge(1);
        let mut gradient = vec![R::zero(); self.x.len()];
        let work = &mut self.work.borrow_mut();
        let _ = self.plan.world.objective().gradient(client, self.x, Sample::Full, &mut gradient, work);
        vector::norm2(&gradient).sqrt()
    }
}
