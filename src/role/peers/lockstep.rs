//! Iterations in lockstep with those a node meets.

use std::sync::Arc;

use super::{Barrier, Contacts, ContactsSpec, Meeting, Node};
use crate::{num::Real, random::Streams, role::Payload};

/// One exchange of messages: an iteration has one or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The iteration.
    pub t: u64,
    /// Which exchange of the iteration, 0 or 1.
    pub part: u64,
}

impl Exchange {
    /// The first exchange of iteration `t`.
    pub fn first(t: u64) -> Self {
        Self { t, part: 0 }
    }

    /// The second exchange of iteration `t`.
    pub fn second(t: u64) -> Self {
        Self { t, part: 1 }
    }

    fn stamp(self) -> u64 {
        2 * self.t + self.part
    }
}

/// Whom nodes meet in each iteration; they send to all of these, and wait for all that they should hear.
#[derive(Debug)]
pub struct Lockstep {
    contacts: Contacts,
}

impl Lockstep {
    /// Lockstep with these contacts.
    pub fn new(contacts: ContactsSpec, streams: Streams) -> Self {
        Self { contacts: contacts.build(streams) }
    }

    /// Whether a node meets the same ones in every iteration.
    pub fn is_static(&self) -> bool {
        self.contacts.is_static()
    }

    /// The meeting of a node in iteration `t`, which its `barrier` remembers.
    pub fn meeting<'b, R: Real>(&self, t: u64, barrier: &'b mut Barrier<R>, node: &Node<'_, R>) -> &'b Meeting {
        let t = if self.is_static() { 0 } else { t };
        barrier.meeting(t, |meeting| self.contacts.meet(node.topology(), node.id, t, meeting))
    }

    /// Sends the same message to all that the node meets.
    pub fn share<R: Real>(&self, exchange: Exchange, payload: Payload<R>, barrier: &mut Barrier<R>, node: &mut Node<'_, R>) {
        let (payload, bits) = node.pack(exchange.part as usize, Arc::new(payload));
        self.share_sized(exchange, payload, bits, barrier, node);
    }

    /// As [`share`](Self::share), for contents that take `bits` [bit] on the wire.
    pub fn share_sized<R: Real>(
        &self,
        exchange: Exchange,
        payload: Arc<Payload<R>>,
        bits: u64,
        barrier: &mut Barrier<R>,
        node: &mut Node<'_, R>,
    ) {
        for &to in &self.meeting(exchange.t, barrier, node).to {
            node.send_sized(to, exchange.stamp(), Arc::clone(&payload), bits);
        }
    }

    /// Gathers the messages of an exchange at the barrier, once all are there; says whether they are.
    pub fn gather<R: Real>(&self, exchange: Exchange, barrier: &mut Barrier<R>, node: &Node<'_, R>) -> bool {
        let _ = self.meeting(exchange.t, barrier, node);
        barrier.gather(exchange.stamp())
    }
}
