//! Roles: how nodes work together, and what a method has to say in each.
//!
//! [`Federated`](federated::Federated) runs clients around a server; *when* the server acts is a [`schedule`]. [`Peers`](peers::Peers) runs
//! nodes that are all equal. A method supplies two halves (or one peer rule) and parts; it never sees the queue.

pub mod federated;
pub mod local;
pub mod observed;
pub mod peers;
pub mod schedule;
pub mod secure;
pub mod spec;
mod uplink;

pub use local::{Local, Memory, Scratch};
pub use observed::{Deployed, Models, Observed, Participant, Recorded, StateVector};
pub use uplink::Uplink;

pub use crate::message::Payload;
