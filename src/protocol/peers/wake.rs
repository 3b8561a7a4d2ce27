//! What the timers of nodes are for.

use crate::engine::{Control, NodeId, Protocol};

/// What a timer of the engine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A wake-up of the method.
    Timer,
    /// A wake-up of the method at the end of an instant.
    Settle,
    /// A node is back and has message, to hear or to send.
    Message,
    /// A round in which a node does not take part is over for it.
    Rest,
}

/// The key of a [`Kind::Message`] for what a node that is back has to send, beside 0 for what it has to hear.
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

    /// What a key stands for.
    pub fn unpack(packed: u64) -> Self {
        let kind = match packed >> Self::KEY_BITS & 3 {
            0 => Kind::Timer,
            1 => Kind::Settle,
            2 => Kind::Message,
            _ => Kind::Rest,
        };
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
