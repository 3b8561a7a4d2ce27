//! Graphs on nodes `0..n`, stored by rows, or not at all where everyone meets everyone.

use rand::RngExt;

use crate::random::Rng;

/// A simple graph, directed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Graph {
    /// Everyone with everyone, on this many nodes.
    Complete(usize),
    /// Neighbours in both directions.
    Undirected(Rows),
    /// The receivers and the senders of a node.
    Directed {
        /// Receivers of each node.
        out: Rows,
        /// Senders to each node.
        incoming: Rows,
    },
}

/// Compressed rows of neighbours, ascending within a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    starts: Vec<usize>,
    nodes: Vec<u32>,
}

impl Rows {
    /// Sorts the neighbours of each node and drops repeated ones.
    fn new(lists: impl Iterator<Item = Vec<u32>>) -> Self {
        let (mut starts, mut nodes) = (vec![0], Vec::new());
        for mut list in lists {
            list.sort_unstable();
            list.dedup();
            nodes.extend(list);
            starts.push(nodes.len());
        }
        Self { starts, nodes }
    }

    fn row(&self, node: usize) -> &[u32] {
        &self.nodes[self.starts[node]..self.starts[node + 1]]
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn degree(&self, node: usize) -> usize {
        self.starts[node + 1] - self.starts[node]
    }
}

impl Graph {
    /// The undirected graph with these neighbour lists, which must be symmetric.
    pub(super) fn undirected(lists: Vec<Vec<u32>>) -> Self {
        Self::Undirected(Rows::new(lists.into_iter()))
    }

    /// The undirected graph with these edges; an edge may be named twice, and loops are dropped.
    pub(super) fn from_edges(nodes: usize, edges: impl Iterator<Item = [usize; 2]>) -> Self {
        let mut lists = vec![Vec::new(); nodes];
        for [a, b] in edges.filter(|[a, b]| a != b) {
            lists[a].push(b as u32);
            lists[b].push(a as u32);
        }
        Self::undirected(lists)
    }

    /// The directed graph with an edge from `i` to each entry of `out[i]`.
    pub(super) fn directed(out: Vec<Vec<u32>>) -> Self {
        let mut incoming = vec![Vec::new(); out.len()];
        for (node, receivers) in (0..).zip(&out) {
            receivers.iter().for_each(|&receiver| incoming[receiver as usize].push(node));
        }
        Self::Directed { out: Rows::new(out.into_iter()), incoming: Rows::new(incoming.into_iter()) }
    }

    /// Number of nodes `n`.
    pub fn nodes(&self) -> usize {
        match self {
            Self::Complete(nodes) => *nodes,
            Self::Undirected(rows) | Self::Directed { out: rows, .. } => rows.len(),
        }
    }

    /// Number of edges; an undirected edge counts once.
    pub fn edges(&self) -> usize {
        match self {
            Self::Complete(nodes) => nodes * nodes.saturating_sub(1) / 2,
            Self::Undirected(rows) => rows.nodes.len() / 2,
            Self::Directed { out, .. } => out.nodes.len(),
        }
    }

    /// Whether edges have a direction.
    pub fn is_directed(&self) -> bool {
        matches!(self, Self::Directed { .. })
    }

    /// Number of nodes that `node` sends to.
    pub fn degree(&self, node: usize) -> usize {
        match self {
            Self::Complete(nodes) => nodes - 1,
            Self::Undirected(rows) | Self::Directed { out: rows, .. } => rows.degree(node),
        }
    }

    /// Number of senders of `node`.
    pub fn in_degree(&self, node: usize) -> usize {
        match self {
            Self::Directed { incoming, .. } => incoming.degree(node),
            symmetric => symmetric.degree(node),
        }
    }

    /// The largest degree of sending.
    pub fn max_degree(&self) -> usize {
        match self {
            Self::Complete(nodes) => nodes - 1,
            sparse => (0..sparse.nodes()).map(|node| sparse.degree(node)).max().unwrap_or(0),
        }
    }

    /// The `k`-th node that `node` sends to, `k < degree(node)`, in ascending order.
    pub fn neighbour(&self, node: usize, k: usize) -> usize {
        match self {
            Self::Complete(_) => k + usize::from(k >= node),
            Self::Undirected(rows) | Self::Directed { out: rows, .. } => rows.row(node)[k] as usize,
        }
    }

    /// A random node that `node` sends to, all equally likely; `None` if there is none.
    pub fn random_neighbour(&self, node: usize, rng: &mut Rng) -> Option<usize> {
        let degree = self.degree(node);
        (degree > 0).then(|| self.neighbour(node, rng.random_range(0..degree)))
    }

    /// The nodes that `node` sends to, ascending.
    pub fn neighbours(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + '_ {
        (0..self.degree(node)).map(move |k| self.neighbour(node, k))
    }

    /// The senders of `node`, ascending.
    pub fn senders(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + '_ {
        let directed = match self {
            Self::Directed { incoming, .. } => Some(incoming.row(node)),
            _ => None,
        };
        (0..self.in_degree(node)).map(move |k| directed.map_or_else(|| self.neighbour(node, k), |row| row[k] as usize))
    }

    /// Number of connected components; directions are ignored.
    pub fn components(&self) -> usize {
        if let Self::Complete(nodes) = self {
            return usize::from(*nodes > 0);
        }
        let mut seen = vec![false; self.nodes()];
        let (mut components, mut stack) = (0, Vec::new());
        for root in 0..self.nodes() {
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            components += 1;
            stack.push(root);
            while let Some(node) = stack.pop() {
                for next in self.neighbours(node).chain(self.senders(node)) {
                    if !std::mem::replace(&mut seen[next], true) {
                        stack.push(next);
                    }
                }
            }
        }
        components
    }
}
