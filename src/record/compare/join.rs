//! Several results as one, told apart by what differs in their manifests.

use std::collections::HashSet;

use ::toml::{Table as Manifest, Value};

use crate::record::{
    axis::shortest,
    cell::{Cell, same_key},
    curves::{Curves, crews::Crew, distinct, trial::Winner},
};

/// One folder of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What it is called where nothing else tells it apart.
    pub name: String,
    /// The scenario as it was run; empty where it is not known.
    pub manifest: Manifest,
    /// What it recorded.
    pub curves: Curves,
    /// Clients at work.
    pub crews: Vec<Crew>,
    /// The values kept for tuned methods.
    pub winners: Vec<Winner>,
}

/// What several folders recorded, in cells that tell them apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The curves.
    pub curves: Curves,
    /// Clients at work.
    pub crews: Vec<Crew>,
    /// The values kept for tuned methods.
    pub winners: Vec<Winner>,
}

/// Sections and keys of a manifest that change no run.
const ASIDE: [&str; 8] = ["title", "folder", "made", "figure", "claim", "record", "seeds", "method"];

/// The key that tells folders apart by their names.
const RESULTS: &str = "results";

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// A key of the joined cells.
struct Key {
    name: String,
    /// Its path in the manifests.
    path: String,
    /// The value of each folder that does not sweep it.
    fixed: Vec<Option<String>>,
}

impl Joined {
    /// All of `sources`, each key of a sweep and each key in which their manifests differ a key of the cells. Where those are the same for
    /// two runs of one method and seed, the name of the folder is a key too.
    pub fn of(sources: Vec<Source>) -> Self {
        let mut keys = if sources.len() > 1 { keys(&sources) } else { swept(&sources, Vec::new()) };
        if collide(&sources, &keys) {
            let fixed = sources.iter().map(|source| Some(source.name.clone())).collect();
            keys.insert(0, Key { name: RESULTS.to_owned(), path: String::new(), fixed });
        }
        let (mut parts, mut crews, mut winners) = (Vec::new(), Vec::new(), Vec::new());
        for (i, mut source) in sources.into_iter().enumerate() {
            let move_into = |cell: &mut Cell| *cell = joined(&keys, i, cell);
            source.curves.runs.iter_mut().for_each(|run| move_into(&mut run.cell));
            source.crews.iter_mut().for_each(|crew| move_into(&mut crew.cell));
            source.winners.iter_mut().for_each(|winner| move_into(&mut winner.cell));
            parts.push(source.curves);
            crews.extend(source.crews);
            winners.extend(source.winners);
        }
        let keys = keys.into_iter().map(|key| key.name).collect();
        Self { curves: Curves::union(keys, parts), crews, winners }
    }
}

/// The joined cell of a `cell` of folder `i`.
fn joined(keys: &[Key], i: usize, cell: &Cell) -> Cell {
    let value = |key: &Key| {
        let swept = cell.0.iter().find(|(own, _)| *own == key.name || (!key.path.is_empty() && same_key(&key.path, own)));
        swept.map(|(_, value)| value.clone()).or_else(|| key.fixed[i].clone()).unwrap_or_else(|| "–".to_owned())
    };
    Cell(keys.iter().map(|key| (key.name.clone(), value(key))).collect())
}

/// Whether two runs of one method and seed have the same joined cell.
fn collide(sources: &[Source], keys: &[Key]) -> bool {
    let mut seen = HashSet::new();
    let mut runs = sources.iter().enumerate().flat_map(|(i, source)| source.curves.runs.iter().map(move |run| (i, run)));
    !runs.all(|(i, run)| seen.insert((joined(keys, i, &run.cell), run.method.as_str(), run.seed)))
}

/// The keys in which manifests differ, and those that are swept alike.
fn keys(sources: &[Source]) -> Vec<Key> {
    let tables: Vec<Value> = sources.iter().map(|source| Value::Table(settings(&source.manifest))).collect();
    let mut found = Vec::new();
    if sources.iter().all(|source| !source.manifest.is_empty()) {
        differing(&tables.iter().map(Some).collect::<Vec<_>>(), "", &mut found);
    }
    let key = |(path, values): (String, Vec<Option<&Value>>)| {
        let named = |value: &Value| value.as_table()?.get("name")?.as_str().filter(|_| is_swept(value)).map(str::to_owned);
        let own = sources.iter().flat_map(|source| &source.curves.keys).find(|own| same_key(&path, own)).cloned();
        let name = values.iter().flatten().find_map(|value| named(value)).or(own);
        let fixed = values.iter().map(|value| value.filter(|value| !is_swept(value)).map(shown)).collect();
        Key { name: name.unwrap_or_else(|| path.clone()), path, fixed }
    };
    swept(sources, found.into_iter().map(key).collect())
}

/// `keys`, and after them the keys of the sweeps that are not among them.
fn swept(sources: &[Source], mut keys: Vec<Key>) -> Vec<Key> {
    for own in distinct(sources.iter().flat_map(|source| &source.curves.keys)) {
        if !keys.iter().any(|key| key.name == *own || same_key(&key.path, own)) {
            keys.push(Key { name: own.clone(), path: String::new(), fixed: vec![None; sources.len()] });
        }
    }
    keys
}

/// What changes runs, with the methods by their labels.
fn settings(manifest: &Manifest) -> Manifest {
    let mut kept: Manifest = manifest
        .iter()
        .filter(|(key, _)| !ASIDE.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let methods = manifest.get("method").and_then(Value::as_array).into_iter().flatten();
    let label = |method: &Value| ["label", "name"].iter().find_map(|key| method.get(key)?.as_str().map(str::to_owned));
    let methods: Manifest = methods.filter_map(|method| Some((label(method)?, method.clone()))).collect();
    kept.insert("method".to_owned(), Value::Table(methods));
    kept
}

fn is_swept(value: &Value) -> bool {
    value.get("sweep").is_some()
}

/// Adds the paths below `path` at which `values` differ, with those. Methods that one has and another lacks are no difference of settings.
fn differing<'a>(values: &[Option<&'a Value>], path: &str, found: &mut Vec<(String, Vec<Option<&'a Value>>)>) {
    let present: Vec<&Value> = values.iter().flatten().copied().collect();
    let is_method = path.strip_prefix("method.").is_some_and(|label| !label.contains('.'));
    if present.windows(2).all(|pair| pair[0] == pair[1]) && (is_method || present.len() == values.len()) {
        return;
    }
    let tables: Vec<&Manifest> = present.iter().filter(|value| !is_swept(value)).filter_map(|value| value.as_table()).collect();
    let all = distinct(tables.iter().flat_map(|table| table.keys()));
    let shared = all.iter().any(|key| tables.iter().all(|table| table.contains_key(*key)));
    if tables.len() == present.len() && (shared || path == "method") && (is_method || present.len() == values.len()) {
        for key in all {
            let inner: Vec<Option<&Value>> = values.iter().map(|value| value.and_then(|value| value.get(key))).collect();
            differing(&inner, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, found);
        }
    } else {
        found.push((path.to_owned(), values.to_vec()));
    }
}

/// A value as it is written in a cell.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Float(number) => shortest(*number),
        other => other.to_string(),
    };
    if text.chars().count() > SHOWN { text.chars().take(SHOWN - 1).chain(['…']).collect() } else { text }
}
