//! Fixed time windows (FedFix).

use serde::{Deserialize, Serialize};

use super::{Clients, Orders, Schedule, Wake};
use crate::engine::NodeId;

/// Every `seconds`, applies the updates that have arrived since and calls their senders; the others go on with their old model.
///
/// Fraboni, Vidal, Kameni and Lorenzi, "A General Theory for Federated Optimization with Asynchronous and Heterogeneous
/// Clients Updates", JMLR 2023, arXiv 2206.10189.
#[derive(Debug, Serialize, Deserialize)]
pub struct Window {
    seconds: f64,
    /// Clients to call at the end of the window.
    delivered: Vec<NodeId>,
}

impl Window {
    /// Windows of this length [s].
    pub fn new(seconds: f64) -> Self {
        Self { seconds, delivered: Vec::new() }
    }

    fn tick(&self, clients: &Clients<'_>) -> Wake {
        let windows = (clients.now / self.seconds).round() + 1.0;
        Wake::Settle { after: windows * self.seconds - clients.now, key: 0 }
    }
}

impl Schedule for Window {
    fn start(&mut self, clients: &mut Clients<'_>) -> Orders {
        self.delivered = clients.holders();
        self.after_step(clients)
    }

    fn on_arrival(&mut self, from: NodeId, _: &mut Clients<'_>) -> Orders {
        self.delivered.push(from);
        Orders::wait()
    }

    fn on_lost(&mut self, client: NodeId, _: &mut Clients<'_>) -> Orders {
        self.delivered.push(client);
        Orders::wait()
    }

    fn on_timer(&mut self, _: u64, _: &mut Clients<'_>) -> Orders {
        Orders { apply: true, ..Orders::default() }
    }

    fn after_step(&mut self, clients: &mut Clients<'_>) -> Orders {
        let mut call = Vec::new();
        let mut absent = Vec::new();
        for client in std::mem::take(&mut self.delivered) {
            let up = clients.is_available(client, clients.version);
            if up { &mut call } else { &mut absent }.push(client);
        }
        self.delivered = absent;
        Orders { call, wake: vec![self.tick(clients)], ..Orders::default() }
    }
}
