//! Continuous schedules: a constant number of clients at work, each replaced as it answers.

use serde::{Deserialize, Serialize};

use super::{BufferedSpec, Next, Replace, Roster, Schedule, Wake, cohort, recall::call_or_wait};
use crate::engine::NodeId;

/// Keys of wake-ups: the end of an instant, a place without a client, or else the client to call (offset by two).
const END_OF_INSTANT: u64 = 0;
const VACANT: u64 = 1;

fn key_of(client: NodeId) -> u64 {
    client as u64 + 2
}

/// Applies every `size` arrivals; a client that has answered is replaced at once.
///
/// `size = 1` is the fully asynchronous server (FedAsync); larger sizes are FedBuff's buffer. At the end of an epoch what is left in
/// the buffer is applied, too.
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
    fn refill(&mut self, client: NodeId, next: &mut Next, roster: &mut Roster<'_>) {
        if self.replace == Replace::Same && !roster.is_called(client) {
            call_or_wait(client, key_of(client), self.idle, next, roster);
        } else {
            self.fill(next, roster);
        }
    }

    /// Draws a client for a vacant place, which waits where nobody is available.
    fn fill(&mut self, next: &mut Next, roster: &mut Roster<'_>) {
        self.draws += 1;
        let round = roster.pseudo_round(self.idle);
        match cohort::draw_uniform(1, round, self.draws, roster).first() {
            Some(&drawn) => {
                let _ = roster.called.insert(drawn);
                next.call.push(drawn);
            }
            None => next.wake.push(Wake::Timer { after: self.idle, key: VACANT }),
        }
    }

    fn replace_now_or_later(&mut self, client: NodeId, mut next: Next, roster: &mut Roster<'_>) -> Next {
        if self.batch_ties {
            if self.idle_clients.is_empty() {
                next.wake.push(Wake::Settle { after: 0.0, key: END_OF_INSTANT });
            }
            self.idle_clients.push(client);
        } else {
            self.refill(client, &mut next, roster);
        }
        next
    }
}

impl Schedule for Continuous {
    fn start(&mut self, roster: &mut Roster<'_>) -> Next {
        let holders = roster.holders();
        let count = self.concurrency.unwrap_or(roster.clients).min(holders.len());
        let mut next = Next::wait();
        match self.replace {
            Replace::Same if count == holders.len() => {
                for client in holders {
                    call_or_wait(client, key_of(client), self.idle, &mut next, roster);
                }
            }
            Replace::Same | Replace::Random => {
                next.call = cohort::draw_uniform(count, 0, 0, roster);
                let vacant = Wake::Timer { after: self.idle, key: VACANT };
                next.wake.resize(count - next.call.len(), vacant);
            }
        }
        next
    }

    fn on_arrival(&mut self, from: NodeId, roster: &mut Roster<'_>) -> Next {
        self.collected += 1;
        self.arrivals += 1;
        let apply = self.collected == self.size || self.epoch.is_some_and(|epoch| self.arrivals.is_multiple_of(epoch));
        if apply {
            self.collected = 0;
        }
        self.replace_now_or_later(from, Next { apply, ..Next::default() }, roster)
    }

    fn on_lost(&mut self, client: NodeId, roster: &mut Roster<'_>) -> Next {
        self.replace_now_or_later(client, Next::wait(), roster)
    }

    fn on_timer(&mut self, key: u64, roster: &mut Roster<'_>) -> Next {
        let mut next = Next::wait();
        match key {
            END_OF_INSTANT => {
                for client in std::mem::take(&mut self.idle_clients) {
                    self.refill(client, &mut next, roster);
                }
            }
            VACANT => self.fill(&mut next, roster),
            client => self.refill(client as usize - 2, &mut next, roster),
        }
        next
    }
}
