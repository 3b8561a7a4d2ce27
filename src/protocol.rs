//! Protocols: how nodes work together, and the traits that a method implements in each.
//!
//! [`Federated`](federated::Federated) runs clients around a server, and a [`schedule`] says when the server acts.
//! [`Peers`](peers::Peers) runs nodes that are all equal. A method supplies two halves, or the rule of one peer, and default parts; it
//! never sees the queue.

pub mod federated;
pub mod local;
pub mod observed;
pub mod peers;
pub mod schedule;
pub mod spec;
pub mod update_noise;

pub use local::{Local, Memory, Scratch, Uplink};
pub use observed::{Deployed, Models, Observed, Participant, Recorded, StateVector};

pub use crate::message::Payload;
