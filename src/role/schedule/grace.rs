//! Grace periods: who comes in shortly after another starts again together with it.

use serde::{Deserialize, Serialize};

use super::{Next, Roster, Schedule, Wake, recall::call_or_wait};
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

    fn call(&mut self, clients: Vec<NodeId>, next: &mut Next, roster: &mut Roster<'_>) {
        for client in clients {
            call_or_wait(client, Key::Client(client).code(), self.idle, next, roster);
        }
        self.at_work += next.call.len();
    }

    fn end_period(&mut self, next: &mut Next, roster: &mut Roster<'_>) {
        self.periods += 1;
        let waiting = std::mem::take(&mut self.waiting);
        self.call(waiting, next, roster);
    }

    /// A client is in, with or without an update.
    fn enter(&mut self, client: NodeId, mut next: Next, roster: &mut Roster<'_>) -> Next {
        self.at_work -= 1;
        self.waiting.push(client);
        if self.at_work == 0 {
            self.end_period(&mut next, roster);
        } else if self.waiting.len() == 1 {
            next.wake.push(Wake::Settle { after: self.seconds, key: Key::Period(self.periods).code() });
        }
        next
    }
}

impl Schedule for Grace {
    fn start(&mut self, roster: &mut Roster<'_>) -> Next {
        let mut next = Next::wait();
        self.call(roster.holders(), &mut next, roster);
        next
    }

    fn on_arrival(&mut self, from: NodeId, roster: &mut Roster<'_>) -> Next {
        self.collected += 1;
        let apply = self.collected == self.buffer;
        if apply {
            self.collected = 0;
        }
        self.enter(from, Next { apply, ..Next::default() }, roster)
    }

    fn on_lost(&mut self, client: NodeId, roster: &mut Roster<'_>) -> Next {
        self.enter(client, Next::wait(), roster)
    }

    fn on_timer(&mut self, key: u64, roster: &mut Roster<'_>) -> Next {
        let mut next = Next::wait();
        match Key::of(key) {
            Key::Period(period) if period == self.periods => self.end_period(&mut next, roster),
            Key::Period(_) => {}
            Key::Client(client) => self.call(vec![client], &mut next, roster),
        }
        next
    }
}
