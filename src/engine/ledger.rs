//! What a run has spent.

use serde::{Deserialize, Serialize};

use super::{NodeId, SERVER};

/// Traffic and work so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Bits that clients (or peers) have sent, counted as a message leaves [bit].
    pub uplink_bits: u64,
    /// Bits that have reached clients (or peers), or were lost on their way, counted as a message arrives [bit].
    pub downlink_bits: u64,
    /// Stochastic gradients computed, those of visits that were lost or called off included.
    pub gradients: u64,
    /// Those of them whose results were taken up.
    pub gradients_used: u64,
    /// Energy of the local steps computed [J]; 0 where it is not known.
    pub energy: f64,
    /// Client visits completed.
    pub visits: u64,
    /// Events lost to departures, failures and lossy links.
    pub lost: u64,
}

impl Ledger {
    /// `from` has sent a message of `bits` [bit].
    #[inline]
    pub(super) fn dispatch(&mut self, from: NodeId, bits: u64) {
        self.uplink_bits += if from == SERVER { 0 } else { bits };
    }

    /// A message of `bits` [bit] has reached `to`, or is lost.
    #[inline]
    pub(super) fn deliver(&mut self, to: NodeId, bits: u64) {
        self.downlink_bits += if to == SERVER { 0 } else { bits };
    }

    /// Adds what `other` has spent.
    pub fn add(&mut self, other: &Self) {
        let Self { uplink_bits, downlink_bits, gradients, gradients_used, energy, visits, lost } = other;
        self.uplink_bits += uplink_bits;
        self.downlink_bits += downlink_bits;
        self.gradients += gradients;
        self.gradients_used += gradients_used;
        self.energy += energy;
        self.visits += visits;
        self.lost += lost;
    }
}
