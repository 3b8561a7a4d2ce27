//! Who talks to whom, with which weights.

mod spectrum;

use std::fmt;

use super::{Components, Graph, TopologySpec, WeightRule, families};
use crate::{
    invalid::{Invalid, require},
    random::{Rng, Setting, check_clients},
};

/// A graph with mixing weights `W`, shape `[n, n]`, rows summing to 1: node `i` mixes `Σ_j W_ij x_j` over itself and its
/// senders. Weights follow from the degrees; only the diagonal is stored.
#[derive(Debug, Clone)]
pub struct Topology {
    graph: Graph,
    rule: WeightRule,
    max_degree: usize,
    /// `W_ii`; empty for a complete graph, where it is the same for all.
    own: Vec<f64>,
}

impl TopologySpec {
    /// The topology on `setting.clients` nodes, drawn from the routing streams where it is random.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `topology`.
    pub fn build(&self, weights: WeightRule, components: Components, setting: &Setting) -> Result<Topology, Invalid> {
        check_clients(setting.clients)?;
        let graph = self.graph(components, setting)?;
        match graph.components() {
            parts if parts > 1 && components == Components::One => {
                Err(Invalid::at("", format!("the graph falls into {parts} parts, which never exchange messages"))
                    .help("join them, or set `components = \"each\"` in `[network]` to let each part run for itself"))
            }
            _ => Ok(Topology::new(graph, weights)),
        }
    }

    fn graph(&self, components: Components, setting: &Setting) -> Result<Graph, Invalid> {
        let nodes = setting.clients;
        match *self {
            Self::Ring => Ok(families::circulant_of(nodes, std::iter::once(1))),
            Self::Torus => families::grid(nodes, true),
            Self::Grid => families::grid(nodes, false),
            Self::Complete => Ok(Graph::Complete(nodes)),
            Self::Star => Ok(families::star(nodes)),
            Self::Hypercube => families::hypercube(nodes),
            Self::Exponential => Ok(families::exponential(nodes)),
            Self::Circulant { degree } => families::circulant(nodes, degree),
            Self::Edges(ref source) => families::listed(source, setting).map_err(|error| error.under("edges")),
            Self::ErdosRenyi { .. } | Self::RandomRegular { .. } | Self::SmallWorld { .. } | Self::BarabasiAlbert { .. } => {
                let (key, help) = self.check_random(nodes)?;
                families::first(key, components, setting.streams, help, |rng| self.draw(nodes, rng))
            }
        }
    }

    /// Checks a random graph against the number of nodes; gives the key and the remedy should it never be connected.
    fn check_random(&self, nodes: usize) -> Result<(&'static str, String), Invalid> {
        match *self {
            Self::RandomRegular { degree } => {
                families::check_regular("random-regular", nodes, degree)?;
                Ok(("random-regular.degree", "choose at least 3 neighbours".to_owned()))
            }
            Self::SmallWorld { k, .. } => {
                require(k < nodes, "small-world.k", k, &format!("fewer neighbours than the {nodes} nodes"))?;
                Ok(("small-world.p", "choose a larger `k` or a smaller `p`".to_owned()))
            }
            Self::BarabasiAlbert { m } => {
                require(m < nodes, "barabasi-albert.m", m, &format!("fewer edges than the {nodes} nodes"))?;
                Ok(("barabasi-albert.m", "choose another `m`".to_owned()))
            }
            _ => {
                let threshold = (nodes as f64).ln() / nodes as f64;
                let help = format!("graphs on {nodes} nodes are usually connected for p above ln n / n = {threshold:.3}");
                Ok(("erdos-renyi.p", help))
            }
        }
    }

    /// One draw of a random graph; `None` if it got stuck, or if this is not one.
    fn draw(&self, nodes: usize, rng: &mut Rng) -> Option<Graph> {
        match *self {
            Self::ErdosRenyi { p } => Some(families::erdos_renyi(nodes, p, rng)),
            Self::RandomRegular { degree } => families::regular(nodes, degree, rng),
            Self::SmallWorld { k, p } => Some(families::small_world(nodes, k, p, rng)),
            Self::BarabasiAlbert { m } => Some(families::barabasi_albert(nodes, m, rng)),
            _ => None,
        }
    }
}

impl Topology {
    /// `graph` with the weights of `rule`.
    pub fn new(graph: Graph, rule: WeightRule) -> Self {
        let max_degree = graph.max_degree();
        let mut topology = Self { graph, rule, max_degree, own: Vec::new() };
        if !matches!(topology.graph, Graph::Complete(_)) {
            topology.own = (0..topology.nodes()).map(|node| topology.rest(node)).collect();
        }
        topology
    }

    /// The weight that those of the others leave for `node` itself.
    fn rest(&self, node: usize) -> f64 {
        1.0 - self.graph.senders(node).map(|sender| self.weight(node, sender)).sum::<f64>()
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Number of nodes `n`.
    pub fn nodes(&self) -> usize {
        self.graph.nodes()
    }

    /// Weight `W_ij` that node `i` gives to a sender `j ≠ i` `[1]`.
    pub fn weight(&self, i: usize, j: usize) -> f64 {
        let degree = |node| self.graph.in_degree(node);
        match self.rule {
            WeightRule::Metropolis => share(degree(i).max(degree(j))),
            WeightRule::LazyMetropolis => share(degree(i).max(degree(j))) / 2.0,
            WeightRule::MaxDegree => share(self.max_degree),
            WeightRule::Uniform => share(degree(i)),
        }
    }

    /// Weight `W_ii` that node `i` gives to itself `[1]`.
    pub fn own_weight(&self, node: usize) -> f64 {
        match (&self.graph, self.rule) {
            (Graph::Complete(nodes), WeightRule::LazyMetropolis) => 0.5 + share(nodes - 1) / 2.0,
            (Graph::Complete(nodes), _) => share(nodes - 1),
            _ => self.own[node],
        }
    }

    /// The row `W_i`: the senders of node `i`, ascending, with their weights; without `i` itself.
    pub fn row(&self, node: usize) -> impl ExactSizeIterator<Item = (usize, f64)> + '_ {
        self.graph.senders(node).map(move |sender| (sender, self.weight(node, sender)))
    }

    /// Spectral gap `1 − max(|λ₂|, |λₙ|)` of `W` `[1]`: one exact mixing step shrinks the distance to consensus by at least
    /// `1 − gap` (in the norm in which `W` is symmetric). 0 if the graph is not connected.
    ///
    /// Exact for complete and circulant graphs and up to 600 nodes, by Lanczos iteration beyond; `None` where that does not
    /// converge to `1e-9`, as on large graphs of large diameter.
    pub fn spectral_gap(&self) -> Option<f64> {
        spectrum::second_modulus(self).map(|modulus| (1.0 - modulus).max(0.0))
    }

    /// A left eigenvector of `W` for the eigenvalue 1, up to scale, at `node`: what the node's start counts in the consensus.
    pub(super) fn influence(&self, node: usize) -> f64 {
        match self.rule {
            WeightRule::Uniform => (1 + self.graph.in_degree(node)) as f64,
            WeightRule::Metropolis | WeightRule::LazyMetropolis | WeightRule::MaxDegree => 1.0,
        }
    }
}

/// `100 nodes, 400 edges, degree 8, connected, spectral gap 0.31`.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.nodes();
        let degrees = || (0..nodes).map(|node| self.graph.degree(node));
        let arcs: usize = degrees().sum();
        let (edges, kind) = if self.graph.is_directed() { (arcs, "directed edges") } else { (arcs / 2, "edges") };
        let (low, high) = (degrees().min().unwrap_or(0), degrees().max().unwrap_or(0));
        let degree = if low == high { low.to_string() } else { format!("{low} to {high}") };
        let parts = match self.graph.components() {
            1 => "connected".to_owned(),
            parts => format!("{parts} parts"),
        };
        write!(f, "{nodes} nodes, {edges} {kind}, degree {degree}, {parts}, spectral gap ")?;
        match self.spectral_gap() {
            Some(gap) => write!(f, "{gap:.4}"),
            None => f.write_str("not determined"),
        }
    }
}

/// An equal share for a node and its `others`.
fn share(others: usize) -> f64 {
    1.0 / (1 + others) as f64
}

#[cfg(test)]
mod tests;
