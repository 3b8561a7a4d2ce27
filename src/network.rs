//! How messages travel: delays, bandwidth, loss; and between peers, who talks to whom with which mixing weights.

mod families;
mod graph;
mod spec;
mod topology;

pub use graph::Graph;
pub use spec::{Components, LinkSpec, NetworkSpec, TopologySpec, WeightRule};
pub use topology::Topology;

use rand::RngExt;

use crate::{
    invalid::Invalid,
    random::{
        Quantity, Rng, Sampler, Setting,
        quantity::{BANDWIDTH, FRACTION, SECONDS},
    },
};

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

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a client to the server.
    Up,
    /// From the server to a client.
    Down,
    /// From a node to another.
    Peer,
}

/// A link, ready to draw from.
#[derive(Debug, Clone)]
pub struct Link {
    latency: Sampler,
    jitter: Sampler,
    /// `[bit/s]`; infinite if `None`.
    bandwidth: Option<Sampler>,
    loss: Sampler,
}

impl LinkSpec {
    /// `name` distinguishes the links of a network.
    pub(crate) fn build(&self, name: &str, setting: &Setting) -> Result<Link, Invalid> {
        let sampler = |key: &str, quantity: &Quantity, range| {
            quantity.build(&format!("{name}.{key}"), &range, setting).map_err(|error| error.under(key))
        };
        for (key, time) in [("latency", &self.latency), ("jitter", &self.jitter)] {
            time.check_time().map_err(|error| error.under(key))?;
        }
        Ok(Link {
            latency: sampler("latency", &self.latency, SECONDS)?,
            jitter: sampler("jitter", &self.jitter, SECONDS)?,
            bandwidth: self.bandwidth.as_ref().map(|bandwidth| sampler("bandwidth", bandwidth, BANDWIDTH)).transpose()?,
            loss: sampler("loss", &self.loss, FRACTION)?,
        })
    }
}

impl Link {
    /// Draws how long a message of `bits` `[bit]` travels `[s]`: `latency + jitter + bits / bandwidth`, drawn in this order.
    pub fn delay(&self, client: usize, bits: u64, rng: &mut Rng) -> f64 {
        let start = self.latency.sample(client, rng) + self.jitter.sample(client, rng);
        start + self.bandwidth.as_ref().map_or(0.0, |bandwidth| bits as f64 / bandwidth.sample(client, rng))
    }

    /// The [`delay`](Self::delay) where it is the same for every message and none is lost `[s]`.
    pub fn steady_delay(&self, client: usize, bits: u64) -> Option<f64> {
        if self.loses(client) {
            return None;
        }
        let start = self.latency.of_client(client)? + self.jitter.of_client(client)?;
        Some(start + self.bandwidth.as_ref().map_or(Some(0.0), |bandwidth| Some(bits as f64 / bandwidth.of_client(client)?))?)
    }

    /// Mean of [`delay`](Self::delay) `[s]`; of a bandwidth that is [drawn anew](Self::draws_bandwidth), what its mean gives.
    pub fn mean_delay(&self, client: usize, bits: u64) -> f64 {
        let start = self.latency.client_mean(client) + self.jitter.client_mean(client);
        start + self.bandwidth.as_ref().map_or(0.0, |bandwidth| bits as f64 / bandwidth.client_mean(client))
    }

    /// Whether the bandwidth of a client is drawn anew for every message.
    pub fn draws_bandwidth(&self, client: usize) -> bool {
        self.bandwidth.as_ref().is_some_and(|bandwidth| bandwidth.of_client(client).is_none())
    }

    /// Whether the time of a message depends on its size.
    pub fn has_bandwidth(&self) -> bool {
        self.bandwidth.is_some()
    }

    /// Whether every message surely takes no time and arrives.
    pub fn is_instant(&self) -> bool {
        [&self.latency, &self.jitter, &self.loss].iter().all(|value| value.mean() == 0.0) && self.bandwidth.is_none()
    }

    /// Whether messages may be lost.
    pub fn loses(&self, client: usize) -> bool {
        self.loss.of_client(client) != Some(0.0)
    }

    /// Whether every message surely is lost.
    pub fn loses_all(&self, client: usize) -> bool {
        self.loss.of_client(client) == Some(1.0)
    }

    /// Draws whether a message is lost.
    pub fn lost(&self, client: usize, rng: &mut Rng) -> bool {
        let probability = self.loss.sample(client, rng);
        rng.random::<f64>() < probability
    }
}

#[cfg(test)]
mod tests;
