//! The custom program under every verb.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fedfleet::record::{
    axis::Axis,
    curves::Curves,
    metric::{Better, ScaleKind},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenario() -> PathBuf {
    root().join("scenario.toml")
}

/// The scenario with `changes` of its text, in its own file.
fn changed(folder: &Path, changes: &[(&str, &str)]) -> String {
    let file = folder.join("changed.toml");
    let change = |text: String, (from, to): &(&str, &str)| {
        assert!(text.contains(from), "the scenario has no `{from}`");
        text.replace(from, to)
    };
    let text = fs::read_to_string(scenario()).expect("the scenario can be read");
    fs::write(&file, changes.iter().fold(text, change)).expect("the folder can be written to");
    file.display().to_string()
}

fn call(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_own-method");
    Command::new(program).args(arguments).env("NO_COLOR", "1").output().expect("the program starts")
}

fn refusal(arguments: &[&str]) -> String {
    let output = call(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).expect("the output is text")
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
    for name in ["fedsign", "bernoulli", "huber", "loss-spread"] {
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
    for figure in ["loss-uplink-bits", "loss-spread-rounds"] {
        assert!(Path::new(&first).join(format!("figures/{figure}-lr-0.05.svg")).is_file(), "{figure} is not drawn");
    }
    assert!(fs::read_to_string(format!("{first}/claims.csv")).unwrap().contains("FedAvg treats clients more alike"));
}

#[test]
fn the_metric_ends_runs_tunes_and_compares() {
    let folder = tempfile::tempdir().unwrap();
    let file = changed(
        folder.path(),
        &[
            ("rounds = 60 }", "rounds = 60, target = { loss-spread = 1.0 } }\ntune = { by = \"loss-spread\" }"),
            ("metrics = [\"loss\", \"loss-spread\"]", "metrics = [\"loss-spread\"]\nevery = { rounds = 1 }"),
            ("sweep = [", "tune = ["),
            ("y = \"loss\"", "y = \"loss-spread\""),
        ],
    );
    let out = folder.path().join("out").display().to_string();
    let _ = succeed(&["run", &file, "--out", &out]);
    let curves = Curves::read(Path::new(&out).join("curves.csv").as_path()).unwrap();
    let metric = curves.metric("loss-spread").expect("it is recorded");
    for run in &curves.runs {
        let values: Vec<f64> = run.samples(Axis::Rounds, metric).map(|sample| sample.1).collect();
        let (last, before) = values.split_last().unwrap();
        let ended = *last <= 1.0 || run.end(Axis::Rounds) == 60.0;
        assert!(ended && before.iter().all(|&value| value > 1.0), "{values:?}");
    }
    assert!(fs::read_to_string(format!("{out}/tuning.csv")).unwrap().contains(",true,final loss-spread,"));
    assert!(succeed(&["compare", &out]).contains("spread of client losses"));
    assert!(succeed(&["compare", &out, "--target", "loss-spread=1"]).contains("spread of client losses ≤ 1"));
}

#[test]
fn records_describe_the_metric_to_programs_that_do_not_know_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let _ = succeed(&["run", &scenario().display().to_string(), "--set", "stop.rounds=2", "--out", &out]);
    let metrics = Curves::read(Path::new(&out).join("curves.csv").as_path()).unwrap().metrics;
    let spread = metrics.iter().find(|metric| metric.name == "loss-spread").unwrap();
    assert_eq!((spread.title.as_str(), spread.better, spread.scale), ("spread of client losses", Better::Lower, ScaleKind::Log));
}

#[test]
fn the_loss_spread_is_the_deviation_of_the_clients_losses() {
    // f_i(0) = a_i c_i² / 2 = 0.5, 0, 0.25, 8: mean 2.1875, and a variance of 11.2646.
    let losses = [0.5, 0.0, 0.25, 8.0];
    let mean = losses.iter().sum::<f64>() / 4.0;
    let expected = (losses.iter().map(|loss: &f64| loss * loss).sum::<f64>() / 4.0 - mean * mean).sqrt();
    let folder = tempfile::tempdir().unwrap();
    let text = "stop.rounds = 1\nrecord.metrics = ['loss-spread']\nfederated.local = { steps = 1, lr = 0.05 }\n\
                problem.objective.quadratic = { curvature = [1.0, 2.0, 0.5, 4.0], centre = [-1.0, 0.0, 1.0, 2.0] }\n\
                [[method]]\nname = 'fedavg'\n";
    let (file, out) = (folder.path().join("q4.toml"), folder.path().join("out"));
    fs::write(&file, text).unwrap();
    let _ = succeed(&["run", &file.display().to_string(), "--out", &out.display().to_string()]);
    let curves = Curves::read(&out.join("curves.csv")).unwrap();
    let first = curves.runs[0].samples(Axis::Rounds, 0).next().unwrap().1;
    assert!((first - expected).abs() < 1e-12, "{first} {expected}");
}

#[test]
fn a_misspelt_metric_is_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let file = changed(folder.path(), &[("\"loss-spread\"]", "\"loss-spred\"]")]);
    let told = refusal(&["check", &file]);
    assert!(told.contains("did you mean `loss-spread`?"), "{told}");
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
    let told = refusal(&["check", &changed(folder.path(), &[("p = 0.5", "p = 1.5")])]);
    assert!(told.contains("a probability in (0, 1]") && told.contains("changed.toml:"), "{told}");
}

#[test]
fn the_guide_shows_what_is_compiled() {
    let guide = fs::read_to_string(root().join("../../CONTRIBUTING.md")).unwrap();
    for name in ["main", "fed_sign", "bernoulli", "huber", "loss_spread"] {
        let file = fs::read_to_string(root().join(format!("src/{name}.rs"))).unwrap();
        assert!(guide.contains(&file), "CONTRIBUTING.md shows another {name}.rs");
    }
}
