//! The view of a running protocol for recorders.

use std::borrow::Cow;

use crate::{
    engine::{NodeId, Protocol, sparse_map::SparseMap},
    num::{Real, low_precision::Bits},
    protocol::update_noise::UpdateNoise,
};

/// The models of a protocol, by reference.
#[derive(Debug, Clone)]
pub enum Models<'a, R> {
    /// The server's iterate, shape `[d]`.
    Server(&'a [R]),
    /// One iterate a node, each of shape `[d]`.
    Nodes(Vec<&'a [R]>),
}

/// An update that a server step has applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participant {
    /// The server version that the step made: the number of the step, from 1.
    pub round: u64,
    /// The client whose samples the update comes from.
    pub client: NodeId,
    /// Server versions between its download and its arrival, 0 when fresh.
    pub staleness: u64,
}

/// A vector that a method remembers, by its name in the method's paper.
#[derive(Debug, Clone, PartialEq)]
pub struct StateVector<'a, R> {
    /// Such as `c`.
    pub name: Cow<'static, str>,
    /// The client it belongs to, where there is one a client.
    pub client: Option<NodeId>,
    /// The vector, usually of shape `[d]`.
    pub vector: &'a [R],
}

impl<'a, R> StateVector<'a, R> {
    /// A vector that belongs to the server.
    pub fn own(name: impl Into<Cow<'static, str>>, vector: &'a [R]) -> Self {
        Self { name: name.into(), client: None, vector }
    }

    /// A vector of a client.
    pub fn of(client: NodeId, name: impl Into<Cow<'static, str>>, vector: &'a [R]) -> Self {
        Self { name: name.into(), client: Some(client), vector }
    }

    /// The rows of a table over clients, by client.
    pub fn rows(name: &'static str, table: &'a SparseMap<Vec<R>>) -> impl Iterator<Item = Self> {
        table.sorted().into_iter().map(move |(client, row)| Self::of(client, name, row))
    }
}

/// A model as a client runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed<R> {
    /// The parameters, rounded to the client's precision, shape `[d]`.
    pub x: Vec<R>,
    /// Precision of its activations.
    pub activations: Bits,
}

/// A protocol that can be run and recorded.
pub trait Recorded<R: Real>: Protocol + Observed<R> {}

impl<R: Real, P: Protocol + Observed<R>> Recorded<R> for P {}

/// The state of a protocol, as recorders and metrics see it.
pub trait Observed<R: Real> {
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

    /// The updates that the server steps of the latest event applied, in order of arrival; empty without a server. They stay until a
    /// later event leads to steps.
    fn participants(&self) -> &[Participant] {
        &[]
    }

    /// Every vector that the protocol remembers besides its models.
    fn state(&self) -> Vec<StateVector<'_, R>> {
        Vec::new()
    }

    /// Size of all clients' memory between visits [bit]; `None` without a server.
    fn client_memory(&self) -> Option<u64> {
        None
    }

    /// Has every server step from now on measure the spread of its updates, which takes time; nothing without a server.
    fn measure_updates(&mut self) {}

    /// The spread of the updates of the latest server step, where it is measured and the server saw two of them or more.
    fn update_noise(&self) -> Option<UpdateNoise> {
        None
    }

    /// The log evidence for the model and its features, where the method knows it.
    fn evidence(&self) -> Option<f64> {
        None
    }

    /// Number of updates in the latest server step; `None` without a server.
    fn latest_batch(&self) -> Option<usize>;
}
