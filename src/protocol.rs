//! Roles: how nodes work together, and what a method has to say in each.
//!
//! [`Federated`](federated::Federated) runs clients around a server; *when* the server acts is a [`schedule`]. [`Peers`](peers::Peers) runs
//! nodes that are all equal. A method supplies two halves (or one peer rule) and parts; it never sees the queue.

pub mod federated;
pub mod local;
pub mod observed;
pub mod peers;
pub mod schedule;
pub mod spec;

pub use local::{Local, Memory, Scratch, Uplink};
pub use observed::{Deployed, Models, Observed, Participant, StateVector};

pub use crate::message::Payload;
