//! Wake-ups of nodes, and messages that wait for nodes that are down.

use serde::{Deserialize, Serialize};

use crate::engine::{Control, NodeId, Protocol, sparse_map::SparseMap};

/// Messages that wait for nodes that are down, by node, in the order in which they came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Mailbox<T> {
    messages: SparseMap<Vec<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { messages: SparseMap::default() }
    }
}

impl<T> Mailbox<T> {
    /// Keeps a message; returns whether it is the first that waits for `node`, which must then be woken when it is back.
    pub fn keep(&mut self, node: NodeId, message: T) -> bool {
        let waiting = self.messages.entry(node);
        waiting.push(message);
        waiting.len() == 1
    }

    /// All messages that have waited for `node`.
    pub fn take(&mut self, node: NodeId) -> Vec<T> {
        self.messages.remove(node).unwrap_or_default()
    }
}

/// The purpose of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A wake-up of the method.
    Timer,
    /// A wake-up of the method at the end of an instant.
    Settle,
    /// The node is back, and messages to it or from it have waited.
    Message,
    /// A round in which the node does not take part is over for it.
    Rest,
}

/// The key of a [`Kind::Message`] for messages from the node; 0 for messages to it.
pub(super) const OUTGOING: u32 = 1;

/// A timer of the engine, packed into its key: node, kind, and the method's own key below 2³⁰.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wake {
    pub node: NodeId,
    pub kind: Kind,
    pub key: u32,
}

impl Wake {
    const KEY_BITS: u32 = 30;

    /// The key of the timer.
    pub fn pack(self) -> u64 {
        debug_assert!(self.key < 1 << Self::KEY_BITS, "keys of wake-ups lie below 2^30");
        (self.node as u64) << 32 | (self.kind as u64) << Self::KEY_BITS | u64::from(self.key)
    }

    /// The wake-up of a key.
    pub fn unpack(packed: u64) -> Self {
        let kind = [Kind::Timer, Kind::Settle, Kind::Message, Kind::Rest][(packed >> Self::KEY_BITS & 3) as usize];
        Self { node: (packed >> 32) as usize, kind, key: packed as u32 & ((1 << Self::KEY_BITS) - 1) }
    }

    /// Sets the timer to `time` [s].
    pub fn order<P: Protocol>(self, time: f64, control: &mut Control<'_, P>) {
        match self.kind {
            Kind::Settle => control.settle_at(time, self.pack()),
            Kind::Timer | Kind::Message | Kind::Rest => control.timer_at(time, self.pack()),
        }
    }
}
