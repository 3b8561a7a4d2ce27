//! `[network]` as it is written in a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    random::{
        Quantity,
        quantity::{BANDWIDTH, FRACTION, SECONDS},
    },
    table::Source,
};

/// Delays, bandwidth and loss between clients and server and between peers; topology and mixing weights of peers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NetworkSpec {
    /// From a client to the server.
    #[serde(default)]
    pub up: LinkSpec,
    /// From the server to a client.
    #[serde(default)]
    pub down: LinkSpec,
    /// Between two peers; what is given per client belongs to the sender.
    #[serde(default)]
    pub link: LinkSpec,
    /// Who talks to whom; peers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<TopologySpec>,
    /// How nodes weigh their neighbours; peers only.
    #[serde(default)]
    pub weights: WeightRule,
    /// Whether nodes that cannot reach each other are let alone; peers only.
    #[serde(default)]
    pub components: Components,
}

/// The treatment of a topology that falls into parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Components {
    /// It is an error: nodes that cannot reach each other never agree.
    #[default]
    One,
    /// Every component runs for itself, at the same time.
    Each,
}

/// A link: a message of `b` bits takes `latency + jitter + b / bandwidth` seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkSpec {
    /// Seconds that any message takes `[s]`.
    #[serde(default)]
    pub latency: Quantity,
    /// Speed of the link `[bit/s]`; unlimited if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Quantity>,
    /// Additional seconds `[s]`, usually a distribution.
    #[serde(default)]
    pub jitter: Quantity,
    /// Probability that a message is lost `[1]`.
    #[serde(default)]
    pub loss: Quantity,
}

/// Who talks to whom. Random graphs are simple, and drawn again until they are connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TopologySpec {
    /// Neighbours `i ± 1`.
    Ring,
    /// The most nearly square grid, 4 neighbours, joined at the borders.
    Torus,
    /// The most nearly square grid, 4 neighbours, without joins at the borders.
    Grid,
    /// Everyone with everyone.
    Complete,
    /// Everyone with node 0.
    Star,
    /// Nodes whose numbers differ in one bit; the number of nodes is a power of 2.
    Hypercube,
    /// Directed: from `i` to `i + 2^h mod n` for all `2^h < n`.
    Exponential,
    /// Neighbours `i ± 1, …, i ± degree / 2`, and the node across for an odd degree.
    Circulant {
        /// Neighbours of a node.
        degree: usize,
    },
    /// Each pair with probability `p` (Erdős–Rényi).
    ErdosRenyi {
        /// Probability of an edge `[1]`.
        p: f64,
    },
    /// Each node has the same number of neighbours, drawn by pairing (Steger and Wormald, 1999).
    RandomRegular {
        /// Neighbours of a node.
        degree: usize,
    },
    /// A ring of `k` nearest neighbours with far ends rewired (Watts and Strogatz, 1998).
    SmallWorld {
        /// Neighbours of a node before rewiring; even.
        k: usize,
        /// Probability that an edge is rewired `[1]`.
        p: f64,
    },
    /// Grown from a star on `m + 1` nodes; each new node joins `m` others, by their degrees (Barabási and Albert, 1999).
    BarabasiAlbert {
        /// Edges of a new node.
        m: usize,
    },
    /// Undirected edges: a list of pairs, or a text file with lines `a, b` or `a b`; attributes in braces, as networkx
    /// writes them, are passed over.
    Edges(Source<[usize; 2]>),
}

/// Mixing weights `W`; `d` are the degrees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WeightRule {
    /// `W_ij = 1 / (1 + max(d_i, d_j))`: symmetric, doubly stochastic.
    #[default]
    Metropolis,
    /// `(I + W) / 2` of the Metropolis weights: no negative eigenvalue.
    LazyMetropolis,
    /// `W_ij = 1 / (1 + max d)`: symmetric, doubly stochastic.
    MaxDegree,
    /// `W_ij = 1 / (1 + d_i)`: the plain mean of the neighbourhood; doubly stochastic only where all degrees are equal.
    Uniform,
}

impl NetworkSpec {
    /// Checks everything that needs neither files nor the number of clients.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `[network]`.
    pub fn validate(&self) -> Result<(), Invalid> {
        for (key, link) in [("up", &self.up), ("down", &self.down), ("link", &self.link)] {
            link.validate().map_err(|error| error.under(key))?;
        }
        self.topology.as_ref().map_or(Ok(()), TopologySpec::validate).map_err(|error| error.under("topology"))
    }
}

impl LinkSpec {
    /// # Errors
    /// [`Invalid`] with a path relative to the link.
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        let unlimited = Quantity::Constant(f64::INFINITY);
        for (key, quantity, range) in [
            ("latency", &self.latency, SECONDS),
            ("bandwidth", self.bandwidth.as_ref().unwrap_or(&unlimited), BANDWIDTH),
            ("jitter", &self.jitter, SECONDS),
            ("loss", &self.loss, FRACTION),
        ] {
            quantity.validate(&range).map_err(|error| error.under(key))?;
        }
        if self.loss.is_surely(1.0) {
            return Err(
                Invalid::at("loss", "every message is lost: nothing would ever arrive").help("give a probability below 1")
            );
        }
        Ok(())
    }
}

impl TopologySpec {
    fn validate(&self) -> Result<(), Invalid> {
        let probability = |key: &str, p: f64| require(FRACTION.contains(&p), key, p, "a probability from 0 to 1");
        match *self {
            Self::Circulant { degree } => require(degree >= 1, "circulant.degree", degree, "at least 1 neighbour"),
            Self::RandomRegular { degree } => require(degree >= 1, "random-regular.degree", degree, "at least 1 neighbour"),
            Self::ErdosRenyi { p } => probability("erdos-renyi.p", p),
            Self::SmallWorld { k, p } => {
                require(k >= 2 && k % 2 == 0, "small-world.k", k, "an even number of at least 2 neighbours")?;
                probability("small-world.p", p)
            }
            Self::BarabasiAlbert { m } => require(m >= 1, "barabasi-albert.m", m, "at least 1 edge"),
            _ => Ok(()),
        }
    }
}
