//! Time-varying graphs: whom a node meets in an iteration of a synchronous method.

use std::sync::{Mutex, PoisonError};

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    engine::NodeId,
    invalid::{Invalid, require},
    network::Topology,
    random::{POPULATION, Purpose, Streams, mix},
};

/// How the topology changes from iteration to iteration. All nodes know it, so nobody waits for what will not come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TimeVaryingGraphSpec {
    /// It does not: all neighbours, with the weights of `[network]`.
    #[default]
    Static,
    /// Iteration `t` sends from `i` to `i + 2^(t mod ⌈log₂ n⌉) mod n`, whatever the topology; weights 1/2.
    OnePeerExponential,
    /// A random maximal matching of the topology's edges; weights 1/2.
    RandomMatching,
    /// Each edge fails on its own with this probability; nodes keep the weights of failed edges to themselves.
    FailingEdges(f64),
}

impl TimeVaryingGraphSpec {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a probability out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::FailingEdges(p) => require((0.0..=1.0).contains(p), "failing-edges", p, "a probability from 0 to 1"),
            Self::Static | Self::OnePeerExponential | Self::RandomMatching => Ok(()),
        }
    }

    /// Builds the graph.
    pub fn build(self, streams: Streams) -> TimeVaryingGraph {
        TimeVaryingGraph { spec: self, streams, matchings: Mutex::default() }
    }
}

/// The nodes that one node sends to and receives from in one iteration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbourhood {
    /// Receivers, ascending.
    pub to: Vec<NodeId>,
    /// Senders, ascending, with their weights in the row of `W` [1].
    pub from: Vec<(NodeId, f64)>,
    /// Weight of the node itself [1].
    pub own: f64,
}

impl Neighbourhood {
    /// Meets nobody, with room for what comes.
    fn clear(&mut self) {
        self.to.clear();
        self.from.clear();
        self.own = 1.0;
    }

    /// Sends to one node and receives from one, half and half.
    fn pair(&mut self, to: NodeId, from: NodeId) {
        self.to.push(to);
        self.from.push((from, 0.5));
        self.own = 0.5;
    }
}

/// Who meets whom, as a function of the iteration.
#[derive(Debug)]
pub struct TimeVaryingGraph {
    spec: TimeVaryingGraphSpec,
    streams: Streams,
    /// Matchings of the last iterations, which can be drawn again at any time.
    matchings: Mutex<Vec<(u64, Vec<Option<u32>>)>>,
}

/// Matchings that are remembered: neighbours are at most a few iterations apart.
const REMEMBERED: usize = 8;

impl TimeVaryingGraph {
    /// Whether a node meets the same ones in every iteration.
    pub fn is_static(&self) -> bool {
        self.spec == TimeVaryingGraphSpec::Static
    }

    /// Writes the neighbourhood of `node` in iteration `t`.
    pub fn meet(&self, topology: &Topology, node: NodeId, t: u64, neighbourhood: &mut Neighbourhood) {
        let graph = topology.graph();
        neighbourhood.clear();
        match self.spec {
            TimeVaryingGraphSpec::Static => {
                neighbourhood.to.extend(graph.neighbours(node));
                neighbourhood.from.extend(topology.row(node));
                neighbourhood.own = topology.own_weight(node);
            }
            TimeVaryingGraphSpec::OnePeerExponential => one_peer(topology.nodes(), node, t, neighbourhood),
            TimeVaryingGraphSpec::RandomMatching => {
                if let Some(partner) = self.partner(topology, node, t) {
                    neighbourhood.pair(partner, partner);
                }
            }
            TimeVaryingGraphSpec::FailingEdges(p) => {
                let holds = |other: NodeId| self.edge_holds(node, other, t, p);
                neighbourhood.to.extend(graph.neighbours(node).filter(|&other| holds(other)));
                neighbourhood.from.extend(topology.row(node).filter(|&(other, _)| holds(other)));
                neighbourhood.own = 1.0 - neighbourhood.from.iter().map(|(_, weight)| weight).sum::<f64>();
            }
        }
    }

    /// Whether the edge holds in iteration `t`; the same from both ends.
    fn edge_holds(&self, a: NodeId, b: NodeId, t: u64, p: f64) -> bool {
        let edge = mix((a.min(b) as u64) << 32 | a.max(b) as u64);
        self.streams.stream(Purpose::Fault, POPULATION, edge ^ mix(t)).random::<f64>() >= p
    }

    fn partner(&self, topology: &Topology, node: NodeId, t: u64) -> Option<NodeId> {
        let mut matchings = self.matchings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, matching)) = matchings.iter().find(|(drawn, _)| *drawn == t) {
            return matching[node].map(|partner| partner as usize);
        }
        let matching = self.draw(topology, t);
        let partner = matching[node];
        if matchings.len() == REMEMBERED {
            let _ = matchings.remove(0);
        }
        matchings.push((t, matching));
        partner.map(|partner| partner as usize)
    }

    /// Goes through the edges, whatever their direction, in random order and matches both ends where they are free.
    fn draw(&self, topology: &Topology, t: u64) -> Vec<Option<u32>> {
        let graph = topology.graph();
        let ends =
            |a: usize| graph.neighbours(a).filter(move |&b| a < b || graph.is_directed()).map(move |b| (a as u32, b as u32));
        let mut edges: Vec<(u32, u32)> = (0..graph.nodes()).flat_map(ends).collect();
        // Counts from 2^32 on, apart from those that draw the topology.
        let mut rng = self.streams.stream(Purpose::Route, POPULATION, (1 << 32) + t);
        let mut matching = vec![None; graph.nodes()];
        while !edges.is_empty() {
            let (a, b) = edges.swap_remove(rng.random_range(0..edges.len()));
            if matching[a as usize].is_none() && matching[b as usize].is_none() {
                matching[a as usize] = Some(b);
                matching[b as usize] = Some(a);
            }
        }
        matching
    }
}

fn one_peer(nodes: usize, node: NodeId, t: u64, neighbourhood: &mut Neighbourhood) {
    if nodes >= 2 {
        let rounds = u64::from(usize::BITS - (nodes - 1).leading_zeros());
        let distance = (1_usize << (t % rounds)) % nodes;
        neighbourhood.pair((node + distance) % nodes, (node + nodes - distance) % nodes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::{Components, TopologySpec, WeightRule},
        random::Setting,
    };

    fn topology(spec: &TopologySpec, clients: usize) -> Topology {
        let setting = Setting { streams: Streams::new(5), clients, folder: ".".into() };
        spec.build(WeightRule::Metropolis, Components::One, &setting).unwrap()
    }

    fn neighbourhood(contacts: &TimeVaryingGraph, topology: &Topology, node: NodeId, t: u64) -> Neighbourhood {
        // What was there before does not matter.
        let mut neighbourhood = Neighbourhood { to: vec![99], from: vec![(99, 9.0)], own: 9.0 };
        contacts.meet(topology, node, t, &mut neighbourhood);
        neighbourhood
    }

    #[test]
    fn both_ends_agree_and_rows_sum_to_one() {
        let topology = topology(&TopologySpec::ErdosRenyi { p: 0.4 }, 20);
        for spec in [
            TimeVaryingGraphSpec::Static,
            TimeVaryingGraphSpec::OnePeerExponential,
            TimeVaryingGraphSpec::RandomMatching,
            TimeVaryingGraphSpec::FailingEdges(0.5),
        ] {
            let contacts = spec.build(Streams::new(5));
            for t in 0..12 {
                let neighbourhoods: Vec<Neighbourhood> =
                    (0..20).map(|node| neighbourhood(&contacts, &topology, node, t)).collect();
                let mut columns: Vec<f64> = neighbourhoods.iter().map(|neighbourhood| neighbourhood.own).collect();
                for (node, neighbourhood) in neighbourhoods.iter().enumerate() {
                    let row = neighbourhood.own + neighbourhood.from.iter().map(|(_, weight)| weight).sum::<f64>();
                    assert!((row - 1.0).abs() < 1e-14);
                    neighbourhood.from.iter().for_each(|&(from, weight)| columns[from] += weight);
                    assert!(neighbourhood.to.iter().all(|&to| neighbourhoods[to].from.iter().any(|&(from, _)| from == node)));
                }
                assert!(columns.iter().all(|column| (column - 1.0).abs() < 1e-14), "{spec:?}: columns sum to 1");
            }
        }
    }

    #[test]
    fn matchings_of_directed_graphs_are_maximal() {
        let topology = topology(&TopologySpec::Exponential, 9);
        let matching = TimeVaryingGraphSpec::RandomMatching.build(Streams::new(3));
        for t in 0..50 {
            let free = |node: &NodeId| neighbourhood(&matching, &topology, *node, t).to.is_empty();
            let left: Vec<NodeId> = (0..9).filter(free).collect();
            for &a in &left {
                assert!(topology.graph().neighbours(a).all(|b| !left.contains(&b)), "round {t}: {left:?}");
            }
        }
    }

    #[test]
    fn some_edges_fail_and_matchings_change() {
        let topology = topology(&TopologySpec::Complete, 9);
        let failing = TimeVaryingGraphSpec::FailingEdges(0.3).build(Streams::new(2));
        let held: usize = (0..100)
            .flat_map(|t| (0..9).map(move |node| (t, node)))
            .map(|(t, node)| neighbourhood(&failing, &topology, node, t).to.len())
            .sum();
        assert!((held as f64 / 7200.0 - 0.7).abs() < 0.02, "{held} of 7200 half-edges held");
        let matching = TimeVaryingGraphSpec::RandomMatching.build(Streams::new(2));
        let partners = |t| -> Vec<Vec<NodeId>> { (0..9).map(|node| neighbourhood(&matching, &topology, node, t).to).collect() };
        assert_ne!(partners(0), partners(1));
        assert_eq!(partners(0).iter().filter(|to| to.is_empty()).count(), 1, "one of nine is left over");
    }
}
