//! The choice of a token's next node.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{engine::NodeId, network::Topology, random::Rng};

/// The chain that a token follows where nothing repels it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chain {
    /// Metropolis–Hastings: `P_ij = min(1/d_i, 1/d_j)`, staying otherwise; all nodes equally often.
    #[default]
    Metropolis,
    /// A neighbour at random: nodes in proportion to their degrees.
    Simple,
    /// Stays with probability 1/2, and follows Metropolis–Hastings otherwise.
    Lazy,
}

impl Chain {
    /// How often a node of `degree` is visited, up to a common factor: its stationary probability `μ_i`. A node without
    /// neighbours is all there is for its token.
    pub fn stationary(self, degree: usize) -> f64 {
        match self {
            Self::Simple => degree.max(1) as f64,
            Self::Metropolis | Self::Lazy => 1.0,
        }
    }

    /// The row `P_i` of a node: where its token can go, with probabilities; the node itself last.
    pub fn row(self, topology: &Topology, node: NodeId) -> Vec<(NodeId, f64)> {
        let graph = topology.graph();
        let degree = graph.degree(node);
        if degree == 0 {
            return vec![(node, 1.0)];
        }
        let step = |other: NodeId| match self {
            Self::Simple => 1.0 / degree as f64,
            Self::Metropolis => 1.0 / degree.max(graph.degree(other)) as f64,
            Self::Lazy => 0.5 / degree.max(graph.degree(other)) as f64,
        };
        let mut row: Vec<(NodeId, f64)> = graph.neighbours(node).map(|other| (other, step(other))).collect();
        let stay = 1.0 - row.iter().map(|(_, p)| p).sum::<f64>();
        if self != Self::Simple && stay > 1e-12 {
            row.push((node, stay));
        }
        row
    }
}

/// How a token avoids where it has been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Repellence {
    /// The self-repellent walk: `K_ij ∝ P_ij (x_j/μ_j)^(−alpha)`, which asks every neighbour how often it was visited.
    #[default]
    Kernel,
    /// The history-driven target: Metropolis–Hastings aimed at `π_i ∝ μ_i (x_i/μ_i)^(−alpha)`, which asks one neighbour.
    Target,
}

/// How a token moves: a chain, and its repellence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub chain: Chain,
    pub repellence: Repellence,
    pub alpha: f64,
}

/// A move of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hop {
    /// The next node.
    pub to: NodeId,
    /// Neighbours that were asked for their part of the measure.
    pub queries: u64,
}

impl Walk {
    /// The next move of a token at `node` with the measure `x` of its visits, shape `[n]`.
    pub fn next(&self, topology: &Topology, node: NodeId, measure: &[f64], rng: &mut Rng) -> Hop {
        match self.repellence {
            Repellence::Kernel => self.by_kernel(topology, node, measure, rng),
            Repellence::Target => self.by_target(topology, node, measure, rng),
        }
    }

    /// `−alpha ln(x_j/μ_j)`.
    fn repulsion(&self, topology: &Topology, j: NodeId, measure: &[f64]) -> f64 {
        -self.alpha * (measure[j] / self.chain.stationary(topology.graph().degree(j))).ln()
    }

    /// A draw from `K_ij ∝ P_ij (x_j/μ_j)^(−alpha)`; with `alpha = 0`, from `P` with the same random number.
    fn by_kernel(&self, topology: &Topology, node: NodeId, measure: &[f64], rng: &mut Rng) -> Hop {
        let mut row = self.chain.row(topology, node);
        let mut queries = 0;
        if self.alpha > 0.0 {
            let repulsion: Vec<f64> = row.iter().map(|&(j, _)| self.repulsion(topology, j, measure)).collect();
            let strongest = repulsion.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().zip(repulsion).for_each(|((_, p), repulsion)| *p *= (repulsion - strongest).exp());
            queries = topology.graph().degree(node) as u64;
        }
        let total: f64 = row.iter().map(|(_, p)| p).sum();
        let mut left = rng.random::<f64>() * total;
        let to = row.iter().find(|(_, p)| {
            left -= p;
            left < 0.0
        });
        Hop { to: to.or(row.last()).map_or(node, |&(j, _)| j), queries }
    }

    /// Proposes a neighbour `j` uniformly and accepts it with probability
    /// `min{1, μ_j (x_j/μ_j)^(−alpha) d_i / (μ_i (x_i/μ_i)^(−alpha) d_j)}`; stays otherwise. A lazy chain proposes in half of
    /// the hops.
    fn by_target(&self, topology: &Topology, node: NodeId, measure: &[f64], rng: &mut Rng) -> Hop {
        let graph = topology.graph();
        let degree = graph.degree(node);
        if degree == 0 || (self.chain == Chain::Lazy && rng.random::<f64>() < 0.5) {
            return Hop { to: node, queries: 0 };
        }
        let to = graph.neighbour(node, rng.random_range(0..degree));
        let flow = |j: NodeId| self.chain.stationary(graph.degree(j)) / graph.degree(j) as f64;
        let repulsion = |j| if self.alpha > 0.0 { self.repulsion(topology, j, measure) } else { 0.0 };
        let acceptance = flow(to) / flow(node) * (repulsion(to) - repulsion(node)).exp();
        let accepted = rng.random::<f64>() < acceptance;
        Hop { to: if accepted { to } else { node }, queries: u64::from(self.alpha > 0.0) }
    }
}

#[cfg(test)]
mod tests;
