//! Continuous schedules: a constant number of clients at work, each replaced as it answers.

use serde::{Deserialize, Serialize};

use super::{BufferedSpec, Clients, Orders, Replace, Schedule, Wake, cohort};
use crate::engine::NodeId;

/// Keys of wake-ups: the end of an instant, a place without a client, or else the client to call (offset by two).
const END_OF_INSTANT: u64 = 0;
const VACANT: u64 = 1;

fn key_of(client: NodeId) -> u64 {
    client as u64 + 2
}

/// Applies every `size` arrivals; a client that has answered is replaced at once.
///
/// `size = 1` is the fully asynchronous server (FedAsync); larger sizes are FedBuff's buffer. At the end of an epoch the server
/// applies the rest of the buffer, too.
#[derive(Debug, Serialize, Deserialize)]
pub struct Continuous {
    size: usize,
    /// Arrivals of an epoch, at whose end the buffer is applied though it is not full.
    epoch: Option<u64>,
    concurrency: Option<usize>,
    replace: Replace,
    /// Whether arrivals of one instant are all consumed before anyone is called again.
    batch_ties: bool,
    /// Pause before looking again for a client when none is available [s].
    idle: f64,
    collected: usize,
    arrivals: u64,
    /// Draws of replacements so far.
    draws: u64,
    /// Clients (or places, when replaced at random) to be called at the end of the instant.
    idle_clients: Vec<NodeId>,
}

impl Continuous {
    /// A schedule that has not begun.
    pub fn new(spec: &BufferedSpec) -> Self {
        let BufferedSpec { size, epoch, concurrency, batch_ties, idle, .. } = *spec;
        let (replace, idle_clients) = (spec.replace.unwrap_or_default(), Vec::new());
        Self { size, epoch, concurrency, replace, batch_ties, idle, collected: 0, arrivals: 0, draws: 0, idle_clients }
    }

    /// Calls somebody in the place of `client`. One who has been given another place meanwhile leaves this one vacant.
    fn refill(&mut self, client: NodeId, orders: &mut Orders, clients: &mut Clients<'_>) {
        if self.replace == Replace::Same && !clients.is_called(client) {
            clients.call_or_wait(client, key_of(client), self.idle, orders);
        } else {
            self.fill(orders, clients);
        }
    }

    /// Draws a client for a vacant place, which waits where nobody is available.
    fn fill(&mut self, orders: &mut Orders, clients: &mut Clients<'_>) {
        self.draws += 1;
        let round = clients.pseudo_round(self.idle);
        match cohort::draw_uniform(1, round, self.draws, clients).first() {
            Some(&drawn) => {
                let _ = clients.called.insert(drawn);
                orders.call.push(drawn);
            }
            None => orders.wake.push(Wake::Timer { after: self.idle, key: VACANT }),
        }
    }

    fn replace_now_or_later(&mut self, client: NodeId, mut orders: Orders, clients: &mut Clients<'_>) -> Orders {
        if self.batch_ties {
            if self.idle_clients.is_empty() {
                orders.wake.push(Wake::Settle { after: 0.0, key: END_OF_INSTANT });
            }
            self.idle_clients.push(client);
        } else {
            self.refill(client, &mut orders, clients);
        }
        orders
    }
}

impl Schedule for Continuous {
    fn start(&mut self, clients: &mut Clients<'_>) -> Orders {
        let holders = clients.holders();
        let count = self.concurrency.unwrap_or(clients.clients).min(holders.len());
        let mut orders = Orders::wait();
        match self.replace {
            Replace::Same if count == holders.len() => {
                for client in holders {
                    clients.call_or_wait(client, key_of(client), self.idle, &mut orders);
                }
            }
            Replace::Same | Replace::Random => {
                orders.call = cohort::draw_uniform(count, 0, 0, clients);
                let vacant = Wake::Timer { after: self.idle, key: VACANT };
                orders.wake.resize(count - orders.call.len(), vacant);
            }
        }
        orders
    }

    fn on_arrival(&mut self, from: NodeId, clients: &mut Clients<'_>) -> Orders {
        self.collected += 1;
        self.arrivals += 1;
        let apply = self.collected == self.size || self.epoch.is_some_and(|epoch| self.arrivals.is_multiple_of(epoch));
        if apply {
            self.collected = 0;
        }
        self.replace_now_or_later(from, Orders { apply, ..Orders::default() }, clients)
    }

    fn on_lost(&mut self, client: NodeId, clients: &mut Clients<'_>) -> Orders {
        self.replace_now_or_later(client, Orders::wait(), clients)
    }

    fn on_timer(&mut self, key: u64, clients: &mut Clients<'_>) -> Orders {
        let mut orders = Orders::wait();
        match key {
            END_OF_INSTANT => {
                for client in std::mem::take(&mut self.idle_clients) {
                    self.refill(client, &mut orders, clients);
                }
            }
            VACANT => self.fill(&mut orders, clients),
            client => self.refill(client as usize - 2, &mut orders, clients),
        }
        orders
    }
}
