//! What the recorder sees of a running protocol.

use crate::{engine::Protocol, num::Real};

/// The models a protocol holds, by reference.
#[derive(Debug, Clone)]
pub enum Models<'a, R> {
    /// The server's iterate, shape `[d]`.
    Server(&'a [R]),
    /// One iterate a node, each of shape `[d]`.
    Nodes(Vec<&'a [R]>),
}

/// A protocol whose progress can be recorded.
pub trait Observed<R: Real>: Protocol {
    /// The current iterates.
    fn models(&self) -> Models<'_, R>;

    /// Rounds so far: server steps, or for peers the mean number of visits of a node.
    fn round(&self) -> u64;

    /// Client updates taken into account so far.
    fn updates(&self) -> u64;

    /// Mean staleness of the updates so far [server versions]; `None` without a server.
    fn staleness(&self) -> Option<f64>;

    /// Number of updates of each staleness, from 0; empty without a server.
    fn staleness_counts(&self) -> &[u64] {
        &[]
    }

    /// Number of updates in the latest server step; `None` without a server.
    fn latest_batch(&self) -> Option<usize>;
}
