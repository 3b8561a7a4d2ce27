//! Where the fault of a method stands: in its own table, or in the section whose keys it takes.

use super::arm::Arm;
use crate::{
    invalid::Invalid,
    scenario::{Cell, Diagnostic, MERGED, MethodTable, Node},
};

/// A fault of the method of `arm`, with a path from the method's table.
pub(super) fn fault(cell: &Cell, arm: &Arm, invalid: Invalid) -> Diagnostic {
    let Some(index) = cell.methods.iter().position(|method| method.label == arm.label) else { return cell.fault(invalid) };
    let (method, section) = (&cell.methods[index], arm.parameters.section());
    let is_shared = cell.tree.get(section).is_some_and(|shared| is_shared(method, shared, &invalid.path));
    let place = if is_shared { section.to_owned() } else { format!("method.{index}") };
    cell.fault(invalid.under(&place))
}

/// Whether the method takes the value at `path` from the `shared` section.
fn is_shared(method: &MethodTable, shared: &Node, path: &[String]) -> bool {
    let depth = |node: &Node| node.nearest(path).1;
    let (own, shared) = (depth(&method.table), depth(shared));
    let merged = path.first().is_some_and(|key| MERGED.contains(&key.as_str()));
    shared > own && (own == 0 || merged)
}
