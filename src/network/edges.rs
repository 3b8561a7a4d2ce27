//! Graphs given edge by edge.

use std::path::Path;

use super::Graph;
use crate::{
    invalid::Invalid,
    random::Setting,
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
