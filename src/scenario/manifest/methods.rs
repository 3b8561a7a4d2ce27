//! `[federated]`, `[peers]` and `[[method]]` with what every method really used.
//!
//! A key is written out where it has one value in all cells, sweeps and tunes. What a section says stays there; what nobody
//! says, the method's recipe included, is written into the method.

use super::node;
use crate::{
    registry::{Parameters, Registry},
    scenario::{
        axis,
        cells::{self, Key},
        method::{MERGED, MethodTable},
        model::{Cell, Scenario},
        node::{Node, Table, Value},
    },
};

/// The key of a section that methods complete by choices of their own.
const SCHEDULE: &str = "schedule";

/// One arm of a method, all its parts written out.
#[derive(Debug, PartialEq)]
pub(in crate::scenario) struct Meant {
    pub label: String,
    pub tuned: Vec<Key>,
    fixed_steps: Option<usize>,
    pub table: Node,
}

impl Scenario {
    /// All arms of all methods, by cell; `None` where a method cannot be read.
    pub(in crate::scenario) fn meant(&self) -> Option<Vec<Vec<Vec<Meant>>>> {
        let of_cell = |cell: &Cell| cell.methods.iter().map(|method| arms(cell, method, &self.registry)).collect();
        self.cells.iter().map(of_cell).collect()
    }

    /// `document` with the parts of its methods written out.
    pub(super) fn with_parts(&self, document: &Node) -> Option<Node> {
        let mut written = document.clone();
        let mut meant = self.meant()?;
        let items = document.get("method")?.as_array()?;
        let (mut methods, mut start) = (Vec::new(), 0);
        for (index, item) in items.iter().enumerate() {
            let section = self.registry.find(item.get("name")?.as_str()?)?.section;
            let count = cells::swept_methods(item).ok()?.len();
            let arms: Vec<Meant> = meant.iter_mut().flat_map(|cell| cell.drain(..count).flatten()).collect();
            methods.push((index, section, item, arms));
            start += count;
        }
        for (index, section, _, arms) in &methods {
            let sharing = methods.iter().filter(|(_, of, item, _)| of == section && item.get(SCHEDULE).is_none());
            let apart = mean_different_things(sharing.flat_map(|(.., arms)| arms));
            let shared = document.get(section).map(|shared| if apart { without(shared, SCHEDULE) } else { shared.clone() });
            write_out(written.descend_mut(&["method", &index.to_string()])?, shared.as_ref(), arms);
        }
        debug_assert!(self.cells.iter().all(|cell| cell.methods.len() == start), "every method comes from one of the file");
        for section in ["federated", "peers"] {
            let Some(target) = written.child_mut(section).and_then(Node::as_table_mut) else { continue };
            for entry in target.iter_mut() {
                let takes =
                    |(_, of, item, _): &&(usize, &str, &Node, Vec<Meant>)| *of == section && item.get(&entry.key).is_none();
                let arms = methods.iter().filter(takes).flat_map(|(.., arms)| arms);
                let below: Option<Vec<&Node>> = arms.map(|arm| arm.table.get(&entry.key)).collect();
                fill(&mut entry.node, None, &below.unwrap_or_default());
            }
        }
        Some(written)
    }
}

/// Whether `arms` read the schedule of their section differently, since a method fills in what it leaves out.
fn mean_different_things<'a>(arms: impl Iterator<Item = &'a Meant>) -> bool {
    let schedules: Option<Vec<&Node>> = arms.map(|arm| arm.table.get(SCHEDULE)).collect();
    schedules.is_some_and(|schedules| !schedules.is_empty() && common(&schedules).is_none())
}

/// `table` without this key.
fn without(table: &Node, key: &str) -> Node {
    let mut rest = table.clone();
    let _ = rest.as_table_mut().and_then(|table| table.remove(key));
    rest
}

/// The arms of `method` with their parts written out.
fn arms(cell: &Cell, method: &MethodTable, registry: &Registry) -> Option<Vec<Meant>> {
    let entry = registry.find(&method.name)?;
    let empty = Node::new(Value::Table(Table::default()), method.table.span);
    let choices = method.variants_over(cell.tree.get(entry.section).unwrap_or(&empty), &MERGED).ok()?;
    let arm = |choice: cells::Choice| {
        let parameters = (entry.parse)(&choice.tree, "method", registry).ok()?.resolved(&cell.problem);
        let (own, parts) = match &parameters {
            Parameters::Federated { own, parts } => (node(&own.to_table())?, node(parts)?),
            Parameters::Peers { own, parts } => (node(&own.to_table())?, node(parts)?),
        };
        let mut table = own.as_table()?.clone();
        parts.as_table()?.iter().for_each(|part| table.insert(&part.key, part.key_span, part.node.clone()));
        let table = Node::new(Value::Table(table), method.table.span);
        Some(Meant { label: method.label.clone(), tuned: choice.keys, fixed_steps: parameters.fixed_steps(), table })
    };
    choices.into_iter().map(arm).collect()
}

/// Writes what all `arms` have in common into the method `item`, except for what it takes from `shared`.
fn write_out(item: &mut Node, shared: Option<&Node>, arms: &[Meant]) {
    let tables: Vec<&Node> = arms.iter().map(|arm| &arm.table).collect();
    fill(item, shared, &tables);
    let steps: Option<Vec<&Node>> = tables.iter().map(|table| table.descend(&["local", "steps"])).collect();
    let (Some(steps), true) = (steps, arms.iter().all(|arm| arm.fixed_steps.is_some())) else { return };
    let (Some(only), Some(item)) = (common(&steps), item.as_table_mut()) else { return };
    if item.get("local").is_none() {
        item.insert("local", only.span, Node::new(Value::Table(Table::default()), only.span));
    }
    if let Some(local) = item.get_mut("local").and_then(Node::as_table_mut)
        && !local.get("steps").is_some_and(axis::is_axis)
    {
        local.insert("steps", only.span, only.clone());
    }
}

/// Puts the keys that `target` leaves out into it, where all of `meant` agree and `inherited` does not have them.
fn fill(target: &mut Node, inherited: Option<&Node>, meant: &[&Node]) {
    let Some(first) = meant.first().filter(|_| !axis::is_axis(target)) else { return };
    let below = |step: &str| meant.iter().map(|node| node.child(step)).collect::<Option<Vec<&Node>>>();
    match (&mut target.value, &first.value) {
        (Value::Table(table), Value::Table(keys)) => {
            for entry in keys.iter() {
                let Some(below) = below(&entry.key) else { continue };
                let over = inherited.and_then(|node| node.get(&entry.key));
                match (table.get_mut(&entry.key), over, common(&below)) {
                    (Some(node), ..) => fill(node, over.filter(|_| MERGED.contains(&entry.key.as_str())), &below),
                    (None, None, Some(only)) => table.insert(&entry.key, entry.key_span, only.clone()),
                    _ => {}
                }
            }
        }
        (Value::Array(items), Value::Array(_)) => {
            for (index, item) in items.iter_mut().enumerate() {
                fill(item, None, &below(&index.to_string()).unwrap_or_default());
            }
        }
        // A choice without parameters, such as `"rounds"`.
        (Value::String(_), Value::Table(_)) => target.value = common(meant).unwrap_or(target).value.clone(),
        _ => {}
    }
}

/// The value that all of `nodes` have.
fn common<'a>(nodes: &[&'a Node]) -> Option<&'a Node> {
    nodes.split_first().filter(|(first, rest)| rest.iter().all(|node| node == *first)).map(|(first, _)| *first)
}
