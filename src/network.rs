//! How messages travel: delays, bandwidth, loss; and between peers, who talks to whom with which mixing weights.

mod edges;
mod graph;
mod lattice;
mod link;
mod random_graph;
mod spec;
mod topology;

pub use graph::Graph;
pub use link::{Direction, Link};
pub use spec::{Components, LinkSpec, NetworkSpec, TopologySpec, WeightRule};
pub use topology::Topology;

use crate::{invalid::Invalid, random::Setting};

/// The links and, for peers, the topology; immutable and shared by the methods of a run.
#[derive(Debug, Clone)]
pub struct Network {
    up: Link,
    down: Link,
    peer: Link,
    topology: Option<Topology>,
}

impl NetworkSpec {
    /// The network between `setting.clients` clients.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `[network]`: a value out of range, a topology that does not exist for this number
    /// of clients or was never connected, a data file that is missing or malformed.
    pub fn build(&self, setting: &Setting) -> Result<Network, Invalid> {
        self.validate()?;
        let link = |key: &str, spec: &LinkSpec| spec.build(&format!("network.{key}"), setting).map_err(|error| error.under(key));
        let topology = self.topology.as_ref().map(|topology| topology.build(self.weights, self.components, setting)).transpose();
        let peer = link("link", &self.link)?;
        if let Some(node) = (0..setting.clients).find(|&node| peer.loses_all(node)) {
            let message = format!("all that node {node} sends is lost: those that wait for it would do so for ever");
            return Err(Invalid::at("link.loss", message).help("give probabilities below 1"));
        }
        Ok(Network {
            up: link("up", &self.up)?,
            down: link("down", &self.down)?,
            peer,
            topology: topology.map_err(|error| error.under("topology"))?,
        })
    }
}

impl Network {
    /// The link in `direction` of clients that have none of their own.
    pub fn link(&self, direction: Direction) -> &Link {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
            Direction::Peer => &self.peer,
        }
    }

    /// Who talks to whom, where the scenario has a topology.
    pub fn topology(&self) -> Option<&Topology> {
        self.topology.as_ref()
    }
}

#[cfg(test)]
mod tests;
