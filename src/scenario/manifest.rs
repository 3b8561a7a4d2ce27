//! The resolved scenario as a file: everything a run used, defaults included.

pub(super) mod methods;

use std::path::{Component, Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    axis,
    decode::decode,
    document,
    made::Made,
    model::{Cell, SECTIONS, Scenario},
    node::{Node, Table, Value},
    source::Sources,
    write,
};
use crate::{
    figure::FigureSpec,
    record::{MetricSpec, RecordSpec, claim::ClaimSpec},
    registry::Registry,
    search::TuneSpec,
};

impl Scenario {
    /// The scenario as a TOML file for `folder`: with all overrides, and with the defaults that the sections have.
    ///
    /// `metrics` are those that every cell records. Reading that file gives the same runs. A section whose defaults cannot be separated from a sweep is
    /// kept as written.
    pub fn manifest(&self, folder: &Path, metrics: Option<&[MetricSpec]>) -> String {
        write::document(&self.written(folder, metrics), &["stop"])
    }

    /// As [`manifest`](Self::manifest), with the origin of the results.
    pub fn manifest_of(&self, made: &Made, folder: &Path, metrics: Option<&[MetricSpec]>) -> String {
        let mut written = self.written(folder, metrics);
        if let Some(made) = node(made) {
            written.insert("made", self.document.span, made);
        }
        write::document(&written, &["stop"])
    }

    /// The sections of a manifest.
    pub(super) fn written(&self, folder: &Path, metrics: Option<&[MetricSpec]>) -> Table {
        let mut root = self.document.clone();
        for (key, resolved) in self.resolved(metrics) {
            let Some(resolved) = resolved else { continue };
            let mut candidate = root.clone();
            if let Some(table) = candidate.as_table_mut() {
                table.insert(key, self.document.span, with_sweeps(resolved, &self.document, key));
            }
            if self.same_runs(&candidate) {
                root = candidate;
            }
        }
        root = self.with_parts(&root).filter(|candidate| self.same_methods(candidate)).unwrap_or(root);
        let written = root.as_table();
        let mut ordered = Table::default();
        for key in SECTIONS.into_iter().filter(|key| *key != "made") {
            if key == "folder" {
                let path = relative(&self.folder, folder).display().to_string();
                ordered.insert(key, root.span, Node::string(path, root.span));
            } else if let Some(entry) = written.and_then(|table| table.entry(key)) {
                ordered.insert(key, entry.key_span, entry.node.clone());
            }
        }
        ordered
    }

    /// The sections of the first cell with their defaults; `None` for those that cannot be written.
    fn resolved(&self, metrics: Option<&[MetricSpec]>) -> Vec<(&'static str, Option<Node>)> {
        let mut sections = vec![("title", node(&self.title)), ("seeds", node(&self.seeds))];
        if let Some(cell) = self.cells.first() {
            sections.push(("stop", node(&cell.stop)));
            sections.push(("precision", node(&cell.precision)));
            sections.push(("problem", node(&cell.problem)));
            sections.push(("fleet", node(&cell.fleet.resolved())));
            sections.push(("network", node(&cell.network)));
            sections.push(("record", self.record(cell, metrics)));
            sections.push(("tune", self.tune(cell)));
            sections.push(("claim", resolved_list(cell, "claim", &self.registry, ClaimSpec::resolved)));
            sections.push(("figure", resolved_list(cell, "figure", &self.registry, |figure: FigureSpec| figure)));
        }
        sections
    }

    /// `[record]` with its defaults, and the distance between samples where it is the same in all cells.
    pub(super) fn record(&self, cell: &Cell, metrics: Option<&[MetricSpec]>) -> Option<Node> {
        let written = cell.tree.get("record").map(|section| decode::<RecordSpec>(section, "record", &self.registry));
        let mut record = written.transpose().ok()?.unwrap_or_default();
        let every = record.every(&cell.stop);
        if self.cells.iter().all(|other| record.every(&other.stop) == every) {
            record.every = Some(every);
        }
        record.metrics = record.metrics.or(metrics.map(<[MetricSpec]>::to_vec));
        node(&record)
    }

    /// `tune` with its defaults, where something is tuned.
    fn tune(&self, cell: &Cell) -> Option<Node> {
        let tunes = axis::axes(&self.document).is_ok_and(|axes| axes.iter().any(|axis| axis.kind == axis::Kind::Tune));
        let written = cell.tree.get("tune").map(|section| decode::<TuneSpec>(section, "tune", &self.registry));
        let tune = written.transpose().ok()?;
        node(&tune.or(tunes.then(TuneSpec::default))?)
    }

    /// Whether `document` means the same runs: worlds, and methods with all their parts.
    fn same_methods(&self, document: &Node) -> bool {
        let Ok(other) = Self::resolve(Path::new(""), document.clone(), &self.registry) else { return false };
        self.meant().is_some_and(|meant| Some(meant) == other.meant()) && self.same_worlds(&other)
    }

    /// Whether `other` has the same worlds.
    fn same_worlds(&self, other: &Self) -> bool {
        let world = |cell: &Cell| Cell { methods: Vec::new(), ..cell.clone() };
        (&self.title, &self.seeds) == (&other.title, &other.seeds)
            && self.cells.len() == other.cells.len()
            && self.cells.iter().zip(&other.cells).all(|(a, b)| world(a).means_the_same(&world(b)))
    }

    /// Whether `document` means the same runs as this scenario.
    fn same_runs(&self, document: &Node) -> bool {
        let Ok(other) = Self::resolve(Path::new(""), document.clone(), &self.registry) else { return false };
        (&self.title, &self.seeds) == (&other.title, &other.seeds)
            && self.cells.len() == other.cells.len()
            && self.cells.iter().zip(&other.cells).all(|(a, b)| a.means_the_same(b))
    }
}

/// The elements of the list `key` with their defaults; `None` where there are none.
fn resolved_list<T: DeserializeOwned + Serialize>(
    cell: &Cell,
    key: &str,
    registry: &Registry,
    resolve: impl Fn(T) -> T,
) -> Option<Node> {
    let written: Vec<T> = decode(cell.tree.get(key)?, key, registry).ok()?;
    node(&written.into_iter().map(resolve).collect::<Vec<T>>())
}

/// `value` as a tree, with its keys in the order of its type.
pub(super) fn node<T: Serialize>(value: &T) -> Option<Node> {
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
    use crate::record::metric::Loss;

    const TEXT: &str = "title = \"t\"\nseeds = [1, 4]\nstop = { rounds = 5 }\n[problem]\nobjective = \"quadratic\"\ninit = { sweep = [\"zeros\", { normal = { sd = 2 } }] }\n\
        [fleet]\nclients = 4\nstep = { exponential = { mean = { sweep = [0.5, 1] } } }\n[federated]\nlocal = { lr = 0.1 }\n[[method]]\nname = \"fedprox\"\n";

    #[test]
    fn a_manifest_means_the_same_and_is_its_own_manifest() {
        let scenario = Scenario::read(Path::new("a.toml"), TEXT, &[], &Registry::builtin()).unwrap();
        let manifest = scenario.manifest(Path::new("results"), None);
        let again = Scenario::read(Path::new("results/manifest.toml"), &manifest, &[], &Registry::builtin()).unwrap();
        assert!(scenario.same_methods(&again.document), "{manifest}");
        assert_eq!(again.cells.len(), 4);
        assert_eq!(again.manifest(Path::new("results"), None), manifest);
        assert!(manifest.contains("assign = \"shuffled\""), "{manifest}");
        assert!(manifest.contains("\nevery = { rounds = 1 }\n"), "{manifest}");
        assert!(manifest.contains("mu = 0.01"), "{manifest}");
    }

    /// The manifest of `text`, read again.
    fn read_back(text: &str) -> Node {
        let text = format!("stop = {{ rounds = 5 }}\n[problem]\nobjective = 'quadratic'\n[fleet]\nclients = 4\n{text}");
        let scenario = Scenario::read(Path::new("a.toml"), &text, &[], &Registry::builtin()).unwrap();
        let manifest = scenario.manifest(Path::new(""), Some(&[MetricSpec::of::<Loss>()]));
        Scenario::read(Path::new("manifest.toml"), &manifest, &[], &Registry::builtin()).unwrap().document
    }

    fn at<'a>(document: &'a Node, path: &str) -> Option<&'a Node> {
        document.descend(&path.split('.').collect::<Vec<_>>())
    }

    fn number(document: &Node, path: &str) -> Option<f64> {
        match at(document, path)?.value {
            Value::Float(number) => Some(number),
            Value::Integer(number) => Some(number as f64),
            _ => None,
        }
    }

    #[test]
    fn parts_are_those_of_the_recipe() {
        let document = read_back(
            "[federated]\nlocal = { steps = 10, lr = 0.1 }\n[[method]]\nname = 'fedbuff'\n[[method]]\nname = 'fedsgd'\n\
             [[method]]\nname = 'delayed-nesterov'\n[[method]]\nname = 'fedasync'",
        );
        assert_eq!(at(&document, "method.0.schedule.buffered.discount").and_then(Node::as_str), Some("sqrt"));
        assert_eq!(number(&document, "method.0.schedule.buffered.idle"), Some(1.0));
        assert_eq!(number(&document, "method.1.local.steps"), Some(1.0));
        assert_eq!(number(&document, "method.0.local.steps"), None, "taken from the section");
        assert_eq!(number(&document, "federated.local.steps"), Some(10.0));
        assert_eq!(at(&document, "federated.local.batch").and_then(Node::as_str), Some("full"));
        assert_eq!(at(&document, "method.2.weighting").and_then(Node::as_str), Some("sum"));
        assert!(at(&document, "method.3.weighting").is_none(), "FedAsync has no place for a weighting");
        assert_eq!(number(&document, "method.3.schedule.every-arrival.discount.polynomial.a"), Some(0.5));
    }

    #[test]
    fn schedules_are_written_with_what_each_method_fills_in() {
        let document = read_back(
            "[federated]\nlocal.lr = 0.1\nschedule = { buffered = { size = 5 } }\n[[method]]\nname = 'fedbuff'\n\
             [[method]]\nname = 'fedavg'\n[[method]]\nname = 'fedasync'\nschedule = 'every-arrival'\n\
             [[method]]\nname = 'fedbuff'\nlabel = 'b'\nschedule = { window = { seconds = 2 } }",
        );
        let text = |path: &str| at(&document, path).and_then(Node::as_str).map(str::to_owned);
        for (method, [discount, replace]) in [(0, ["sqrt", "random"]), (1, ["constant", "same"])] {
            assert_eq!(text(&format!("method.{method}.schedule.buffered.discount")).as_deref(), Some(discount));
            assert_eq!(text(&format!("method.{method}.schedule.buffered.replace")).as_deref(), Some(replace));
            assert_eq!(number(&document, &format!("method.{method}.schedule.buffered.size")), Some(5.0));
        }
        assert_eq!(number(&document, "method.2.schedule.every-arrival.discount.polynomial.a"), Some(0.5));
        assert_eq!(text("method.3.schedule.window.discount").as_deref(), Some("sqrt"));

        let alike = "[federated]\nlocal.lr = 0.1\nschedule = { buffered = { size = 5 } }\n[[method]]\nname = 'fedavg'\n\
                     [[method]]\nname = 'fedprox'";
        let document = read_back(alike);
        assert!(at(&document, "method.0.schedule").is_none());
        assert_eq!(at(&document, "federated.schedule.buffered.discount").and_then(Node::as_str), Some("constant"));
    }

    #[test]
    fn clients_at_work_are_written_into_every_schedule() {
        let methods = "[[method]]\nname = 'fedavg'\n[[method]]\nname = 'fedbuff'\n[[method]]\nname = 'fedasync'\nconcurrency = 'all'\n\
                       [[method]]\nname = 'fedavg'\nlabel = 'b'\nconcurrency = 2\n";
        let document = read_back(&format!("[federated]\nlocal.lr = 0.1\nconcurrency = 3\n{methods}"));
        assert_eq!(number(&document, "federated.concurrency"), Some(3.0));
        assert_eq!(number(&document, "method.0.schedule.rounds.cohort"), Some(3.0));
        assert_eq!(number(&document, "method.1.schedule.buffered.concurrency"), Some(3.0));
        let arrivals = at(&document, "method.2.schedule.every-arrival").expect("it is written out");
        assert_eq!((arrivals.get("concurrency"), arrivals.get("replace").and_then(Node::as_str)), (None, Some("same")));
        assert_eq!(number(&document, "method.3.schedule.rounds.cohort"), Some(2.0));

        // What a method says goes before the schedule that is shared.
        let shared = "[federated]\nlocal.lr = 0.1\nschedule.rounds.cohort = 4\n";
        let document = read_back(&format!("{shared}{methods}"));
        assert_eq!(number(&document, "method.0.schedule.rounds.cohort"), Some(4.0));
        assert_eq!(number(&document, "method.3.schedule.rounds.cohort"), Some(2.0));

        let swept = read_back("[federated]\nlocal.lr = 0.1\nconcurrency = { sweep = [2, 3] }\n[[method]]\nname = 'fedbuff'");
        assert!(at(&swept, "federated.concurrency.sweep").is_some() && at(&swept, "method.0.schedule").is_none());
    }

    #[test]
    fn what_differs_between_arms_is_not_written_out() {
        let document = read_back(
            "[federated]\nlocal = { lr = { tune = [0.1, 1] } }\nschedule = { rounds = { cohort = { sweep = [2, 3] } } }\n\
             [[method]]\nname = 'fedavgm'\nlr = { tune = [0.5, 1] }\n[[method]]\nname = 'fedavgm'\nlabel = 'b'\nbeta = 0.5",
        );
        assert!(at(&document, "method.0.lr.tune").is_some());
        assert_eq!((number(&document, "method.1.beta"), number(&document, "method.1.lr")), (Some(0.5), Some(1.0)));
        assert!(
            at(&document, "method.1.schedule").is_none() && at(&document, "federated.schedule.rounds.cohort.sweep").is_some()
        );
        assert_eq!(number(&document, "federated.schedule.rounds.over-selection"), Some(1.0));
        assert!(at(&document, "federated.local.lr.tune").is_some());
    }

    #[test]
    fn parameters_of_a_manifest_can_be_changed() {
        let document = read_back("[federated]\nlocal.lr = 0.1\n[[method]]\nname = 'fedadam'\n[[method]]\nname = 'fedavg'");
        assert_eq!(number(&document, "method.0.lr"), Some(0.1));
        assert!(at(&document, "method.0.server").is_none(), "it would hide `lr`");
        assert!(at(&document, "method.1.server").is_some());
    }

    #[test]
    fn defaults_of_fleets_records_claims_and_figures_are_written_out() {
        let document = read_back(
            "[federated]\nlocal.lr = 0.1\n[[method]]\nname = 'fedavg'\n[[method]]\nname = 'fednova'\n\
             [[claim]]\ntext = 'c'\ntarget = { loss = 1 }\nbetter = 'fedavg'\nworse = 'fednova'\n\
             [[figure]]\nx = 'rounds'\ny = 'loss'",
        );
        assert_eq!((number(&document, "fleet.step"), number(&document, "fleet.bits")), (Some(1.0), Some(32.0)));
        assert_eq!(at(&document, "record.metrics.0").and_then(Node::as_str), Some("loss"));
        assert_eq!(at(&document, "claim.0.axis").and_then(Node::as_str), Some("seconds"));
        assert_eq!((number(&document, "claim.0.by"), at(&document, "claim.0.at")), (Some(1.0), None));
        assert_eq!(at(&document, "figure.0.band").and_then(Node::as_str), Some("quartiles"));
    }

    #[test]
    fn every_shipped_scenario_has_a_manifest_that_means_the_same() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")];
        let mut read = 0;
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "toml") {
                    means_the_same(&path);
                    read += 1;
                }
            }
        }
        assert!(read > 10);
    }

    fn means_the_same(path: &Path) {
        let shown = path.display();
        let scenario = Scenario::load(path, &[], &Registry::builtin()).unwrap();
        let full = scenario.with_parts(&scenario.document);
        assert!(full.is_some_and(|full| scenario.same_methods(&full)), "{shown}: the parts of methods");
        let manifest = scenario.manifest(Path::new("results"), None);
        let again = Scenario::read(Path::new("results/manifest.toml"), &manifest, &[], &Registry::builtin()).unwrap();
        assert!(scenario.same_methods(&again.document), "{shown}: {manifest}");
        let second = again.manifest(Path::new("results"), None);
        assert!(second == manifest, "{shown}: the manifest of\n{manifest}\nis\n{second}");
    }

    #[test]
    fn folders_are_seen_from_where_the_manifest_is() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(relative(Path::new("scenarios"), Path::new("results/quick")), Path::new("../../scenarios"));
        assert_eq!(relative(&here, Path::new("")), Path::new("."));
    }
}
