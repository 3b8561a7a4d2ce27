//! One method of a cell with all its parts decided.

use std::path::Path;

use super::placed::place;
use crate::{
    analysis::Ground,
    invalid::Invalid,
    protocol::peers::no_topology,
    random::Setting,
    registry::{Entry, Parameters, Registry},
    scenario::{
        Cell, Diagnostic, MERGED, MethodTable, Node, Table, Value,
        cells::{Choice, Key},
        write,
    },
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
    /// A fault of the method, with a path from the method's table.
    pub(super) fn fault(&self, cell: &Cell, invalid: Invalid) -> Diagnostic {
        let method = cell.methods.iter().find(|method| method.label == self.label);
        let place = method.map(|method| place(cell, method, self.parameters.section(), &invalid.path));
        cell.fault(place.map_or(invalid.clone(), |place| invalid.under(&place)))
    }

    /// Reads the files that its local work comes from, so that it is known which they are. What is wrong with them is told where
    /// the method is built.
    pub(super) fn read_files(&self, setting: &Setting) {
        let _ = match &self.parameters {
            Parameters::Federated { own, parts } => {
                let client = parts.client.clone().unwrap_or_default();
                parts.local.build::<f64>(own.recipe().steps, &client, setting).err()
            }
            Parameters::Peers { own, parts } => parts.local.build::<f64>(own.needs().steps, &parts.client, setting).err(),
        };
    }
}

/// All arms of each method of `cell`, in the order of the file, checked on their ground; files are looked for from `folder`.
///
/// # Errors
/// Unknown methods, and every fault of their keys.
pub fn arms(cell: &Cell, ground: Ground<'_>, place: (&Path, &Registry)) -> Result<Vec<Vec<Arm>>, Vec<Diagnostic>> {
    let mut faults = Told::default();
    let mut all = Vec::new();
    for method in &cell.methods {
        match arms_of(cell, method, ground, place) {
            Ok(arms) => all.push(arms),
            Err(found) => faults.add(&method.label, found),
        }
    }
    let faults = faults.told(cell);
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// For each method the arms beyond the ends of its grids that can be run on their ground, in the order of their values.
pub(super) fn beyond(cell: &Cell, ground: Ground<'_>, place: (&Path, &Registry)) -> Vec<Vec<Arm>> {
    let of_method = |method: &MethodTable| {
        let source = Source::of(cell, method, ground, place).ok()?;
        let choices = method.beyond_over(&source.shared, &MERGED).ok()?;
        Some(choices.into_iter().filter_map(|choice| source.arm(choice).ok()).collect())
    };
    cell.methods.iter().map(|method| of_method(method).unwrap_or_default()).collect()
}

/// Faults with the methods that have them: one in a shared section is told once.
#[derive(Default)]
struct Told<'a>(Vec<(Diagnostic, Vec<&'a str>)>);

impl<'a> Told<'a> {
    fn add(&mut self, label: &'a str, faults: Vec<Diagnostic>) {
        for fault in faults {
            match self.0.iter_mut().find(|(known, _)| *known == fault) {
                Some((_, of)) if of.contains(&label) => {}
                Some((_, of)) => of.push(label),
                None => self.0.push((fault, vec![label])),
            }
        }
    }

    /// The faults; one in a shared section that not all methods have names those that do.
    fn told(self, cell: &Cell) -> Vec<Diagnostic> {
        let sections: Vec<&Node> = ["federated", "peers"].into_iter().filter_map(|key| cell.tree.get(key)).collect();
        let is_shared = |fault: &Diagnostic| fault.span.is_some_and(|at| sections.iter().any(|section| section.holds(at)));
        let told = |(fault, of): (Diagnostic, Vec<&str>)| {
            let says_whose = of.len() < cell.methods.len() && is_shared(&fault);
            if says_whose { fault.note(format!("this concerns `{}`", of.join("`, `"))) } else { fault }
        };
        self.0.into_iter().map(told).collect()
    }
}

fn arms_of(
    cell: &Cell,
    method: &MethodTable,
    ground: Ground<'_>,
    place: (&Path, &Registry),
) -> Result<Vec<Arm>, Vec<Diagnostic>> {
    let source = Source::of(cell, method, ground, place)?;
    method.variants_over(&source.shared, &MERGED)?.into_iter().map(|choice| source.arm(choice)).collect()
}

/// All that the arms of a method are made from.
struct Source<'a> {
    cell: &'a Cell,
    method: &'a MethodTable,
    entry: &'a Entry,
    /// The keys that the method shares with others.
    shared: Node,
    ground: Ground<'a>,
    folder: &'a Path,
    registry: &'a Registry,
}

impl<'a> Source<'a> {
    fn of(
        cell: &'a Cell,
        method: &'a MethodTable,
        ground: Ground<'a>,
        (folder, registry): (&'a Path, &'a Registry),
    ) -> Result<Self, Vec<Diagnostic>> {
        let Some(entry) = registry.find(&method.name) else {
            let names: Vec<&str> = registry.methods().iter().map(|entry| entry.card.name).collect();
            let fault = Diagnostic::at(method.name_span, format!("unknown method `{}`", method.name));
            return Err(vec![fault.suggest(&method.name, &names).help("`fedfleet methods` lists them")]);
        };
        if entry.section == "peers" && cell.network.topology.is_none() {
            return Err(vec![cell.fault(no_topology(&method.name))]);
        }
        let empty = || Node::new(Value::Table(Table::default()), method.table.span);
        let shared = cell.tree.get(entry.section).cloned().unwrap_or_else(empty);
        Ok(Self { cell, method, entry, shared, ground, folder, registry })
    }

    /// The arm with these values, checked.
    fn arm(&self, Choice { keys, tree }: Choice) -> Result<Arm, Vec<Diagnostic>> {
        let &Self { cell, method, entry, ground, folder, registry, .. } = self;
        let section = cell.tree.get(entry.section);
        let parse = |at: &str| (entry.parse)(&tree, at, registry);
        let mut parameters = parse(&format!("method.{}", write::key(&method.label))).map_err(|own| {
            // What stands in the shared section is told as a fault of that, once for all its methods.
            let of_section = parse(entry.section).err().unwrap_or_default();
            let is_shared = |fault: &Diagnostic| fault.span.is_some_and(|at| section.is_some_and(|section| section.holds(at)));
            let told = |(own, shared)| if is_shared(&own) { shared } else { own };
            own.into_iter().zip(of_section).map(told).collect::<Vec<_>>()
        })?;
        let at_key = |invalid: Invalid| {
            let place = place(cell, method, entry.section, &invalid.path);
            vec![Diagnostic::within(invalid, &tree, &place)]
        };
        parameters.load(folder, ground.clients).map_err(at_key)?;
        parameters.validate(ground.clients).and_then(|()| parameters.fits(ground.d)).map_err(at_key)?;
        let mut misfits = parameters.misfits(ground);
        misfits.extend(contradiction(&parameters, method));
        let faults: Vec<Diagnostic> = misfits.into_iter().flat_map(at_key).collect();
        if faults.is_empty() { Ok(Arm { label: method.label.clone(), tuned: keys, parameters }) } else { Err(faults) }
    }
}

/// A number of clients at work that the schedule beside it, in the same section, contradicts.
fn contradiction(parameters: &Parameters, method: &MethodTable) -> Option<Invalid> {
    let Parameters::Federated { parts, .. } = parameters else { return None };
    let has_own = |key: &str| method.table.get(key).is_some();
    let schedule = parts.schedule.as_ref().filter(|_| has_own("concurrency") == has_own("schedule"))?;
    let named = schedule.contradiction(parts.concurrency?)?;
    let message = format!("the schedule beside it says how many clients are at work: `{named}`");
    let help = "remove one of the two: `concurrency` counts for schedules that name no number";
    Some(Invalid::at("concurrency", message).help(help))
}
