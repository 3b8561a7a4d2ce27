//! Every shipped scenario passes `check` and a short run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::program::{fedfleet, root, run, succeed, table};

/// All scenarios that are shipped, in order.
pub fn shipped() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("scenarios")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn short_run(scenario: &Path, out: &Path) {
    let _ = succeed(fedfleet(["check".as_ref(), scenario.as_os_str()]));
    run(scenario, out, &["--set", "stop={ rounds = 2, updates = 2000 }", "--set", "record.every={ rounds = 1 }", "--seeds", "1"]);
    let rows = table(&out.join("curves.csv"));
    assert!(!rows.is_empty() && rows.iter().any(|row| row["updates"] != "0"), "{} records nothing", scenario.display());
}

#[test]
fn every_shipped_scenario_runs() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios = shipped();
    assert!(scenarios.iter().any(|path| path.ends_with("quickstart.toml")));
    for (index, scenario) in scenarios.iter().enumerate() {
        short_run(scenario, &folder.path().join(index.to_string()));
    }
}

#[test]
fn the_scenario_to_start_from_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first.toml");
    let _ = succeed(fedfleet(["new".as_ref(), path.as_os_str()]));
    short_run(&path, &folder.path().join("out"));
}
