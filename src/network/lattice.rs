//! Graphs without randomness.

use super::Graph;
use crate::invalid::Invalid;

/// Neighbours `i ± offset` for each offset.
pub(super) fn circulant_of(nodes: usize, offsets: impl Iterator<Item = usize> + Clone) -> Graph {
    let edges = (0..nodes).flat_map(move |node| offsets.clone().map(move |offset| [node, (node + offset) % nodes]));
    Graph::from_edges(nodes, edges)
}

/// Every node has `degree` neighbours, the nearest on a ring.
pub(super) fn circulant(nodes: usize, degree: usize) -> Result<Graph, Invalid> {
    super::random_graph::check_regular("circulant", nodes, degree)?;
    let across = (degree % 2 == 1).then_some(nodes / 2);
    Ok(circulant_of(nodes, (1..=degree / 2).chain(across)))
}

/// A grid of the most nearly square shape, joined at the borders if `wrap`.
pub(super) fn grid(nodes: usize, wrap: bool) -> Result<Graph, Invalid> {
    let rows = (1..=nodes.isqrt()).rev().find(|rows| nodes.is_multiple_of(*rows)).unwrap_or(1);
    let columns = nodes / rows;
    let least = if wrap { 3 } else { 2 };
    if rows < least && nodes > 1 {
        let square = nodes.isqrt().max(least);
        return Err(Invalid::at("", format!("{nodes} nodes form no grid with at least {least} rows and columns"))
            .help(format!("choose a number of clients such as {} = {square} × {square}", square * square)));
    }
    let right = |node: usize| node - node % columns + (node % columns + 1) % columns;
    let below = |node: usize| (node + columns) % nodes;
    let edges = (0..nodes).flat_map(|node| [[node, right(node)], [node, below(node)]]);
    let inside = move |&[a, b]: &[usize; 2]| wrap || a < b;
    Ok(Graph::from_edges(nodes, edges.filter(inside)))
}

/// Everyone with node 0.
pub(super) fn star(nodes: usize) -> Graph {
    Graph::from_edges(nodes, (1..nodes).map(|leaf| [0, leaf]))
}

/// Nodes whose numbers differ in one bit.
pub(super) fn hypercube(nodes: usize) -> Result<Graph, Invalid> {
    if !nodes.is_power_of_two() {
        return Err(Invalid::at("", format!("{nodes} nodes form no hypercube: expected a power of 2"))
            .help(format!("choose {} clients", nodes.next_power_of_two())));
    }
    let bits = nodes.ilog2();
    Ok(Graph::from_edges(nodes, (0..nodes).flat_map(|node| (0..bits).map(move |bit| [node, node ^ (1 << bit)]))))
}

/// Directed edges from `i` to `i + 2^h mod n` for all `2^h < n`.
pub(super) fn exponential(nodes: usize) -> Graph {
    let hops = std::iter::successors(Some(1), |hop| Some(hop * 2)).take_while(|&hop| hop < nodes);
    Graph::directed((0..nodes).map(|node| hops.clone().map(|hop| ((node + hop) % nodes) as u32).collect()).collect())
}
