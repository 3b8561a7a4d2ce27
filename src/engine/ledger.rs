//! What a run has spent.

use serde::{Deserialize, Serialize};

/// Traffic and work so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Bits that clients (or peers) have sent [bit].
    pub uplink_bits: u64,
    /// Bits that clients (or peers) were sent [bit].
    pub downlink_bits: u64,
    /// Local steps completed, each with one stochastic gradient.
    pub gradients: u64,
    /// Client visits completed.
    pub visits: u64,
    /// Events lost to departures, failures and lossy links.
    pub lost: u64,
}

impl Ledger {
    /// Adds what `other` has spent.
    pub fn add(&mut self, other: &Self) {
        let Self { uplink_bits, downlink_bits, gradients, visits, lost } = other;
        self.uplink_bits += uplink_bits;
        self.downlink_bits += downlink_bits;
        self.gradients += gradients;
        self.visits += visits;
        self.lost += lost;
    }
}
