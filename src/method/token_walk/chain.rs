//! Where a token goes next.

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
    /// How often a node of `degree` is visited, up to a common factor: its stationary probability `μ_i`.
    pub fn stationary(self, degree: usize) -> f64 {
        match self {
            Self::Simple => degree as f64,
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

    /// The next node of a token at `node`: a draw from `K_ij ∝ P_ij (x_j/μ_j)^(−alpha)` with the measure `x` of its visits,
    /// shape `[n]`. With `alpha = 0` it is a draw from `P` with the same random number.
    pub fn next(self, topology: &Topology, node: NodeId, alpha: f64, measure: &[f64], rng: &mut Rng) -> NodeId {
        let mut row = self.row(topology, node);
        if alpha > 0.0 {
            let degree = |j: NodeId| topology.graph().degree(j);
            let repulsion = |j: NodeId| -alpha * (measure[j] / self.stationary(degree(j))).ln();
            let strongest = row.iter().map(|&(j, _)| repulsion(j)).fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|(j, p)| *p *= (repulsion(*j) - strongest).exp());
        }
        let total: f64 = row.iter().map(|(_, p)| p).sum();
        let mut left = rng.random::<f64>() * total;
        for &(j, p) in &row {
            left -= p;
            if left < 0.0 {
                return j;
            }
        }
        row.last().map_or(node, |&(j, _)| j)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::{TopologySpec, WeightRule},
        random::{Purpose, Setting, Streams},
        table::Source,
    };

    /// Two complete graphs on four nodes, joined by an edge.
    fn barbell() -> Topology {
        let mut edges: Vec<[usize; 2]> = (0..4).flat_map(|a| (a + 1..4).map(move |b| [a, b])).collect();
        edges.extend(edges.clone().iter().map(|[a, b]| [a + 4, b + 4]));
        edges.push([3, 4]);
        let setting = Setting { streams: Streams::new(0), clients: 8, folder: ".".into() };
        TopologySpec::Edges(Source::Inline(edges)).build(WeightRule::Metropolis, &setting).unwrap()
    }

    /// `f` on the nodes of the barbell, of mean 0.
    fn values() -> [f64; 8] {
        std::array::from_fn(|i| (if i < 4 { 1.0 } else { -1.0 }) + 0.3 * (i as f64 - 3.5))
    }

    /// `hops · Var(x · f)` after `hops` hops with the running average as measure, over `runs` runs.
    fn variance(alpha: f64, hops: u64, runs: usize) -> f64 {
        let (topology, f) = (barbell(), values());
        let squares = (0..runs).map(|run| {
            let mut rng = Streams::new(9).stream(Purpose::Route, run, alpha.to_bits());
            let (mut node, mut measure) = (run % 8, [0.125; 8]);
            for n in 0..hops {
                node = Chain::Metropolis.next(&topology, node, alpha, &measure, &mut rng);
                let gamma = 1.0 / (n + 2) as f64;
                measure.iter_mut().enumerate().for_each(|(j, x)| *x += gamma * (f64::from(u8::from(j == node)) - *x));
            }
            measure.iter().zip(f).map(|(x, f)| x * f).sum::<f64>().powi(2)
        });
        hops as f64 * squares.sum::<f64>() / runs as f64
    }

    #[test]
    fn repulsion_shrinks_the_variance_as_the_theory_says() {
        // The limits of Doshi, Hu, Eun (2023) for this graph and f; 600 runs have a standard error of 6 %.
        for (alpha, limit) in [(0.0, 2.7345), (1.0, 0.58312), (5.0, 0.14193)] {
            let found = variance(alpha, 4000, 600);
            assert!((found / limit - 1.0).abs() < 0.25, "alpha {alpha}: {found} for {limit}");
        }
    }

    #[test]
    fn rows_are_reversible_with_respect_to_the_stationary_distribution() {
        let topology = barbell();
        for chain in [Chain::Metropolis, Chain::Simple, Chain::Lazy] {
            let rows: Vec<Vec<(NodeId, f64)>> = (0..8).map(|node| chain.row(&topology, node)).collect();
            let p = |i: usize, j: usize| rows[i].iter().find(|&&(to, _)| to == j).map_or(0.0, |&(_, p)| p);
            let mu = |i: usize| chain.stationary(topology.graph().degree(i));
            for (i, row) in rows.iter().enumerate() {
                approx::assert_relative_eq!(row.iter().map(|(_, p)| p).sum::<f64>(), 1.0, epsilon = 1e-15);
                (0..8).for_each(|j| approx::assert_relative_eq!(mu(i) * p(i, j), mu(j) * p(j, i), epsilon = 1e-15));
            }
        }
    }

    #[test]
    fn without_repulsion_the_measure_does_not_matter_and_with_much_the_least_visited_is_next() {
        let topology = barbell();
        let mut measure = [0.2; 8];
        let draw = |alpha, measure: &[f64], k| {
            let mut rng = Streams::new(3).stream(Purpose::Route, 3, k);
            Chain::Metropolis.next(&topology, 3, alpha, measure, &mut rng)
        };
        let plain: Vec<NodeId> = (0..50).map(|k| draw(0.0, &[0.125; 8], k)).collect();
        measure[1] = 0.01;
        assert_eq!(plain, (0..50).map(|k| draw(0.0, &measure, k)).collect::<Vec<_>>());
        assert!((0..50).all(|k| draw(1000.0, &measure, k) == 1), "no overflow, and node 1 is next");
    }
}
