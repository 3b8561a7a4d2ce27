//! Where the fault of a method stands: in its own table, or in the section whose keys it takes.

use crate::scenario::{Cell, MERGED, MethodTable, Node};

/// Where the value at `path` of a method stands: the path of its table, or of the `section` whose keys it takes.
pub(super) fn place(cell: &Cell, method: &MethodTable, section: &str, path: &[String]) -> String {
    let index = cell.methods.iter().position(|other| other.label == method.label).unwrap_or_default();
    let shared = cell.tree.get(section).is_some_and(|shared| is_shared(method, shared, path));
    if shared { section.to_owned() } else { format!("method.{index}") }
}

/// Whether the method takes the value at `path` from the `shared` section.
fn is_shared(method: &MethodTable, shared: &Node, path: &[String]) -> bool {
    let depth = |node: &Node| node.nearest(path).1;
    let (own, shared) = (depth(&method.table), depth(shared));
    let merged = path.first().is_some_and(|key| MERGED.contains(&key.as_str()));
    shared > own && (own == 0 || merged)
}
