//! One method of a cell with all its parts decided.

use std::path::Path;

use crate::{
    protocol::peers::no_topology,
    random::Setting,
    registry::{Parameters, Registry, complete, fit},
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

impl Arm {
    /// Reads the files that its local work comes from, so that it is known which they are. What is wrong with them is told where
    /// the method is built.
    pub(super) fn read_files(&self, setting: &Setting) {
        let _ = match &self.parameters {
            Parameters::Federated { own, parts } => {
                let client = parts.client.clone().unwrap_or_default();
                parts.local.build::<f64>(own.recipe().steps, &client, setting).err()
            }
            Parameters::Peers { own, parts } => parts.local.build::<f64>(own.steps(), &parts.client, setting).err(),
        };
    }
}

/// All arms of each method of `cell`, in the order of the file, for a fleet of `clients`; files are looked for from `folder`.
///
/// # Errors
/// Unknown methods, and every fault of their keys.
pub fn arms(cell: &Cell, clients: usize, (folder, registry): (&Path, &Registry)) -> Result<Vec<Vec<Arm>>, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut all = Vec::new();
    for method in &cell.methods {
        match arms_of(cell, method, clients, (folder, registry)) {
            Ok(arms) => all.push(arms),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

fn arms_of(
    cell: &Cell,
    method: &MethodTable,
    clients: usize,
    (folder, registry): (&Path, &Registry),
) -> Result<Vec<Arm>, Vec<Diagnostic>> {
    let Some(entry) = registry.find(&method.name) else {
        let names: Vec<&str> = registry.methods().iter().map(|entry| entry.card.name).collect();
        let fault = Diagnostic::at(method.name_span, format!("unknown method `{}`", method.name));
        return Err(vec![fault.suggest(&method.name, &names).help("`fedfleet methods` lists them")]);
    };
    if entry.section == "peers" && cell.network.topology.is_none() {
        return Err(vec![cell.fault(no_topology(&method.name))]);
    }
    let empty = Node::new(Value::Table(Table::default()), method.table.span);
    let section = cell.tree.get(entry.section);
    let shared = section.unwrap_or(&empty);
    let arm = |tree: &Node, tuned: Vec<Key>| {
        let parse = |at: &str| (entry.parse)(tree, at, registry);
        let mut parameters = parse(&format!("method.{}", write::key(&method.label))).map_err(|own| {
            // What stands in the shared section is told as a fault of that, once for all its methods.
            let of_section = parse(entry.section).err().unwrap_or_default();
            let is_shared = |fault: &Diagnostic| fault.span.is_some_and(|at| section.is_some_and(|section| section.holds(at)));
            let told = |(own, shared)| if is_shared(&own) { shared } else { own };
            own.into_iter().zip(of_section).map(told).collect::<Vec<_>>()
        })?;
        if let Parameters::Federated { parts, .. } = &mut parameters
            && let Some(schedule) = &mut parts.schedule
        {
            let loaded = schedule.load(folder, clients).map_err(|invalid| invalid.under("schedule"));
            loaded.map_err(|invalid| vec![Diagnostic::from_invalid(invalid, tree)])?;
        }
        let checked = match &parameters {
            Parameters::Federated { own, parts } => {
                let fitting = parts.validate(clients).and_then(|()| fit(own.as_ref(), parts, &cell.problem));
                fitting.and_then(|()| complete(own.as_ref(), parts, cell.problem.weights).grid(clients).map(|_| ()))
            }
            Parameters::Peers { own, parts } => parts.validate().and_then(|()| own.accepts(&parts.client)),
        };
        checked.map_err(|invalid| vec![Diagnostic::from_invalid(invalid, tree)])?;
        Ok(Arm { label: method.label.clone(), tuned, parameters })
    };
    method.variants_over(shared, &MERGED)?.into_iter().map(|choice| arm(&choice.tree, choice.keys)).collect()
}
