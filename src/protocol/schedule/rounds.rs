//! Rounds: call a cohort, wait for it, apply, again.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
};

use serde::{Deserialize, Serialize};

use super::{
    Clients, Orders, RoundsSpec, Schedule, Wake,
    cohort::{CohortSpec, TraceSpec},
    select::Selection,
};
use crate::engine::{NodeId, Snapshot};

/// Synchronous rounds, with over-selection and a deadline.
///
/// A round in which nobody is available passes all the same, after a pause: the server applies an empty batch.
#[derive(Debug)]
pub struct Rounds {
    spec: RoundsSpec,
    state: State,
}

/// The state of the rounds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    round: u64,
    /// Clients that have been called and have not answered.
    waiting: BTreeSet<NodeId>,
    /// Uploads still needed to close the round.
    missing: usize,
    /// Weights of the updates whose weight is not 1.
    weights: BTreeMap<NodeId, f64>,
}

impl Rounds {
    /// Rounds that have not begun.
    pub fn new(spec: RoundsSpec) -> Self {
        Self { spec, state: State::default() }
    }

    fn draw(&self, clients: &mut Clients<'_>) -> Selection {
        let round = self.state.round;
        match self.spec.cohort() {
            CohortSpec::All(_) => {
                (0..clients.clients).filter(|&client| clients.is_available(client, round)).collect::<Vec<_>>().into()
            }
            CohortSpec::Count(count) => {
                let called = self.spec.calls(*count).min(clients.clients);
                self.spec.select.draw(called, round, self.spec.deadline, clients)
            }
            // A round does not wait for clients that have left for good, and clients without samples are not called.
            CohortSpec::Trace(TraceSpec { trace }) => {
                let cohort = trace[round as usize % trace.len()].iter().copied();
                let called = |&client: &NodeId| clients.inquiry.has_work(client) && clients.next_up(client).is_some();
                cohort.filter(called).collect::<Vec<_>>().into()
            }
        }
    }

    fn begin(&mut self, clients: &mut Clients<'_>) -> Orders {
        let mut orders = Orders::wait();
        let Selection { clients: cohort, weights } = self.draw(clients);
        self.state.weights = weights;
        if cohort.is_empty() {
            orders.wake.push(Wake::Timer { after: self.spec.idle, key: self.state.round });
            return orders;
        }
        self.state.missing = match *self.spec.cohort() {
            CohortSpec::Count(count) => count.min(cohort.len()),
            CohortSpec::All(_) | CohortSpec::Trace(_) => cohort.len(),
        };
        self.state.waiting = cohort.iter().copied().collect();
        if let Some(deadline) = self.spec.deadline {
            // An upload that arrives at the very deadline is in time.
            orders.wake.push(Wake::Settle { after: deadline, key: self.state.round });
        }
        orders.call = cohort;
        orders
    }

    fn close(&mut self) -> Orders {
        let cancel = std::mem::take(&mut self.state.waiting).into_iter().collect();
        self.state.round += 1;
        Orders { cancel, apply: true, ..Orders::default() }
    }
}

/// The spec does not change during a run, and its optional keys cannot be written in a format without names.
impl Snapshot for Rounds {
    fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        self.state.save(out)
    }

    fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        self.state.load(input)
    }
}

impl Schedule for Rounds {
    fn start(&mut self, clients: &mut Clients<'_>) -> Orders {
        self.begin(clients)
    }

    fn after_step(&mut self, clients: &mut Clients<'_>) -> Orders {
        self.begin(clients)
    }

    fn on_arrival(&mut self, from: NodeId, _: &mut Clients<'_>) -> Orders {
        let _ = self.state.waiting.remove(&from);
        self.state.missing -= 1;
        if self.state.missing == 0 || self.state.waiting.is_empty() { self.close() } else { Orders::wait() }
    }

    fn on_lost(&mut self, client: NodeId, _: &mut Clients<'_>) -> Orders {
        let _ = self.state.waiting.remove(&client);
        if self.state.waiting.is_empty() { self.close() } else { Orders::wait() }
    }

    fn on_timer(&mut self, key: u64, _: &mut Clients<'_>) -> Orders {
        if key == self.state.round { self.close() } else { Orders::wait() }
    }

    fn weight(&self, client: NodeId) -> f64 {
        self.state.weights.get(&client).copied().unwrap_or(1.0)
    }
}
