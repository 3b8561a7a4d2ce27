//! A whole scenario: every section read and checked, for every cell of the sweeps.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::{
    Rejected, axis,
    cells::{self, Choice, Key},
    decode::decode,
    diagnostic::Diagnostic,
    document, elsewhere,
    left_out::leave_out,
    made::Made,
    method::{MethodTable, methods, missing},
    nearest,
    node::{Node, Table, Value},
    overrides::{self, Override},
    seeds::Seeds,
    source::Sources,
};
use crate::{
    figure::FigureSpec,
    file::bounded,
    fleet::FleetSpec,
    invalid::{Invalid, one_line},
    network::NetworkSpec,
    num::Precision,
    problem::ProblemSpec,
    record::{Stop, paper::PaperSpec},
    registry::Registry,
};

/// The keys at the root of a scenario, in the order in which a manifest has them.
pub(super) const SECTIONS: [&str; 17] = [
    "title",
    "paper",
    "folder",
    "seeds",
    "stop",
    "precision",
    "problem",
    "fleet",
    "network",
    "record",
    "tune",
    "federated",
    "peers",
    "method",
    "claim",
    "figure",
    "made",
];

/// Most faults that are shown at once.
const MOST: usize = 40;

/// A scenario: what is compared, and in which worlds.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The question of the scenario; the name of the file if it has no `title`.
    pub title: String,
    /// The folder that relative paths of data files start from: that of the scenario file, unless `folder` says otherwise.
    pub folder: PathBuf,
    /// The seeds: a world each.
    pub seeds: Seeds,
    /// One cell for each combination of swept keys; a single one without sweeps.
    pub cells: Vec<Cell>,
    /// The origin of the results, if this is their manifest.
    pub made: Option<Made>,
    /// The keys that were changed, as they were given; those from which a manifest was made come first.
    pub overrides: Vec<String>,
    /// Claims and figures left out because of changed keys, a line each.
    pub notes: Vec<String>,
    /// The whole file with all `--set` applied, sweeps in place.
    pub(super) document: Node,
    pub(super) sources: Sources,
    /// The names that it may use.
    pub registry: Registry,
}

/// One combination of the swept keys: a world, and the methods that meet it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The swept keys with their values.
    pub keys: Vec<Key>,
    /// The bounds of runs.
    pub stop: Stop,
    /// The problem.
    pub problem: ProblemSpec,
    /// The clients.
    pub fleet: FleetSpec,
    /// The network.
    pub network: NetworkSpec,
    /// The scalar type: that of the file, or else that of the problem.
    pub precision: Precision,
    /// The methods, in the order of the file; their labels differ.
    pub methods: Vec<MethodTable>,
    /// The file with this cell's values in place of the sweeps.
    pub tree: Node,
}

impl Cell {
    /// The swept keys as `alpha = 0.1, clients = 10`; empty without sweeps.
    pub fn name(&self) -> String {
        cells::name(&self.keys)
    }

    /// Whether both give the same runs, wherever they are written and whatever defaults are written out.
    pub(super) fn means_the_same(&self, other: &Self) -> bool {
        let whole = |cell: &Self| Self { tree: empty(&cell.tree), fleet: cell.fleet.resolved(), ..cell.clone() };
        whole(self) == whole(other)
    }

    /// A fault found while this cell is built or run: `invalid` has the path from the root of the scenario, where methods
    /// are counted as in [`methods`](Self::methods).
    pub fn fault(&self, invalid: Invalid) -> Diagnostic {
        let fault = Diagnostic::from_invalid(invalid, &self.tree);
        if self.keys.is_empty() { fault } else { fault.note(in_cell(&self.name())) }
    }
}

/// The largest scenario file [byte].
const LARGEST: u64 = 64 << 20;

impl Scenario {
    /// Reads and checks the scenario file at `path`, with keys changed by `changes`.
    ///
    /// # Errors
    /// A file that cannot be read, and every fault in it.
    pub fn load(path: &Path, changes: &[Override], registry: &Registry) -> Result<Self, Rejected> {
        match bounded::read_text(path, LARGEST) {
            Ok(text) => Self::read(path, &text, changes, registry),
            Err(error) => Err(Rejected::new(Sources::default(), vec![unreadable(path, &error)])),
        }
    }

    /// Reads and checks the text of a scenario; `path` is used in messages, as the folder of data files, and for the title.
    ///
    /// # Errors
    /// Every fault of the text.
    pub fn read(path: &Path, text: &str, changes: &[Override], registry: &Registry) -> Result<Self, Rejected> {
        let mut sources = Sources::default();
        let source = sources.add(path.display().to_string(), text);
        let document = document::parse(&sources, source).and_then(|written| {
            let (mut document, mut faults) = (written.clone(), Vec::new());
            for change in changes {
                faults.extend(overrides::apply(&mut document, change, &mut sources).err().into_iter().flatten());
            }
            let notes = if changes.is_empty() { Vec::new() } else { leave_out(&written, &mut document, registry) };
            if faults.is_empty() { Ok((document, notes)) } else { Err(faults) }
        });
        match document.and_then(|(document, notes)| Ok((Self::resolve(path, document, registry)?, notes))) {
            Ok((scenario, notes)) => {
                let mut overrides = scenario.overrides;
                overrides.extend(changes.iter().map(|change| change.text.clone()));
                Ok(Self { sources, overrides, notes, ..scenario })
            }
            Err(faults) => Err(Rejected::new(sources, elsewhere::told(faults, registry))),
        }
    }

    /// The file that the scenario was read from, as it was given.
    pub fn file(&self) -> &str {
        self.sources.first()
    }

    /// The labels of the methods, in the order of the file.
    pub fn labels(&self) -> Vec<&str> {
        self.cells[0].methods.iter().map(|method| method.label.as_str()).collect()
    }

    /// The figures of the scenario.
    ///
    /// # Errors
    /// Every fault of its figures.
    pub fn figures(&self) -> Result<Vec<FigureSpec>, Rejected> {
        let section = self.cells[0].tree.get("figure").map(|node| decode(node, "figure", &self.registry));
        section.unwrap_or(Ok(Vec::new())).map_err(|faults| self.reject(faults))
    }

    /// All faults at once, as an error that can be shown.
    pub fn reject(&self, faults: Vec<Diagnostic>) -> Rejected {
        Rejected::new(self.sources.clone(), elsewhere::told(faults, &self.registry))
    }

    pub(super) fn resolve(path: &Path, document: Node, registry: &Registry) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = unknown_sections(&document);
        let choices = cells::cells(&document, registry).unwrap_or_else(|malformed| {
            faults.extend(malformed);
            Vec::new()
        });
        let stem = path.file_stem().map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let title: String = optional(&document, "title", registry, &mut faults).unwrap_or(stem);
        checked("title", one_line("", &title), &document, &mut faults);
        let paper: Option<PaperSpec> = optional(&document, "paper", registry, &mut faults);
        checked("paper", paper.as_ref().map_or(Ok(()), PaperSpec::check), &document, &mut faults);
        let folder: PathBuf = optional(&document, "folder", registry, &mut faults).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("")).join(folder);
        let seeds: Seeds = optional(&document, "seeds", registry, &mut faults).unwrap_or_default();
        checked("seeds", seeds.check(), &document, &mut faults);
        let made: Option<Made> = optional(&document, "made", registry, &mut faults);
        let overrides = made.as_ref().map(|made| made.overrides.clone()).unwrap_or_default();
        let cells = every_cell(choices, registry, &mut faults);
        if faults.is_empty() {
            let (notes, sources) = (Vec::new(), Sources::default());
            Ok(Self { title, folder, seeds, cells, made, overrides, notes, document, sources, registry: registry.clone() })
        } else {
            Err(faults)
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let fault = Diagnostic::new(format!("cannot read `{}`: {error}", path.display()));
    if error.kind() != std::io::ErrorKind::NotFound {
        return fault;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: BTreeSet<String> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| name.ends_with(".toml")).collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match nearest(&wanted, &names) {
        Some(name) => fault.help(format!("did you mean `{}`?", path.with_file_name(name).display())),
        None => fault.help(format!("`fedfleet new {}` writes a scenario to start from", path.display())),
    }
}

fn unknown_sections(document: &Node) -> Vec<Diagnostic> {
    let unknown = document.as_table().into_iter().flat_map(Table::iter).filter(|entry| !SECTIONS.contains(&entry.key.as_str()));
    unknown
        .map(|entry| {
            let fault = Diagnostic::at(entry.key_span, format!("unknown key `{}` in the scenario", entry.key));
            fault.suggest(&entry.key, &SECTIONS)
        })
        .collect()
}

/// Reads all cells. A fault of only some cells says of which.
fn every_cell(choices: Vec<Choice>, registry: &Registry, faults: &mut Vec<Diagnostic>) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(choices.len());
    let mut found = OfCells::default();
    for choice in choices {
        let mut here = Vec::new();
        let name = cells::name(&choice.keys);
        cells.extend(one_cell(choice, registry, &mut here));
        found.add(&name, here);
        if found.are_many() {
            break;
        }
    }
    faults.extend(found.told());
    cells
}

/// Faults of several cells, each reported once.
#[derive(Debug, Default)]
pub struct OfCells {
    found: Vec<(Diagnostic, Vec<String>)>,
    read: usize,
}

impl OfCells {
    /// Adds the faults of one more cell, called `name`.
    pub fn add(&mut self, name: &str, faults: Vec<Diagnostic>) {
        self.read += 1;
        for mut fault in faults {
            fault.notes.retain(|note| *note != in_cell(name));
            match self.found.iter_mut().find(|(known, _)| *known == fault) {
                Some((_, of)) if of.last().is_some_and(|last| last == name) => {}
                Some((_, of)) => of.push(name.to_owned()),
                None => self.found.push((fault, vec![name.to_owned()])),
            }
        }
    }

    /// Whether there are as many as anyone will read.
    pub fn are_many(&self) -> bool {
        self.found.len() > MOST
    }

    /// The faults; one of only some cells says of which.
    pub fn told(self) -> Vec<Diagnostic> {
        let read = self.read;
        let told = |(fault, of): (Diagnostic, Vec<String>)| match of.as_slice() {
            all if all.len() == read => fault,
            [only] => fault.note(in_cell(only)),
            several => fault.note(format!("in {} of {read} cells, first {}", several.len(), several[0])),
        };
        self.found.into_iter().map(told).collect()
    }
}

fn in_cell(name: &str) -> String {
    format!("in the cell {name}")
}

/// Reads one cell; `None` if what every scenario must have is missing or unsound.
fn one_cell(choice: Choice, registry: &Registry, faults: &mut Vec<Diagnostic>) -> Option<Cell> {
    let Choice { keys, tree } = choice;
    let stop: Option<Stop> = required(&tree, "stop", "`stop = { rounds = 500 }`", registry, faults);
    let problem: Option<ProblemSpec> = required(&tree, "problem", "a section `[problem]`", registry, faults);
    let fleet: FleetSpec = optional(&tree, "fleet", registry, faults).unwrap_or_default();
    let network: NetworkSpec = optional(&tree, "network", registry, faults).unwrap_or_default();
    let precision: Option<Precision> = optional(&tree, "precision", registry, faults);
    let methods = methods(&tree, faults);
    checked("stop", stop.as_ref().map_or(Ok(()), Stop::check), &tree, faults);
    checked("problem", problem.as_ref().map_or(Ok(()), ProblemSpec::check), &tree, faults);
    checked("fleet", fleet.validate(), &tree, faults);
    checked("network", network.validate(), &tree, faults);
    let (stop, problem) = (stop?, problem?);
    let precision = precision.unwrap_or_else(|| problem.default_precision());
    Some(Cell { keys, stop, problem, fleet, network, precision, methods, tree })
}

/// The section `key`, if the file has it and it is sound.
fn optional<T: DeserializeOwned>(tree: &Node, key: &str, registry: &Registry, faults: &mut Vec<Diagnostic>) -> Option<T> {
    // A sweep that is still here is in a section that cannot have one, which has been reported.
    let node = tree.get(key).filter(|node| !axis::is_axis(node))?;
    decode(node, key, registry).map_err(|found| faults.extend(found)).ok()
}

/// The section `key`; `example` shows how to write it.
fn required<T: DeserializeOwned>(
    tree: &Node,
    key: &str,
    example: &str,
    registry: &Registry,
    faults: &mut Vec<Diagnostic>,
) -> Option<T> {
    if tree.get(key).is_none() {
        faults.push(missing(tree, key, example));
    }
    optional(tree, key, registry, faults)
}

/// Notes what a check of the section `key` found.
fn checked(key: &str, outcome: Result<(), Invalid>, tree: &Node, faults: &mut Vec<Diagnostic>) {
    if let Err(invalid) = outcome {
        faults.push(Diagnostic::from_invalid(invalid.under(key), tree));
    }
}

/// An empty table at the place of `tree`.
fn empty(tree: &Node) -> Node {
    Node::new(Value::Table(Table::default()), tree.span)
}
