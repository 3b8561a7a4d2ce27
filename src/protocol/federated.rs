//! Clients around a server.
//!
//! One visit of a client: the schedule calls it → the server sends it the model → the message travels →
//! the client [computes](ClientUpdate::update) on that message and on its memory → its upload travels → the
//! server collects it with its staleness → the schedule says when to [apply](ServerUpdate::apply) the collected uploads.
//!
//! A client's memory changes when the server accepts its upload: lost, cancelled or rejected work leaves no trace, unless the
//! scenario asks for the [fault](super::spec::Commit::Sent).

mod apply;
mod client_stats;
mod compressors;
mod plan;
mod protocol;
mod secure;
mod state;
mod visit;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use apply::{Apply, ServerParts, ServerState, weighted_sum};
pub use compressors::Compressors;
pub use plan::{Plan, exchange::Exchange};
pub use protocol::Federated;
pub use secure::{Grid, SecureSpec};
pub use state::Participation;
pub use visit::{Downlink, Job, Message, Upload};

pub use super::observed::StateVector;

use crate::{
    engine::{NodeId, Snapshot, shared},
    num::Real,
    protocol::{Local, Payload},
};

/// The client half of a method: a pure function of the message down, of the client's memory and of its visit.
pub trait ClientUpdate<R: Real>: Send + Sync {
    /// Stochastic gradients that a visit evaluates after the message `down`. They take the client's time: a gradient is as long as a step.
    fn gradients(&self, down: &Payload<R>, work: Workload) -> usize {
        let _ = down;
        work.steps
    }

    /// Computes the upload and the client's new memory. `memory` is empty on the first visit.
    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R>;

    /// The names, in the paper, of the vectors that a client remembers, in their order.
    fn remembers(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The work of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// Local steps.
    pub steps: usize,
    /// Mini-batches in one pass over the client's samples.
    pub pass: usize,
}

/// The result of a client half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Update<R> {
    /// The upload. Its vectors are descent directions: a client returns `x_received − x_local`.
    pub up: Payload<R>,
    /// The client's memory for its next visit; `None` leaves it as it is.
    pub memory: Option<Payload<R>>,
}

impl<R> Update<R> {
    /// An upload of a client that remembers nothing.
    pub fn stateless(up: Payload<R>) -> Self {
        Self { up, memory: None }
    }
}

/// The server half of a method. Its fields are its state and are saved with a run; the protocol keeps the model that clients receive.
pub trait ServerUpdate<R: Real>: Snapshot + Send + Sync {
    /// Applies the collected uploads, in order of arrival, to the `model` that clients receive: its first vector is the iterate
    /// `x`, shape `[d]`. The batch is empty when a round passes without anybody.
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>);

    /// The personal model of `client`, which it receives in place of the shared one; `None` where all receive the same.
    fn personal(&self, client: NodeId) -> Option<&Arc<Payload<R>>> {
        let _ = client;
        None
    }

    /// Names of the vectors that clients receive after `x`.
    fn sent(&self) -> &'static [&'static str] {
        &[]
    }

    /// Versions that passed before the method began to step: schedules of step sizes do not count them.
    fn waited(&self) -> u64 {
        0
    }

    /// The log evidence for the model and its features, where the method knows it.
    fn evidence(&self) -> Option<f64> {
        None
    }

    /// The vectors that the server remembers and does not send, for inspection.
    fn state_vectors(&self) -> Vec<StateVector<'_, R>> {
        Vec::new()
    }
}

/// An upload that the server has accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Arrived<R> {
    /// The client whose samples it comes from.
    pub from: NodeId,
    /// The upload, as it came out of the uplink.
    pub up: Payload<R>,
    /// The message that the client had received, by which stale work can be compared with its origin.
    #[serde(with = "shared")]
    pub down: Arc<Payload<R>>,
    /// Server versions between the download and the arrival (0 when fresh).
    pub staleness: u64,
    /// Staleness weight [1].
    pub weight: f64,
    /// Local steps taken.
    pub steps: usize,
    /// Sum of the local step sizes.
    pub total_lr: f64,
}

impl<R> Arrived<R> {
    /// `1 / Σ lr`, which turns an update into the mean direction of its steps; 0 where all step sizes were 0.
    pub fn per_lr(&self) -> f64 {
        if self.total_lr > 0.0 { self.total_lr.recip() } else { 0.0 }
    }
}
