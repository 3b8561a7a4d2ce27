//! What can be seen of a running protocol.

use crate::{
    engine::{NodeId, Protocol},
    num::{Real, low_precision::Bits},
};

/// The models a protocol holds, by reference.
#[derive(Debug, Clone)]
pub enum Models<'a, R> {
    /// The server's iterate, shape `[d]`.
    Server(&'a [R]),
    /// One iterate a node, each of shape `[d]`.
    Nodes(Vec<&'a [R]>),
}

/// A model as a client runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed<R> {
    /// The parameters, rounded to what the client stores, shape `[d]`.
    pub x: Vec<R>,
    /// Width of its activations.
    pub activations: Bits,
}

/// A protocol whose progress can be recorded.
pub trait Observed<R: Real>: Protocol {
    /// The current iterates.
    fn models(&self) -> Models<'_, R>;

    /// The model that a client would run now; `None` without a server.
    fn deployed(&self, client: NodeId) -> Option<Deployed<R>> {
        let _ = client;
        None
    }

    /// Rounds so far: server steps, or for peers the mean number of iterations that a node has finished.
    fn round(&self) -> u64;

    /// Client updates accepted so far; for peers the iterations finished by all nodes together.
    fn updates(&self) -> u64;

    /// Mean staleness of the updates so far [server versions]; `None` without a server.
    fn staleness(&self) -> Option<f64>;

    /// Number of updates of each staleness, from 0; empty without a server.
    fn staleness_counts(&self) -> &[u64] {
        &[]
    }

    /// What clients keep between visits, all together [bit]; `None` without a server.
    fn client_memory(&self) -> Option<u64> {
        None
    }

    /// Number of updates in the latest server step; `None` without a server.
    fn latest_batch(&self) -> Option<usize>;
}
