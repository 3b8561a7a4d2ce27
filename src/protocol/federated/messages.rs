//! What the server and its clients send each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{NodeId, shared},
    num::Real,
    protocol::{Memory, Payload},
};

/// A message between the server and a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub enum Message<R> {
    /// The server calls a client.
    Down(Downlink<R>),
    /// A client answers.
    Up(Upload<R>),
}

/// What a called client receives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Downlink<R> {
    /// Number of the call; answers to cancelled calls are ignored.
    pub call: u64,
    /// Server version of what was sent.
    pub version: u64,
    /// What the method broadcasts.
    #[serde(with = "shared")]
    pub down: Arc<Payload<R>>,
}

/// What a client answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub struct Upload<R> {
    /// What the client had been sent.
    pub origin: Downlink<R>,
    /// The client whose samples it worked on.
    pub shard: NodeId,
    /// What the method sends up, as it comes out of the uplink.
    pub up: Payload<R>,
    /// The client's memory once the server accepts, if it changes.
    pub memory: Option<Memory<R>>,
    /// Size on the wire [bit].
    pub bits: u64,
    /// Stochastic gradients that were evaluated.
    pub gradients: usize,
    /// Local steps taken.
    pub steps: usize,
    /// Sum of the local step sizes.
    pub total_lr: f64,
}
