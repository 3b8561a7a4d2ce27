//! The program of one's own under every verb.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenario() -> PathBuf {
    root().join("scenario.toml")
}

fn call(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_own-method");
    Command::new(program).args(arguments).env("NO_COLOR", "1").output().expect("the program starts")
}

fn succeed(arguments: &[&str]) -> String {
    let output = call(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the output is text")
}

#[test]
fn every_verb_knows_the_parts_of_this_crate() {
    let file = scenario().display().to_string();
    assert!(succeed(&["check", &file]).contains("huber"));
    assert!(succeed(&["methods"]).contains("fedsign"));
    assert!(succeed(&["methods", "fedsign"]).contains("sign(Σ w_i Δ_i)"));
    let schema = succeed(&["schema"]);
    for name in ["fedsign", "bernoulli", "huber"] {
        assert!(schema.contains(&format!("\"{name}\"")), "{name} is not in the schema");
    }
}

#[test]
fn a_sweep_runs_and_its_manifest_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [first, again] = ["first", "again"].map(|name| folder.path().join(name).display().to_string());
    let _ = succeed(&["run", &scenario().display().to_string(), "--out", &first]);
    let _ = succeed(&["run", &format!("{first}/manifest.toml"), "--out", &again, "--threads", "1"]);
    let read = |folder: &str| fs::read(format!("{folder}/curves.csv")).unwrap();
    assert!(read(&first) == read(&again), "the manifest gives other curves");
    let drawn: Vec<_> = fs::read_dir(format!("{first}/figures")).unwrap().collect();
    assert!(!drawn.is_empty());
}

#[test]
fn fedsign_moves_by_its_step_size() {
    // From 5 towards the optimum at 1, against the sign of the mean update: two steps of a half end at 4, at a distance of 3.
    let folder = tempfile::tempdir().unwrap();
    let text = "stop.rounds = 2\nrecord.metrics = ['distance']\nrecord.every.rounds = 1\nfederated.local = { steps = 4, lr = 0.05 }\n\
                problem.objective.quadratic = { curvature = [1.0, 2.0, 0.5, 4.0], centre = [-1.0, 0.0, 1.0, 2.0] }\n\
                problem.init = { constant = 5.0 }\n[[method]]\nname = 'fedsign'\nlr = 0.5\n";
    let (file, out) = (folder.path().join("q4.toml"), folder.path().join("out").display().to_string());
    fs::write(&file, text).unwrap();
    let _ = succeed(&["run", &file.display().to_string(), "--out", &out]);
    let curves = fs::read_to_string(format!("{out}/curves.csv")).unwrap();
    let distances: Vec<f64> = curves.lines().skip(1).map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(distances, [4.0, 3.5, 3.0]);
}

#[test]
fn parameters_out_of_range_are_refused_at_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    let text = fs::read_to_string(scenario()).unwrap().replace("p = 0.5", "p = 1.5");
    fs::write(&file, text).unwrap();
    let refused = call(&["check", &file.display().to_string()]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(told.contains("a probability in (0, 1]") && told.contains("bad.toml:"), "{told}");
}

#[test]
fn the_guide_shows_what_is_compiled() {
    let guide = fs::read_to_string(root().join("../../CONTRIBUTING.md")).unwrap();
    for name in ["main", "fed_sign", "bernoulli", "huber"] {
        let file = fs::read_to_string(root().join(format!("src/{name}.rs"))).unwrap();
        assert!(guide.contains(&file), "CONTRIBUTING.md shows another {name}.rs");
    }
}
