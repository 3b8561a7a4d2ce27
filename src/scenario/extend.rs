//! A scenario in a folder that holds results already: what it adds to them, or where it differs from them.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::Path,
};

use super::{
    Rejected, axis,
    cells::{self, Key},
    decode::decode,
    made::{Made, Ran},
    manifest::{methods::Meant, node},
    method::{MERGED, over},
    model::{Cell, Scenario},
    node::{Node, Table, Value},
    seeds::Seeds,
    write,
};
use crate::{
    record::{MetricSpec, RecordSpec},
    registry::Registry,
};

/// The seeds of each method, by its label.
pub type Runs = BTreeMap<String, Vec<u64>>;

/// Sections that make the worlds, and say what is recorded of them.
const WORLD: [&str; 5] = ["precision", "problem", "fleet", "network", "record"];

/// Longest value that a message writes out.
const SHOWN: usize = 60;

/// A key that has another value in the results that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, with dots between its parts.
    pub key: String,
    /// Its value in the results that are there; `None` without the key.
    pub there: Option<String>,
    /// Its value in the scenario at hand.
    pub here: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| match value {
            None => "not given".to_owned(),
            Some(text) if text.chars().count() > SHOWN => text.chars().take(SHOWN).chain(['…']).collect(),
            Some(text) => text.clone(),
        };
        write!(f, "`{}` is {} there, and {} here", self.key, shown(&self.there), shown(&self.here))
    }
}

/// The relation of a scenario to the results in a folder.
pub enum Joined {
    /// The scenario includes everything there.
    Same,
    /// With the methods and seeds that are there besides.
    Wider(Box<Scenario>),
    /// The results are of another scenario.
    Different(Vec<Difference>),
}

impl Scenario {
    /// The methods of which this is a scenario with their seeds in ascending order: all that run at first, but for the manifest of
    /// results that have others.
    pub fn runs(&self) -> Runs {
        let made = self.made.as_ref().map(|made| &made.runs).filter(|runs| !runs.is_empty());
        let sorted = |seeds: &Seeds| {
            let mut seeds = seeds.list();
            seeds.sort_unstable();
            seeds
        };
        match made {
            Some(made) => made.iter().map(|ran| (ran.method.clone(), sorted(&ran.seeds))).collect(),
            None => {
                let mut first = self.seeds.first();
                first.sort_unstable();
                self.labels().into_iter().map(|label| (label.to_owned(), first.clone())).collect()
            }
        }
    }

    /// The relation of this scenario, with the requested `runs`, to the folder `folder`, which holds the results of `earlier`.
    ///
    /// Further cells of the same sweeps, a later `stop`, other claims, figures and a title are no difference. `metrics` are those that every
    /// cell records.
    ///
    /// # Errors
    /// Faults of both together, though neither has one alone.
    pub fn join(&self, runs: &Runs, earlier: &Self, folder: &Path, metrics: Option<&[MetricSpec]>) -> Result<Joined, Rejected> {
        let (here, there) = (self.written(folder, metrics), earlier.written(folder, metrics));
        let mut found = self.other_worlds(earlier, (&here, &there));
        found.extend(self.other_methods(earlier));
        if !found.is_empty() {
            return Ok(Joined::Different(found));
        }
        let all = united(runs, &earlier.runs());
        if all == *runs {
            return Ok(Joined::Same);
        }
        let wider = self.with(earlier, all, (here, &there), folder)?;
        let found = wider.other_methods(earlier);
        if found.is_empty() { Ok(Joined::Wider(Box::new(wider))) } else { Ok(Joined::Different(found)) }
    }

    /// For each cell the place of the same one in `earlier`, which has swept the same keys.
    fn places_in(&self, earlier: &Self) -> Vec<Option<usize>> {
        let places: HashMap<String, usize> = earlier.cells.iter().map(Cell::name).zip(0..).collect();
        let of = |cell: &Cell| places.get(&cell.name()).copied().filter(|&place| earlier.cells[place].keys == cell.keys);
        self.cells.iter().map(of).collect()
    }

    /// The cells that both have, each with the one of `earlier`.
    fn shared_cells<'a>(&'a self, earlier: &'a Self) -> Vec<(&'a Cell, &'a Cell)> {
        let cells = self.cells.iter().zip(self.places_in(earlier));
        cells.filter_map(|(cell, place)| Some((cell, &earlier.cells[place?]))).collect()
    }

    /// Whether a cell that both have ends otherwise here.
    pub fn has_other_stop(&self, earlier: &Self) -> bool {
        self.shared_cells(earlier).into_iter().any(|(here, there)| here.stop != there.stop)
    }

    /// The differences of worlds and records from those of `earlier`.
    fn other_worlds(&self, earlier: &Self, (here, there): (&Table, &Table)) -> Vec<Difference> {
        let mut found = Vec::new();
        let shared = self.shared_cells(earlier);
        let has_all = shared.len() == earlier.cells.len();
        let has_more = has_all && self.cells.len() > shared.len();
        let stop: Vec<Option<bool>> = shared.iter().map(|(here, there)| here.stop.is_beyond(&there.stop)).collect();
        let same_stop = has_all && stop.iter().all(|beyond| *beyond == Some(false));
        let later = has_all && !same_stop && stop.iter().all(Option::is_some);
        if !same_stop && !later {
            differences("stop", there.get("stop"), here.get("stop"), &mut found);
        }
        for section in WORLD {
            // What is left to the length of a run grows with it.
            let free = section == "record" && later && self.document.descend(&["record", "every"]).is_none();
            let compared = |table: &Table| {
                let mut section = table.get(section).map(|node| if has_more { without_sweeps(node) } else { node.clone() });
                if free {
                    let _ = section.as_mut().and_then(Node::as_table_mut).and_then(|table| table.remove("every"));
                }
                section
            };
            differences(section, compared(there).as_ref(), compared(here).as_ref(), &mut found);
        }
        if found.is_empty() && !has_all {
            let names = |scenario: &Self| Some(scenario.cells.iter().map(Cell::name).collect::<Vec<_>>().join("; "));
            found.push(Difference { key: "sweep".to_owned(), there: names(earlier), here: names(self) });
        }
        // Written with other defaults, and the same.
        if same_stop && self.same_problems(earlier, &shared) {
            found.clear();
        }
        found
    }

    /// Whether the `shared` cells, and what is recorded of them, mean the same.
    fn same_problems(&self, earlier: &Self, shared: &[(&Cell, &Cell)]) -> bool {
        let record = |scenario: &Self| {
            let section =
                scenario.cells[0].tree.get("record").map(|section| decode::<RecordSpec>(section, "record", &scenario.registry));
            section.and_then(Result::ok).unwrap_or_default()
        };
        let world = |cell: &Cell| (cell.problem.clone(), cell.fleet.resolved(), cell.network.clone(), cell.precision);
        let (here, there) = (record(self), record(earlier));
        let same = shared.iter().all(|(a, b)| world(a) == world(b) && here.every(&a.stop) == there.every(&b.stop));
        // Metrics that nobody has chosen are those of the problem.
        let chosen = |spec: RecordSpec| RecordSpec { every: None, metrics: None, ..spec };
        let metrics = here.metrics == there.metrics || here.metrics.is_none() || there.metrics.is_none();
        same && metrics && chosen(here) == chosen(there)
    }

    /// The differences of methods from those of the same label in `earlier`.
    fn other_methods(&self, earlier: &Self) -> Vec<Difference> {
        let (Some(here), Some(there)) = (self.meant(), earlier.meant()) else { return Vec::new() };
        let mut found = Vec::new();
        for (here, there) in here.iter().flatten().zip(matching(&self.places_in(earlier), &here, &there)) {
            let Some(there) = there.filter(|there| *there != here) else { continue };
            let key = here.first().map_or_else(String::new, |arm| format!("method.{}", write::key(&arm.label)));
            let tuned = |arms: &[_]| Some(arms.iter().map(tuned).collect::<Vec<_>>().join("; "));
            if tuned(here) != tuned(there) {
                push(Difference { key: format!("{key}.tune"), there: tuned(there), here: tuned(here) }, &mut found);
                continue;
            }
            for (here, there) in here.iter().zip(there) {
                differences(&key, Some(&there.table), Some(&here.table), &mut found);
            }
        }
        found
    }

    /// This scenario with the methods and seeds that `earlier` has besides, so that it has the runs `all`.
    fn with(&self, earlier: &Self, all: Runs, (mut root, there): (Table, &Table), folder: &Path) -> Result<Self, Rejected> {
        let mut seeds = self.seeds.list();
        seeds.extend(earlier.seeds.list());
        seeds.sort_unstable();
        seeds.dedup();
        let mut own = self.seeds.list();
        own.sort_unstable();
        if let Some(seeds) = node(&Seeds::of(&seeds)).filter(|_| own != seeds) {
            root.insert("seeds", self.document.span, seeds);
        }
        let known = self.labels();
        let further = further_methods(&root, there, &self.registry, |label| !known.contains(&label));
        if let Some(Node { value: Value::Array(methods), .. }) = root.get_mut("method") {
            methods.extend(further);
        }
        let text = write::document(&root, &["stop"]);
        let read = Self::read(&folder.join("manifest.toml"), &text, &[], &self.registry)?;
        let runs = all.into_iter().map(|(method, seeds)| Ran { method, seeds: Seeds::List(seeds) }).collect();
        let made = Some(Made { runs, ..Made::default() });
        Ok(Self { made, overrides: self.overrides.clone(), notes: self.notes.clone(), ..read })
    }
}

/// `node` without the sweeps in it, whose values tell the cells apart.
fn without_sweeps(node: &Node) -> Node {
    let value = match &node.value {
        Value::Table(table) => {
            let mut rest = Table::default();
            for entry in table.iter().filter(|entry| !axis::is_axis(&entry.node)) {
                rest.insert(&entry.key, entry.key_span, without_sweeps(&entry.node));
            }
            Value::Table(rest)
        }
        Value::Array(items) => Value::Array(items.iter().map(without_sweeps).collect()),
        value => value.clone(),
    };
    Node::new(value, node.span)
}

/// The arms of `there` for each method of `here`, cell by cell, found by the `places` of the cells and by their label.
fn matching<'a>(
    places: &'a [Option<usize>],
    here: &'a [Vec<Vec<Meant>>],
    there: &'a [Vec<Vec<Meant>>],
) -> impl Iterator<Item = Option<&'a Vec<Meant>>> {
    let label = |arms: &Vec<Meant>| arms.first().map(|arm| arm.label.clone());
    here.iter().zip(places).flat_map(move |(methods, &place)| {
        methods.iter().map(move |arms| there.get(place?)?.iter().find(|other| label(other) == label(arms)))
    })
}

fn tuned(arm: &Meant) -> String {
    let keys: &[Key] = &arm.tuned;
    cells::name(keys)
}

/// The methods of `there` with a label that is `wanted`, with all that they take from sections that `root` does not say alike.
fn further_methods(root: &Table, there: &Table, registry: &Registry, wanted: impl Fn(&str) -> bool) -> Vec<Node> {
    let items = there.get("method").and_then(Node::as_array).unwrap_or_default();
    let single = items.iter().flat_map(|item| cells::swept_methods(item).unwrap_or_default());
    let missing = single.filter(|item| item.get("label").or(item.get("name")).and_then(Node::as_str).is_some_and(&wanted));
    missing.map(|item| standing_alone(item, root, there, registry)).collect()
}

/// The method `item` of `there` with the keys of its section that `root` has not, or has otherwise.
fn standing_alone(item: Node, root: &Table, there: &Table, registry: &Registry) -> Node {
    let entry = item.get("name").and_then(Node::as_str).and_then(|name| registry.find(name));
    let Some((entry, Value::Table(own))) = entry.zip(Some(&item.value)) else { return item };
    let Some(shared) = there.get(entry.section) else { return item };
    let Value::Table(whole) = over(shared, &item, &MERGED).value else { return item };
    let here = root.get(entry.section);
    let mut table = own.clone();
    for key in whole.iter() {
        let same = here.and_then(|here| here.get(&key.key)) == shared.get(&key.key);
        if !same {
            table.insert(&key.key, key.key_span, key.node.clone());
        }
    }
    Node::new(Value::Table(table), item.span)
}

/// The union of both.
pub fn united(here: &Runs, there: &Runs) -> Runs {
    let mut all = here.clone();
    for (label, seeds) in there {
        let known = all.entry(label.clone()).or_default();
        known.extend(seeds);
        known.sort_unstable();
        known.dedup();
    }
    all
}

/// Notes the keys at and below `key` that have other values.
fn differences(key: &str, there: Option<&Node>, here: Option<&Node>, found: &mut Vec<Difference>) {
    if there == here {
        return;
    }
    if let (Some(Value::Table(a)), Some(Value::Table(b))) = (there.map(|node| &node.value), here.map(|node| &node.value)) {
        let new = b.iter().filter(|entry| a.get(&entry.key).is_none());
        for entry in a.iter().chain(new) {
            let key = format!("{key}.{}", write::key(&entry.key));
            differences(&key, a.get(&entry.key), b.get(&entry.key), found);
        }
        return;
    }
    let text = |node: Option<&Node>| node.map(write::inline);
    push(Difference { key: key.to_owned(), there: text(there), here: text(here) }, found);
}

/// Adds a difference that is not known yet.
fn push(difference: Difference, found: &mut Vec<Difference>) {
    if !found.contains(&difference) {
        found.push(difference);
    }
}
