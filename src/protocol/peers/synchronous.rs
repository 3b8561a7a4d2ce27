//! Iterations in lockstep with those a node meets.

use std::sync::Arc;

use super::{Barrier, Neighbourhood, Node, TimeVaryingGraph, TimeVaryingGraphSpec};
use crate::{num::Real, protocol::Payload, random::Streams};

/// One phase of messages: an iteration has one or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// The iteration.
    pub t: u64,
    /// Which phase of the iteration, 0 or 1.
    pub part: u64,
}

impl Phase {
    /// The first phase of iteration `t`.
    pub fn first(t: u64) -> Self {
        Self { t, part: 0 }
    }

    /// The second phase of iteration `t`.
    pub fn second(t: u64) -> Self {
        Self { t, part: 1 }
    }

    fn tag(self) -> u64 {
        2 * self.t + self.part
    }
}

/// Whom nodes meet in each iteration; they send to all of these, and wait for all that they should hear.
#[derive(Debug)]
pub struct Synchronous {
    contacts: TimeVaryingGraph,
}

impl Synchronous {
    /// Synchronous with these contacts.
    pub fn new(contacts: TimeVaryingGraphSpec, streams: Streams) -> Self {
        Self { contacts: contacts.build(streams) }
    }

    /// Whether a node meets the same ones in every iteration.
    pub fn is_static(&self) -> bool {
        self.contacts.is_static()
    }

    /// The neighbourhood of a node in iteration `t`, which its `barrier` remembers.
    pub fn neighbourhood<'b, R: Real>(&self, t: u64, barrier: &'b mut Barrier<R>, node: &Node<'_, R>) -> &'b Neighbourhood {
        let t = if self.is_static() { 0 } else { t };
        barrier.neighbourhood(t, |neighbourhood| self.contacts.meet(node.topology(), node.id, t, neighbourhood))
    }

    /// Sends the same message to all that the node meets.
    pub fn share<R: Real>(&self, phase: Phase, payload: Payload<R>, barrier: &mut Barrier<R>, node: &mut Node<'_, R>) {
        let (payload, bits) = node.pack(phase.part as usize, Arc::new(payload));
        self.share_sized(phase, payload, bits, barrier, node);
    }

    /// As [`share`](Self::share), for contents that take `bits` [bit] on the wire.
    pub fn share_sized<R: Real>(
        &self,
        phase: Phase,
        payload: Arc<Payload<R>>,
        bits: u64,
        barrier: &mut Barrier<R>,
        node: &mut Node<'_, R>,
    ) {
        for &to in &self.neighbourhood(phase.t, barrier, node).to {
            node.send_sized(to, phase.tag(), Arc::clone(&payload), bits);
        }
    }

    /// Gathers the messages of an phase at the barrier, once all are there; says whether they are.
    pub fn gather<R: Real>(&self, phase: Phase, barrier: &mut Barrier<R>, node: &Node<'_, R>) -> bool {
        let _ = self.neighbourhood(phase.t, barrier, node);
        barrier.gather(phase.tag())
    }
}
