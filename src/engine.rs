//! The engine: virtual time, order, messages and jobs in flight. It knows nothing of learning.
//!
//! A [`Protocol`] is a deterministic state machine. The engine pops the next event, hands it to the protocol, and the
//! protocol answers with orders through [`Control`]: compute, send, wake me. Computations are pure jobs that run when a
//! result is first needed, many at once ([`jobs`]); nothing but their start and length is known to the clock.

pub mod jobs;
mod ledger;
mod protocol;
pub mod queue;
pub mod shared;
mod snapshot;
pub mod sparse_map;

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

pub use jobs::Workers;
pub use ledger::{AtWork, Ledger};
pub use protocol::{
    Protocol,
    control::{Control, Delivery, Finish, Physics},
};
pub use snapshot::{Snapshot, read};

use protocol::control::Core;

/// A client, a peer, or the [`SERVER`].
pub type NodeId = usize;

/// The node that is not a client.
pub const SERVER: NodeId = usize::MAX;

/// Something that happens at an instant.
#[derive(Debug, Serialize, Deserialize)]
pub enum Event<M> {
    /// A message reaches its receiver.
    Message {
        /// Sender.
        from: NodeId,
        /// Receiver.
        to: NodeId,
        /// Contents.
        message: M,
        /// Size [bit].
        bits: u64,
    },
    /// A node has finished the job in this slot.
    Computed {
        /// The node.
        node: NodeId,
        /// Where the job is kept.
        slot: usize,
    },
    /// A node has left or failed in mid-work; the job in this slot is lost.
    Lost {
        /// The node.
        node: NodeId,
        /// Where the job is kept.
        slot: usize,
    },
    /// A message was lost on its way; its sender learns of it now.
    Dropped {
        /// Sender.
        from: NodeId,
        /// Receiver that never got it.
        to: NodeId,
        /// Contents, for senders that repeat themselves.
        message: M,
        /// Size [bit].
        bits: u64,
    },
    /// A timer of the protocol's own.
    Timer {
        /// The key it was set with.
        key: u64,
    },
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// The watcher said so: a limit was reached.
    Stopped,
    /// Nothing is left to happen in a finite time.
    Idle,
}

/// Looks on while a run goes on: records samples, checks limits, saves checkpoints.
pub trait Watcher<P: Protocol> {
    /// Called before the clock moves to `next` (infinity when nothing is left). Returning `false` ends the run with the
    /// clock at the watcher's [`horizon`](Self::horizon) if that lies before `next`.
    fn before(&mut self, next: f64, engine: &Engine<P>) -> bool;

    /// The last instant of the run [s].
    fn horizon(&self) -> f64 {
        f64::INFINITY
    }
}

/// A run in progress.
pub struct Engine<P: Protocol> {
    protocol: P,
    core: Core<P>,
    started: bool,
}

impl<P: Protocol> Engine<P> {
    /// A run that has not begun.
    pub fn new(protocol: P, physics: Box<dyn Physics>, streams: crate::random::Streams, workers: Workers<P::Scratch>) -> Self {
        Self { protocol, core: Core::new(physics, streams, workers), started: false }
    }

    /// The state machine that runs.
    pub fn protocol(&self) -> &P {
        &self.protocol
    }

    /// Virtual time [s].
    pub fn now(&self) -> f64 {
        self.core.state.clock
    }

    /// Traffic and work so far.
    pub fn ledger(&self) -> &Ledger {
        &self.core.state.ledger
    }

    /// How many clients were at work until `end` [s], after the latest event, in so many `rounds`.
    pub fn at_work(&self, end: f64, rounds: u64) -> AtWork {
        self.core.state.crew.at_work(end, self.core.state.ledger.visits, rounds)
    }

    /// The threads that run jobs.
    pub fn workers(&self) -> &Workers<P::Scratch> {
        &self.core.workers
    }

    /// Runs until the watcher ends it or nothing is left to happen.
    pub fn run(&mut self, watcher: &mut dyn Watcher<P>) -> Ended {
        if !self.started {
            self.started = true;
            self.protocol.start(&mut self.core.control());
        }
        loop {
            let next = self.core.state.queue.next_time().unwrap_or(f64::INFINITY);
            if !watcher.before(next, self) {
                self.core.state.clock = self.core.state.clock.max(watcher.horizon().min(next));
                return Ended::Stopped;
            }
            // What would happen after an infinite time never happens.
            if next.is_infinite() || !self.handle_next() {
                return Ended::Idle;
            }
        }
    }

    /// Handles the next event, unless the job that it is the end of was left in the middle: then the watcher is asked again. `false`
    /// when there is none.
    fn handle_next(&mut self) -> bool {
        let Core { state, workers, .. } = &mut self.core;
        if let Some(&Event::Computed { slot, .. }) = state.queue.peek()
            && !state.jobs.run(slot, &self.protocol, workers)
        {
            return true;
        }
        let Some((time, event)) = self.core.state.queue.pop() else { return false };
        self.core.state.clock = self.core.state.clock.max(time);
        match event {
            Event::Message { from, to, message, bits } => {
                self.core.arrive(from, to, bits);
                self.protocol.on_message(from, to, message, &mut self.core.control());
            }
            Event::Computed { node, slot } => self.computed(node, slot),
            Event::Lost { node, slot } => {
                if self.core.state.jobs.drop_job(slot) {
                    let _ = self.core.break_off(node);
                    self.core.state.ledger.lost += 1;
                    self.protocol.on_lost(node, &mut self.core.control());
                }
            }
            Event::Dropped { from, to, message, bits } => {
                self.core.arrive(from, to, bits);
                self.protocol.on_dropped(from, to, message, &mut self.core.control());
            }
            Event::Timer { key } => self.protocol.on_timer(key, &mut self.core.control()),
        }
        true
    }

    fn computed(&mut self, node: NodeId, slot: usize) {
        let Some((steps, out)) = self.core.state.jobs.finish(slot) else { return };
        self.core.state.nodes.entry(node).work = None;
        self.core.state.release(node);
        self.core.charge(node, steps);
        self.core.state.ledger.visits += 1;
        self.protocol.on_computed(node, out, &mut self.core.control());
    }

    /// Writes the whole run.
    ///
    /// # Errors
    /// When a part of the state cannot be serialised or written.
    pub fn save(&self, out: &mut dyn Write) -> Result<(), postcard::Error> {
        shared::saving(|| {
            self.started.save(out)?;
            self.protocol.save(out)?;
            self.core.state.save(out)
        })
    }

    /// Continues a run where [`save`](Self::save) left it.
    ///
    /// # Errors
    /// When the bytes are not those of a run of the same scenario and version.
    pub fn load(&mut self, input: &mut dyn Read) -> Result<(), postcard::Error> {
        shared::loading(|| {
            self.started.load(input)?;
            self.protocol.load(input)?;
            self.core.state.load(input)
        })
    }
}
