//! Groups: those who come first wait for each other and start again together.

use serde::{Deserialize, Serialize};

use super::{Clients, Orders, Schedule};
use crate::engine::NodeId;

/// Applies whenever `size` clients are in, and calls exactly those again; the others go on with their old model.
///
/// The reading of FedBuff in Fraboni, Vidal, Kameni and Lorenzi, "A General Theory for Federated Optimization with
/// Asynchronous and Heterogeneous Clients Updates", JMLR 2023, arXiv 2206.10189.
#[derive(Debug, Serialize, Deserialize)]
pub struct Group {
    size: usize,
    /// Pause before looking again for a client whose return is not known [s].
    idle: f64,
    /// Clients that are in and wait for the group to be complete.
    waiting: Vec<NodeId>,
    /// Clients that have been called and have not answered.
    at_work: usize,
}

impl Group {
    /// A schedule that has not begun.
    pub fn new(size: usize, idle: f64) -> Self {
        Self { size, idle, waiting: Vec::new(), at_work: 0 }
    }

    fn call(&mut self, called: Vec<NodeId>, orders: &mut Orders, clients: &mut Clients<'_>) {
        for client in called {
            clients.call_or_wait(client, client as u64, self.idle, orders);
        }
        self.at_work += orders.call.len();
    }

    /// Applies the group once it is complete. One that nobody at work can complete any more closes with those who are in.
    fn close_if_complete(&mut self, orders: &mut Orders, clients: &mut Clients<'_>) {
        if self.waiting.len() >= self.size || (self.at_work == 0 && !self.waiting.is_empty()) {
            orders.apply = true;
            let group = std::mem::take(&mut self.waiting);
            self.call(group, orders, clients);
        }
    }
}

impl Schedule for Group {
    fn start(&mut self, clients: &mut Clients<'_>) -> Orders {
        let mut orders = Orders::wait();
        self.call(clients.holders(), &mut orders, clients);
        orders
    }

    fn on_arrival(&mut self, from: NodeId, clients: &mut Clients<'_>) -> Orders {
        self.at_work -= 1;
        self.waiting.push(from);
        let mut orders = Orders::wait();
        self.close_if_complete(&mut orders, clients);
        orders
    }

    fn on_lost(&mut self, client: NodeId, clients: &mut Clients<'_>) -> Orders {
        self.at_work -= 1;
        let mut orders = Orders::wait();
        self.call(vec![client], &mut orders, clients);
        self.close_if_complete(&mut orders, clients);
        orders
    }

    fn on_timer(&mut self, key: u64, clients: &mut Clients<'_>) -> Orders {
        let mut orders = Orders::wait();
        self.call(vec![key as usize], &mut orders, clients);
        orders
    }
}
