//! Fixed time windows (FedFix).

use serde::{Deserialize, Serialize};

use super::{Next, Roster, Schedule, Wake};
use crate::engine::NodeId;

/// Every `seconds`, applies what has arrived since and calls those who delivered; the others go on with their old model.
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

    fn tick(&self, roster: &Roster<'_>) -> Wake {
        let windows = (roster.now / self.seconds).round() + 1.0;
        Wake::Settle { after: windows * self.seconds - roster.now, key: 0 }
    }
}

impl Schedule for Window {
    fn start(&mut self, roster: &mut Roster<'_>) -> Next {
        self.delivered = roster.holders();
        self.after_step(roster)
    }

    fn on_arrival(&mut self, from: NodeId, _: &mut Roster<'_>) -> Next {
        self.delivered.push(from);
        Next::wait()
    }

    fn on_lost(&mut self, client: NodeId, _: &mut Roster<'_>) -> Next {
        self.delivered.push(client);
        Next::wait()
    }

    fn on_timer(&mut self, _: u64, _: &mut Roster<'_>) -> Next {
        Next { apply: true, ..Next::default() }
    }

    fn after_step(&mut self, roster: &mut Roster<'_>) -> Next {
        let mut call = Vec::new();
        let mut absent = Vec::new();
        for client in std::mem::take(&mut self.delivered) {
            let up = roster.is_available(client, roster.version);
            if up { &mut call } else { &mut absent }.push(client);
        }
        self.delivered = absent;
        Next { call, wake: vec![self.tick(roster)], ..Next::default() }
    }
}
