use std::path::PathBuf;

use approx::{assert_abs_diff_eq, assert_relative_eq};

use super::*;
use crate::random::Streams;

const RULES: [WeightRule; 4] = [WeightRule::Metropolis, WeightRule::LazyMetropolis, WeightRule::MaxDegree, WeightRule::Uniform];

fn build(spec: &TopologySpec, nodes: usize, seed: u64) -> Topology {
    let setting = Setting { streams: Streams::new(seed), clients: nodes, folder: PathBuf::new() };
    spec.build(WeightRule::Metropolis, Components::One, &setting).unwrap()
}

fn gap(spec: &TopologySpec, nodes: usize) -> f64 {
    build(spec, nodes, 0).spectral_gap().unwrap()
}

fn all(nodes: usize) -> Vec<(TopologySpec, Topology)> {
    [
        TopologySpec::Ring,
        TopologySpec::Torus,
        TopologySpec::Grid,
        TopologySpec::Complete,
        TopologySpec::Star,
        TopologySpec::Hypercube,
        TopologySpec::Exponential,
        TopologySpec::Circulant { degree: 5 },
        TopologySpec::ErdosRenyi { p: 0.2 },
        TopologySpec::RandomRegular { degree: 3 },
        TopologySpec::SmallWorld { k: 4, p: 0.3 },
        TopologySpec::BarabasiAlbert { m: 2 },
    ]
    .into_iter()
    .map(|spec| (spec.clone(), build(&spec, nodes, 3)))
    .collect()
}

#[test]
fn gaps_agree_with_the_table() {
    for (nodes, expected) in [(8, 0.19526), (16, 0.05075), (32, 0.01281), (64, 0.00321)] {
        assert_abs_diff_eq!(gap(&TopologySpec::Ring, nodes), expected, epsilon = 5e-6);
    }
    for (side, expected) in [(4, 0.4), (5, 0.27639), (8, 0.11716)] {
        assert_abs_diff_eq!(gap(&TopologySpec::Torus, side * side), expected, epsilon = 5e-6);
    }
    for (nodes, expected) in [(8, 0.5), (16, 0.4), (32, 1.0 / 3.0), (64, 0.285_714)] {
        assert_abs_diff_eq!(gap(&TopologySpec::Exponential, nodes), expected, epsilon = 1e-6);
    }
    for (nodes, hops) in [(6, 3.0), (10, 4.0), (24, 5.0), (100, 7.0)] {
        assert_relative_eq!(gap(&TopologySpec::Exponential, nodes), 2.0 / (1.0 + hops), max_relative = 1e-12);
    }
    for bits in 1..8 {
        assert_relative_eq!(gap(&TopologySpec::Hypercube, 1 << bits), 2.0 / f64::from(bits + 1), max_relative = 1e-12);
    }
    for nodes in [3, 10, 100] {
        assert_relative_eq!(gap(&TopologySpec::Star, nodes), 1.0 / nodes as f64, max_relative = 1e-9);
        assert_eq!(gap(&TopologySpec::Complete, nodes), 1.0);
    }
}

#[test]
fn circulant_gaps_agree_with_the_dense_decomposition() {
    for nodes in [7, 12, 40] {
        for rule in RULES {
            let circulant = Topology::new(families::circulant(nodes, 4).unwrap(), rule);
            let dense = spectrum::dense(&circulant).unwrap();
            assert_abs_diff_eq!(1.0 - circulant.spectral_gap().unwrap(), dense, epsilon = 1e-12);
        }
    }
}

#[test]
fn lanczos_agrees_with_the_dense_decomposition() {
    for (spec, topology) in all(64).into_iter().filter(|(_, topology)| matches!(topology.graph(), Graph::Undirected(_))) {
        for rule in RULES {
            let topology = Topology::new(topology.graph().clone(), rule);
            let (lanczos, dense) = (spectrum::lanczos(&topology).unwrap(), spectrum::dense(&topology).unwrap());
            assert!((lanczos - dense).abs() < 1e-8, "{spec:?} {rule:?}: {lanczos} {dense}");
        }
    }
}

#[test]
fn large_regular_graphs_are_near_the_alon_boppana_gap() {
    let topology = build(&TopologySpec::RandomRegular { degree: 8 }, 10_000, 0);
    let graph = topology.graph();
    assert!((0..10_000).all(|node| graph.degree(node) == 8));
    assert_eq!((graph.edges(), graph.components()), (40_000, 1));
    let limit = 1.0 - (1.0 + 2.0 * 7.0_f64.sqrt()) / 9.0;
    assert_abs_diff_eq!(topology.spectral_gap().unwrap(), limit, epsilon = 0.01);
}

#[test]
fn weights_are_stochastic_and_symmetric_where_promised() {
    for (spec, topology) in all(64) {
        for rule in RULES {
            let topology = Topology::new(topology.graph().clone(), rule);
            let mut columns: Vec<f64> = (0..64).map(|node| topology.own_weight(node)).collect();
            for node in 0..64 {
                let row: f64 = topology.row(node).map(|(_, weight)| weight).sum();
                assert_relative_eq!(row + topology.own_weight(node), 1.0, max_relative = 1e-13);
                assert!(topology.own_weight(node) > 0.0);
                for (sender, weight) in topology.row(node) {
                    columns[sender] += weight;
                    let symmetric = rule != WeightRule::Uniform;
                    assert!(!symmetric || weight == topology.weight(sender, node), "{spec:?} {rule:?}");
                }
            }
            let regular = (0..64).all(|node| topology.graph().degree(node) == topology.graph().degree(0));
            if rule != WeightRule::Uniform || regular {
                columns.iter().for_each(|column| assert_relative_eq!(*column, 1.0, max_relative = 1e-12));
            }
        }
    }
}

#[test]
fn graphs_are_simple_and_connected() {
    for (spec, topology) in all(64) {
        let graph = topology.graph();
        assert_eq!(graph.components(), 1, "{spec:?}");
        for node in 0..64 {
            let neighbours: Vec<usize> = graph.neighbours(node).collect();
            assert!(neighbours.windows(2).all(|pair| pair[0] < pair[1]), "{spec:?}");
            assert!(neighbours.iter().all(|&other| other != node && graph.senders(other).any(|sender| sender == node)));
            assert_eq!(graph.senders(node).len(), graph.in_degree(node));
        }
    }
}

#[test]
fn degrees_and_edge_counts() {
    let edges = |spec: &TopologySpec, nodes| build(spec, nodes, 5).graph().edges();
    assert_eq!(edges(&TopologySpec::Ring, 9), 9);
    assert_eq!(edges(&TopologySpec::Ring, 2), 1);
    assert_eq!(edges(&TopologySpec::Torus, 12), 24);
    assert_eq!(edges(&TopologySpec::Grid, 12), 17);
    assert_eq!(edges(&TopologySpec::Hypercube, 16), 32);
    assert_eq!(edges(&TopologySpec::Exponential, 10), 40);
    assert_eq!(edges(&TopologySpec::Circulant { degree: 5 }, 12), 30);
    assert_eq!(edges(&TopologySpec::SmallWorld { k: 6, p: 0.5 }, 50), 150);
    assert_eq!(edges(&TopologySpec::BarabasiAlbert { m: 3 }, 50), 3 + 3 * 46);
    assert_eq!(edges(&TopologySpec::ErdosRenyi { p: 1.0 }, 20), 190);
    let mut pairs: Vec<usize> = (0..200).map(|seed| random_edges(100, 0.3, seed)).collect();
    pairs.sort_unstable();
    let mean = pairs.iter().sum::<usize>() as f64 / 200.0;
    assert_abs_diff_eq!(mean, 0.3 * 4950.0, epsilon = 5.0 * (0.21 * 4950.0 / 200.0_f64).sqrt());
}

fn random_edges(nodes: usize, p: f64, seed: u64) -> usize {
    let mut rng = Streams::new(seed).stream(crate::random::Purpose::Route, 0, 0);
    families::erdos_renyi(nodes, p, &mut rng).edges()
}

#[test]
fn every_pair_is_equally_likely_in_a_random_graph() {
    let nodes = 6;
    let mut counts = [[0; 6]; 6];
    for seed in 0..4000 {
        let mut rng = Streams::new(seed).stream(crate::random::Purpose::Route, 0, 0);
        let graph = families::erdos_renyi(nodes, 0.3, &mut rng);
        for (node, counts) in counts.iter_mut().enumerate() {
            graph.neighbours(node).for_each(|other| counts[other] += 1);
        }
    }
    for (a, b) in (0..nodes).flat_map(|a| (0..a).map(move |b| (a, b))) {
        assert_abs_diff_eq!(f64::from(counts[a][b]) / 4000.0, 0.3, epsilon = 5.0 * (0.21 / 4000.0_f64).sqrt());
    }
}

#[test]
fn dense_regular_graphs_exist() {
    for (nodes, degree) in [(6, 5), (8, 6), (100, 20), (30, 27)] {
        let topology = build(&TopologySpec::RandomRegular { degree }, nodes, 1);
        assert!((0..nodes).all(|node| topology.graph().degree(node) == degree));
    }
}

#[test]
fn a_complete_graph_of_millions_is_not_stored() {
    let topology = build(&TopologySpec::Complete, 4_000_000, 0);
    let graph = topology.graph();
    assert_eq!((graph.neighbour(7, 6), graph.neighbour(7, 7)), (6, 8));
    assert_eq!(graph.degree(0), 3_999_999);
    assert_eq!(topology.own_weight(9), 1.0 / 4e6);
    assert_eq!(topology.spectral_gap(), Some(1.0));
}

#[test]
fn a_single_node_mixes_with_itself() {
    for spec in
        [TopologySpec::Ring, TopologySpec::Complete, TopologySpec::Star, TopologySpec::Hypercube, TopologySpec::Exponential]
    {
        let topology = build(&spec, 1, 0);
        assert_eq!((topology.own_weight(0), topology.spectral_gap()), (1.0, Some(1.0)), "{spec:?}");
        assert_eq!(topology.graph().neighbours(0).len(), 0);
    }
}

#[test]
fn separate_parts_leave_no_gap() {
    let graph = Graph::from_edges(4, [[0, 1], [2, 3]].into_iter());
    assert_eq!(graph.components(), 2);
    assert_abs_diff_eq!(Topology::new(graph, WeightRule::Metropolis).spectral_gap().unwrap(), 0.0, epsilon = 1e-12);
}

#[test]
fn consensus_contracts_at_the_gap_along_the_second_eigenvector() {
    let topology = build(&TopologySpec::Ring, 16, 0);
    let mut x: Vec<f64> = (0..16).map(|node| (2.0 * std::f64::consts::PI * f64::from(node) / 16.0).cos()).collect();
    let before = crate::num::vector::norm2(&x).sqrt();
    for _ in 0..10 {
        x = (0..16)
            .map(|node| {
                topology.own_weight(node) * x[node] + topology.row(node).map(|(other, weight)| weight * x[other]).sum::<f64>()
            })
            .collect();
    }
    let after = crate::num::vector::norm2(&x).sqrt();
    assert_relative_eq!(after / before, (1.0 - topology.spectral_gap().unwrap()).powi(10), max_relative = 1e-12);
}

#[test]
fn random_neighbours_are_equally_likely() {
    let mut rng = Streams::new(0).stream(crate::random::Purpose::Route, 3, 0);
    for spec in [TopologySpec::Complete, TopologySpec::Circulant { degree: 4 }, TopologySpec::Exponential] {
        let topology = build(&spec, 9, 0);
        let graph = topology.graph();
        let mut counts = [0; 9];
        (0..9000).for_each(|_| counts[graph.random_neighbour(3, &mut rng).unwrap()] += 1);
        let share = 9000.0 / graph.degree(3) as f64;
        for (node, &count) in counts.iter().enumerate() {
            let expected = if graph.neighbours(3).any(|other| other == node) { share } else { 0.0 };
            assert_abs_diff_eq!(f64::from(count), expected, epsilon = 5.0 * expected.sqrt());
        }
    }
    assert_eq!(build(&TopologySpec::Ring, 1, 0).graph().random_neighbour(0, &mut rng), None);
}

#[test]
fn parts_are_refused_unless_each_may_run_for_itself() {
    let setting = Setting { streams: Streams::new(1), clients: 5, folder: Default::default() };
    let pairs = TopologySpec::Edges(crate::table::Source::Inline(vec![[0, 1], [2, 3], [3, 4]]));
    let fault = pairs.build(WeightRule::Metropolis, Components::One, &setting).unwrap_err();
    assert!(fault.message.contains("2 parts"), "{fault}");
    let parts = pairs.build(WeightRule::Metropolis, Components::Each, &setting).unwrap();
    assert_eq!((parts.graph().components(), parts.spectral_gap()), (2, Some(0.0)));
    let sparse = TopologySpec::ErdosRenyi { p: 0.01 }.build(WeightRule::Metropolis, Components::Each, &setting).unwrap();
    assert!(sparse.graph().components() > 1);
}
