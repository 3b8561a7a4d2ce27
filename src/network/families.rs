//! Families of graphs: stated edges, rings, grids and stars, and random graphs.

use std::path::Path;

use rand::RngExt;
use rand_distr::{Distribution, Exp1};

use super::{Components, Graph};
use crate::{
    invalid::Invalid,
    random::{POPULATION, Purpose, Rng, Setting, Streams},
    table::{self, Source},
};

/// The undirected graph of the listed edges; a pair may be named in both directions.
pub(super) fn listed(source: &Source<[usize; 2]>, setting: &Setting) -> Result<Graph, Invalid> {
    let edges = match source {
        Source::File(path) => read(&setting.locate(path), setting.clients)?,
        Source::Inline(edges) => {
            for &[a, b] in edges {
                check(a, b, setting.clients).map_err(|message| Invalid::at("", message))?;
            }
            edges.clone()
        }
    };
    Ok(Graph::from_edges(setting.clients, edges.into_iter()))
}

fn check(a: usize, b: usize, nodes: usize) -> Result<(), String> {
    if a >= nodes || b >= nodes {
        return Err(format!("the edge {a}, {b} leaves the network: nodes go from 0 to {}", nodes.saturating_sub(1)));
    }
    if a == b {
        return Err(format!("the edge {a}, {b} is a loop: expected two different nodes"));
    }
    Ok(())
}

fn read(path: &Path, nodes: usize) -> Result<Vec<[usize; 2]>, Invalid> {
    let table = table::read(path, ["a", "b"])?;
    let edge = |row| {
        let (a, b) = (table.index(row, 0, nodes, "node")?, table.index(row, 1, nodes, "node")?);
        check(a, b, nodes).map_err(|message| table.fault_at(row, message))?;
        Ok([a, b])
    };
    table.rows.iter().map(edge).collect()
}

/// Neighbours `i ± offset` for each offset.
pub(super) fn circulant_of(nodes: usize, offsets: impl Iterator<Item = usize> + Clone) -> Graph {
    let edges = (0..nodes).flat_map(move |node| offsets.clone().map(move |offset| [node, (node + offset) % nodes]));
    Graph::from_edges(nodes, edges)
}

/// Every node has `degree` neighbours, the nearest on a ring.
pub(super) fn circulant(nodes: usize, degree: usize) -> Result<Graph, Invalid> {
    check_regular("circulant", nodes, degree)?;
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

/// Draws of a graph before giving up.
const TRIES: u64 = 200;

/// The first graph among the draws of `draw` that is connected, or that may fall into parts; a draw is `None` where it got stuck.
pub(super) fn first(
    key: &str,
    components: Components,
    streams: Streams,
    help: String,
    mut draw: impl FnMut(&mut Rng) -> Option<Graph>,
) -> Result<Graph, Invalid> {
    (0..TRIES)
        .filter_map(|attempt| draw(&mut streams.stream(Purpose::Route, POPULATION, attempt)))
        .find(|graph| components == Components::Each || graph.components() <= 1)
        .ok_or_else(|| Invalid::at(key, format!("none of {TRIES} random graphs was connected")).help(help))
}

/// Refuses degrees that no regular graph on `nodes` nodes has.
pub(super) fn check_regular(key: &str, nodes: usize, degree: usize) -> Result<(), Invalid> {
    let at = format!("{key}.degree");
    if degree >= nodes {
        return Err(Invalid::at(&at, format!("`{degree}` neighbours are too many: there are {nodes} nodes")));
    }
    if !(nodes * degree).is_multiple_of(2) {
        return Err(Invalid::at(&at, format!("{nodes} nodes cannot all have {degree} neighbours: one of the two must be even")));
    }
    Ok(())
}

/// Each pair with probability `p`; jumps from edge to edge (Batagelj and Brandes, Physical Review E 71, 2005).
pub(super) fn erdos_renyi(nodes: usize, p: f64, rng: &mut Rng) -> Graph {
    let mut edges = Vec::new();
    let pace = (-p).ln_1p().abs();
    let (mut high, mut low) = (1_usize, 0.0_f64);
    while p > 0.0 && high < nodes {
        let gap: f64 = Exp1.sample(rng);
        low += (gap / pace).floor();
        while low >= high as f64 && high < nodes {
            low -= high as f64;
            high += 1;
        }
        if high < nodes {
            edges.push([high, low as usize]);
        }
        low += 1.0;
    }
    Graph::from_edges(nodes, edges.into_iter())
}

/// Pairs free ends at random, refusing loops and double edges; `None` if it gets stuck.
pub(super) fn regular(nodes: usize, degree: usize, rng: &mut Rng) -> Option<Graph> {
    let mut lists: Vec<Vec<u32>> = vec![Vec::with_capacity(degree); nodes];
    let mut ends: Vec<u32> = (0..nodes as u32).flat_map(|node| std::iter::repeat_n(node, degree)).collect();
    let mut refused = 0;
    while ends.len() > 1 {
        let first = rng.random_range(0..ends.len());
        let a = ends.swap_remove(first);
        let second = rng.random_range(0..ends.len());
        let b = ends[second];
        if a == b || lists[a as usize].contains(&b) {
            ends.push(a);
            refused += 1;
            if refused > 10 * ends.len() && !any_pair_left(&ends, &lists) {
                return None;
            }
            continue;
        }
        refused = 0;
        let _ = ends.swap_remove(second);
        lists[a as usize].push(b);
        lists[b as usize].push(a);
    }
    Some(Graph::undirected(lists))
}

/// Whether two of the free ends can still be joined.
fn any_pair_left(ends: &[u32], lists: &[Vec<u32>]) -> bool {
    ends.iter().any(|&a| ends.iter().any(|&b| a != b && !lists[a as usize].contains(&b)))
}

/// A ring lattice whose edges move their far end with probability `p`.
pub(super) fn small_world(nodes: usize, k: usize, p: f64, rng: &mut Rng) -> Graph {
    let mut lists: Vec<Vec<u32>> = (0..nodes)
        .map(|node| (1..=k / 2).flat_map(|hop| [(node + hop) % nodes, (node + nodes - hop) % nodes]).map(|n| n as u32).collect())
        .collect();
    for hop in 1..=k / 2 {
        for node in 0..nodes {
            let far = ((node + hop) % nodes) as u32;
            if rng.random::<f64>() >= p || lists[node].len() + 1 >= nodes {
                continue;
            }
            let fresh = loop {
                let fresh = rng.random_range(0..nodes) as u32;
                if fresh != node as u32 && !lists[node].contains(&fresh) {
                    break fresh;
                }
            };
            lists[node].retain(|&other| other != far);
            lists[far as usize].retain(|&other| other != node as u32);
            lists[node].push(fresh);
            lists[fresh as usize].push(node as u32);
        }
    }
    Graph::undirected(lists)
}

/// Grown from a star; new nodes join `m` distinct others with probabilities proportional to degrees.
pub(super) fn barabasi_albert(nodes: usize, m: usize, rng: &mut Rng) -> Graph {
    let mut edges: Vec<[usize; 2]> = (1..=m).map(|leaf| [0, leaf]).collect();
    let mut chosen = Vec::with_capacity(m);
    for node in m + 1..nodes {
        chosen.clear();
        let before = edges.len();
        while chosen.len() < m {
            // An end of a random edge is a node drawn in proportion to its degree.
            let target = edges[rng.random_range(0..before)][usize::from(rng.random::<bool>())];
            if !chosen.contains(&target) {
                chosen.push(target);
            }
        }
        edges.extend(chosen.iter().map(|&target| [node, target]));
    }
    Graph::from_edges(nodes, edges.into_iter())
}
