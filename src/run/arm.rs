//! One method of a cell with all its parts decided.

use crate::{
    registry::{Parameters, Registry, complete, fit},
    role::peers::no_topology,
    scenario::{Cell, Diagnostic, MERGED, MethodTable, Node, Table, Value, cells::Key, write},
};

/// A method with one choice of its tuned keys, ready to be built.
#[derive(Debug, Clone)]
pub struct Arm {
    /// What records and figures call the method.
    pub label: String,
    /// The tuned keys with the values of this arm; empty where nothing is tuned.
    pub tuned: Vec<Key>,
    /// The method's own parameters and its parts.
    pub parameters: Parameters,
}

/// All arms of each method of `cell`, in the order of the file, for a fleet of `clients`.
///
/// # Errors
/// Unknown methods, and every fault of their keys.
pub fn arms(cell: &Cell, clients: usize, registry: &Registry) -> Result<Vec<Vec<Arm>>, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut all = Vec::new();
    for method in &cell.methods {
        match arms_of(cell, method, clients, registry) {
            Ok(arms) => all.push(arms),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

fn arms_of(cell: &Cell, method: &MethodTable, clients: usize, registry: &Registry) -> Result<Vec<Arm>, Vec<Diagnostic>> {
    let Some(entry) = registry.find(&method.name) else {
        let names: Vec<&str> = registry.methods().iter().map(|entry| entry.card.name).collect();
        let fault = Diagnostic::at(method.name_span, format!("unknown method `{}`", method.name));
        return Err(vec![fault.suggest(&method.name, &names).help("`fedfleet methods` lists them")]);
    };
    if entry.section == "peers" && cell.network.topology.is_none() {
        return Err(vec![cell.fault(no_topology(&method.name))]);
    }
    let empty = Node::new(Value::Table(Table::default()), method.table.span);
    let shared = cell.tree.get(entry.section).unwrap_or(&empty);
    let arm = |tree: &Node, tuned: Vec<Key>| {
        let parameters = (entry.parse)(tree, &format!("method.{}", write::key(&method.label)), registry)?;
        let checked = match &parameters {
            Parameters::Served { own, parts } => {
                let fitting = parts.validate(clients).and_then(|()| fit(own.as_ref(), parts, &cell.problem.objective));
                fitting.and_then(|()| complete(own.as_ref(), parts).grid(clients).map(|_| ()))
            }
            Parameters::Peers { own, parts } => parts.validate().and_then(|()| own.accepts(&parts.client)),
        };
        checked.map_err(|invalid| vec![Diagnostic::from_invalid(invalid, tree)])?;
        Ok(Arm { label: method.label.clone(), tuned, parameters })
    };
    method.variants_over(shared, &MERGED)?.into_iter().map(|choice| arm(&choice.tree, choice.keys)).collect()
}
