//! What is recorded in `results` comes from the scenarios that are shipped: one that has changed since must be run again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use fedfleet::{record::MetricSpec, registry::Registry, scenario::Scenario};
use serde::Deserialize;

/// What is read of a manifest as it is.
#[derive(Deserialize)]
struct Manifest {
    record: Record,
}

#[derive(Deserialize)]
struct Record {
    metrics: Option<Vec<String>>,
}

/// The folders of `results` that have a manifest, by their paths below it.
fn recorded() -> Vec<PathBuf> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let (mut open, mut found) = (vec![results.clone()], Vec::new());
    while let Some(folder) = open.pop() {
        if folder.join("manifest.toml").is_file() {
            found.push(folder.strip_prefix(&results).expect("the folder is there").to_owned());
        }
        open.extend(
            fs::read_dir(folder)
                .expect("the entry can be read")
                .map(|entry| entry.expect("the entry can be read").path())
                .filter(|path| path.is_dir()),
        );
    }
    found.sort();
    found
}

/// The first lines in which two texts differ.
fn difference(a: &str, b: &str) -> Option<String> {
    let (mut left, mut right) = (a.lines(), b.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => return Some(format!("shipped:  {}\nrecorded: {}", a.unwrap_or_default(), b.unwrap_or_default())),
        }
    }
}

#[test]
fn results_are_those_of_the_shipped_scenarios() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recorded = recorded();
    assert!(recorded.len() > 20, "results are missing");
    let mut stale = Vec::new();
    for name in recorded {
        let folder = root.join("results").join(&name);
        let manifest = folder.join("manifest.toml");
        // What a scenario leaves to its problem, the manifest says.
        let Manifest { record } = toml::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
        let registry = Registry::builtin();
        let metric = |name: &String| {
            let listed = registry.metrics().iter().find(|metric| metric.name() == name).copied();
            listed.or_else(|| fedfleet::record::metric::named(name)).expect("the metric is there")
        };
        let metrics: Option<Vec<MetricSpec>> = record.metrics.map(|names| names.iter().map(metric).collect());
        let resolved = |path: &Path| match Scenario::load(path, &[], &registry) {
            Ok(scenario) => scenario.manifest(&folder, metrics.as_deref()),
            Err(rejected) => panic!("{rejected}"),
        };
        let shipped = root.join("scenarios").join(name.with_extension("toml"));
        if let Some(lines) = difference(&resolved(&shipped), &resolved(&manifest)) {
            stale.push(format!("{}: run it again\n{lines}", shipped.display()));
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}
