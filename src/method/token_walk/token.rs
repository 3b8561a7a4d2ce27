//! A token: the model and the measure of its walk.

use serde::{Deserialize, Serialize};

use crate::{
    engine::NodeId,
    num::Real,
    protocol::{Payload, peers::Message},
};

/// A token: its number, its hops so far, its questions to neighbours since the last hop, and a payload of the model and the measure
/// of its visits, shape `[n]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct Token<R> {
    pub number: u64,
    pub hops: u64,
    pub queries: u64,
    pub payload: Payload<R>,
}

impl<R: Real> Token<R> {
    /// A token that has been nowhere.
    pub fn new(number: u64, x: Vec<R>, measure: Vec<f64>) -> Self {
        Self { number, hops: 0, queries: 0, payload: Payload { vectors: vec![x], scalars: measure } }
    }

    /// The token as the tag of a message.
    pub fn tag(&self) -> u64 {
        self.hops << 16 | self.number
    }

    /// The token of a message.
    pub fn of(message: &Message<R>) -> Self {
        Self { number: message.tag & 0xffff, hops: message.tag >> 16, queries: 0, payload: Payload::clone(&message.payload) }
    }

    /// `(n + 1)^(−exponent)` at hop `n`.
    pub fn pace(&self, exponent: f64) -> f64 {
        ((self.hops + 1) as f64).powf(-exponent)
    }

    /// `x ← x + (n + 1)^(−exponent) (δ_node − x)` for the measure `x`.
    pub fn visit(&mut self, node: NodeId, exponent: f64) {
        let gamma = self.pace(exponent);
        for (j, x) in self.payload.scalars.iter_mut().enumerate() {
            *x += gamma * (f64::from(u8::from(j == node)) - *x);
        }
    }
}
