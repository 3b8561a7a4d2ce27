//! Every file of `tests/scenario_errors` is refused with exactly the text next to it.
//!
//! Lines that begin with `#! ` are `--set` options. `BLESS=1 cargo test` writes the texts anew; read them before committing.

use std::{collections::BTreeSet, fs, path::Path};

use fedfleet::{
    run::Plan,
    scenario::{Override, Scenario},
};

#[test]
fn bad_input_is_told_in_full() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenario_errors");
    let files: BTreeSet<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    let mut wrong = Vec::new();
    let with = |end: &'static str| files.iter().filter(move |path| path.extension().is_some_and(|found| found == end));
    let scenarios: Vec<_> = with("toml").collect();
    assert!(scenarios.len() > 100, "{} scenarios are too few to be all", scenarios.len());
    let orphan = with("txt").find(|text| !files.contains(&text.with_extension("toml")));
    assert_eq!(orphan, None, "a text without its scenario");
    for path in scenarios {
        let text = fs::read_to_string(path).unwrap();
        let changes: Vec<Override> = text.lines().filter_map(|line| line.strip_prefix("#! ")).map(Override::set).collect();
        let name = path.file_name().unwrap().to_str().unwrap();
        let plan = Scenario::read(Path::new(name), &text, &changes, &fedfleet::registry::Registry::builtin())
            .and_then(|scenario| Plan::resolve(scenario, &[]));
        let Err(rejected) = plan else {
            wrong.push(format!("{name} was accepted"));
            continue;
        };
        let expected = path.with_extension("txt");
        let found = rejected.to_string();
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        } else if fs::read_to_string(&expected).ok().as_ref() != Some(&found) {
            wrong.push(format!("{name} is told as\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
