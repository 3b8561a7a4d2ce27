//! The resolved scenario as a file: everything a run used, defaults included.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::{
    axis,
    decode::decode,
    document,
    method::MERGED,
    model::{Cell, SECTIONS, Scenario},
    node::{Node, Table, Value},
    source::Sources,
    write,
};
use crate::{
    method::registry::{self, Parameters},
    record::RecordSpec,
};

impl Scenario {
    /// The scenario as a TOML file for `folder`: with all overrides, and with the defaults that the sections have.
    ///
    /// Reading that file gives the same runs. A section whose defaults cannot be told from a sweep is kept as written.
    pub fn manifest(&self, folder: &Path) -> String {
        let mut root = self.document.clone();
        for (key, resolved) in self.resolved() {
            let Some(resolved) = resolved else { continue };
            let mut candidate = root.clone();
            if let Some(table) = candidate.as_table_mut() {
                table.insert(key, self.document.span, with_sweeps(resolved, &self.document, key));
            }
            // Defaults that are written out make other tables of methods, but the same methods.
            let same = if key == "method" { self.same_worlds(&candidate) } else { self.same_runs(&candidate) };
            if same {
                root = candidate;
            }
        }
        let written = root.as_table();
        let mut ordered = Table::default();
        for key in SECTIONS {
            if key == "folder" {
                let path = relative(&self.folder, folder).display().to_string();
                ordered.insert(key, root.span, Node::string(path, root.span));
            } else if let Some(entry) = written.and_then(|table| table.entry(key)) {
                ordered.insert(key, entry.key_span, entry.node.clone());
            }
        }
        write::document(&ordered)
    }

    /// The sections of the first cell with their defaults; `None` for those that cannot be written.
    fn resolved(&self) -> Vec<(&'static str, Option<Node>)> {
        let mut sections = vec![("title", node(&self.title)), ("seeds", node(&self.seeds))];
        if let Some(cell) = self.cells.first() {
            sections.push(("stop", node(&cell.stop)));
            sections.push(("precision", node(&cell.precision)));
            sections.push(("problem", node(&cell.problem)));
            sections.push(("fleet", node(&cell.fleet)));
            sections.push(("network", node(&cell.network)));
            sections.push(("record", self.record(cell)));
            sections.push(("method", self.methods(cell)));
        }
        sections
    }

    /// `[record]` with its defaults, and the distance between samples where it is the same in all cells.
    fn record(&self, cell: &Cell) -> Option<Node> {
        let written = cell.tree.get("record").map(|section| decode::<RecordSpec>(section, "record"));
        let mut record = written.transpose().ok()?.unwrap_or_default();
        let every = record.every(&cell.stop);
        if self.cells.iter().all(|other| record.every(&other.stop) == every) {
            record.every = Some(every);
        }
        node(&record)
    }

    /// `[[method]]` as written, with the defaults of each method's own parameters.
    fn methods(&self, cell: &Cell) -> Option<Node> {
        let mut written = self.document.get("method")?.clone();
        let Value::Array(items) = &mut written.value else { return None };
        for item in items {
            let name = item.get("name")?.as_str()?.to_owned();
            let entry = registry::find(&name)?;
            // A method that sweeps keys of its own stands several times in a cell: the defaults are the same.
            let method = cell.methods.iter().find(|method| method.name == name)?;
            let shared =
                cell.tree.get(entry.section).cloned().unwrap_or_else(|| Node::new(Value::Table(Table::default()), item.span));
            let choice = method.variants_over(&shared, &MERGED).ok()?.into_iter().next()?;
            let own = match (entry.parse)(&choice.tree, "method").ok()? {
                Parameters::Served { own, .. } => own.to_table(),
                Parameters::Peers { own, .. } => own.to_table(),
            };
            let defaults = node(&own)?;
            let table = item.as_table_mut()?;
            for default in defaults.as_table()?.iter() {
                if table.get(&default.key).is_none() && shared.get(&default.key).is_none() {
                    table.insert(&default.key, default.key_span, default.node.clone());
                }
            }
        }
        Some(written)
    }

    /// Whether `document` means the same worlds, with as many methods.
    fn same_worlds(&self, document: &Node) -> bool {
        let Ok(other) = Self::resolve(Path::new(""), document.clone()) else { return false };
        let world = |cell: &Cell| Cell { methods: Vec::new(), tree: Node::string("", cell.tree.span), ..cell.clone() };
        self.cells.len() == other.cells.len()
            && self.cells.iter().zip(&other.cells).all(|(a, b)| world(a) == world(b) && a.methods.len() == b.methods.len())
    }

    /// Whether `document` means the same runs as this scenario.
    fn same_runs(&self, document: &Node) -> bool {
        let Ok(other) = Self::resolve(Path::new(""), document.clone()) else { return false };
        (&self.title, &self.seeds) == (&other.title, &other.seeds)
            && self.cells.len() == other.cells.len()
            && self.cells.iter().zip(&other.cells).all(|(a, b)| a.means_the_same(b))
    }
}

/// `value` as a tree, with its keys in the order of its type.
fn node<T: Serialize>(value: &T) -> Option<Node> {
    #[derive(Serialize)]
    struct Wrap<'a, T> {
        value: &'a T,
    }
    let text = toml::to_string(&Wrap { value }).ok()?;
    let mut sources = Sources::default();
    let source = sources.add("", text);
    document::parse(&sources, source).ok()?.get("value").cloned()
}

/// Puts the sweeps and tunes that `document` has below `key` into `section`.
fn with_sweeps(mut section: Node, document: &Node, key: &str) -> Node {
    let Some(written) = document.get(key) else { return section };
    for axis in axis::axes(document).unwrap_or_default().iter().filter(|axis| axis.path[0] == key) {
        let path = &axis.path[1..];
        let Some(value) = written.descend(path) else { continue };
        let Some((last, parents)) = path.split_last() else { return value.clone() };
        if let Some(Node { value: Value::Table(table), .. }) = section.descend_mut(parents) {
            table.insert(last, axis.span, value.clone());
        }
    }
    section
}

/// The path of the folder `to` as seen from the folder `from`; absolute where there is no such path.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let absolute = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
    };
    let (to, from) = (absolute(to), absolute(from));
    let common = to.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    if !to.components().take(common).any(|part| matches!(part, Component::Normal(_))) {
        return to;
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(common)).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = \"t\"\nseeds = [1, 4]\nstop = { rounds = 5 }\n[problem]\nobjective = \"quadratic\"\ninit = { sweep = [\"zeros\", { normal = { sd = 2 } }] }\n\
        [fleet]\nclients = 4\nstep = { exponential = { mean = { sweep = [0.5, 1] } } }\n[served]\nlocal = { lr = 0.1 }\n[[method]]\nname = \"fedprox\"\n";

    #[test]
    fn a_manifest_means_the_same_and_is_its_own_manifest() {
        let scenario = Scenario::read(Path::new("a.toml"), TEXT, &[]).unwrap();
        let manifest = scenario.manifest(Path::new("results"));
        let again = Scenario::read(Path::new("results/manifest.toml"), &manifest, &[]).unwrap();
        assert!(scenario.same_worlds(&again.document), "{manifest}");
        assert_eq!(again.cells.len(), 4);
        assert_eq!(again.manifest(Path::new("results")), manifest);
        assert!(manifest.contains("assign = \"shuffled\""), "{manifest}");
        assert!(manifest.contains("[record]\nevery = { rounds = 1 }\n"), "{manifest}");
        assert!(manifest.contains("mu = 0.01"), "{manifest}");
    }

    #[test]
    fn folders_are_seen_from_where_the_manifest_is() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(relative(Path::new("scenarios"), Path::new("results/quick")), Path::new("../../scenarios"));
        assert_eq!(relative(&here, Path::new("")), Path::new("."));
    }
}
