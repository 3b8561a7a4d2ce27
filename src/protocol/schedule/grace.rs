//! Grace periods: who comes in shortly after another starts again together with it.

use serde::{Deserialize, Serialize};

use super::{Clients, Orders, Schedule, Wake};
use crate::engine::NodeId;

/// Applies every `buffer` arrivals. The first arrival opens a period of `seconds`; when it ends, or when nobody is at
/// work any more, all who are in start again from the same, newest model.
///
/// Liu et al., "Asynchronous Local-SGD Training for Language Modeling", arXiv 2401.09135. Without a period this is the
/// fully asynchronous server, with an endless one synchronous rounds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Grace {
    seconds: f64,
    buffer: usize,
    idle: f64,
    /// Clients that are in.
    waiting: Vec<NodeId>,
    at_work: usize,
    /// Arrivals since the server last acted.
    collected: usize,
    /// Periods so far; ends of earlier ones are ignored.
    periods: u64,
}

/// A wake-up: at the end of a period, or to call one client.
enum Key {
    Period(u64),
    Client(NodeId),
}

impl Key {
    fn code(&self) -> u64 {
        match *self {
            Self::Period(period) => 2 * period,
            Self::Client(client) => 2 * client as u64 + 1,
        }
    }

    fn of(code: u64) -> Self {
        if code.is_multiple_of(2) { Self::Period(code / 2) } else { Self::Client((code / 2) as usize) }
    }
}

impl Grace {
    /// A schedule that has not begun.
    pub fn new(seconds: f64, buffer: usize, idle: f64) -> Self {
        Self { seconds, buffer, idle, waiting: Vec::new(), at_work: 0, collected: 0, periods: 0 }
    }

    fn call(&mut self, called: Vec<NodeId>, orders: &mut Orders, clients: &mut Clients<'_>) {
        for client in called {
            clients.call_or_wait(client, Key::Client(client).code(), self.idle, orders);
        }
        self.at_work += orders.call.len();
    }

    fn end_period(&mut self, orders: &mut Orders, clients: &mut Clients<'_>) {
        self.periods += 1;
        let waiting = std::mem::take(&mut self.waiting);
        self.call(waiting, orders, clients);
    }

    /// A client is in, with or without an update.
    fn enter(&mut self, client: NodeId, mut orders: Orders, clients: &mut Clients<'_>) -> Orders {
        self.at_work -= 1;
        self.waiting.push(client);
        if self.at_work == 0 {
            self.end_period(&mut orders, clients);
        } else if self.waiting.len() == 1 {
            orders.wake.push(Wake::Settle { after: self.seconds, key: Key::Period(self.periods).code() });
        }
        orders
    }
}

impl Schedule for Grace {
    fn start(&mut self, clients: &mut Clients<'_>) -> Orders {
        let mut orders = Orders::wait();
        self.call(clients.holders(), &mut orders, clients);
        orders
    }

    fn on_arrival(&mut self, from: NodeId, clients: &mut Clients<'_>) -> Orders {
        self.collected += 1;
        let apply = self.collected == self.buffer;
        if apply {
            self.collected = 0;
        }
        self.enter(from, Orders { apply, ..Orders::default() }, clients)
    }

    fn on_lost(&mut self, client: NodeId, clients: &mut Clients<'_>) -> Orders {
        self.enter(client, Orders::wait(), clients)
    }

    fn on_timer(&mut self, key: u64, clients: &mut Clients<'_>) -> Orders {
        let mut orders = Orders::wait();
        match Key::of(key) {
            Key::Period(period) if period == self.periods => self.end_period(&mut orders, clients),
            Key::Period(_) => {}
            Key::Client(client) => self.call(vec![client], &mut orders, clients),
        }
        orders
    }
}
