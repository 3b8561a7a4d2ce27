//! Tuned keys: what decides, what is kept, and that it is told where nothing beyond was tried.

use std::fs;

use crate::program::{fedfleet, succeed, table};

/// Step sizes so small that the loss falls in proportion to them: the larger one is kept, whatever the accuracy says.
const SCENARIO: &str = "\
title = \"tuning\"\nseeds = 2\nstop = { rounds = 3 }\n[problem]\nobjective = \"softmax\"\ndata = \"digits-8x8\"\n[fleet]\nclients = 5\n\
[record]\nmetrics = [\"accuracy\"]\n[federated]\nlocal = { steps = 2, batch = 8, lr = { tune = [0.0001, 0.001, 1e-5] } }\n\
[[method]]\nname = \"fedavg\"\n[[method]]\nname = \"fedavgm\"\nbeta = { tune = [0.5, 0.1] }\nlocal = { lr = 0.001 }\n";

#[test]
fn training_samples_decide_and_a_winner_at_the_edge_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), SCENARIO).unwrap();
    let run = |more: &[&str]| {
        let mut command = fedfleet(["run", "s.toml", "--out", "o"]);
        command.args(more).current_dir(&folder);
        succeed(command)
    };
    let told = run(&[]);
    let edge = "best value at the edge of its grid, try values beyond: fedavg, local.lr = 0.001 (the largest tried)\n";
    assert!(told.contains(edge), "{told}");
    let curves = table(&folder.path().join("o/curves.csv"));
    assert!(curves.iter().all(|row| !row["loss"].is_empty() && !row["accuracy"].is_empty()), "the loss is recorded besides");

    let trials = table(&folder.path().join("o/tuning.csv"));
    let of = |row: &std::collections::BTreeMap<String, String>| {
        ["method", "trial", "key", "value", "kept"].map(|column| row[column].clone()).join(" ")
    };
    let trials: Vec<String> = trials.iter().map(of).collect();
    assert_eq!(
        trials[..4],
        [
            "fedavg 1 local.lr 0.0001 false",
            "fedavg 2 local.lr 0.001 true",
            "fedavg 3 local.lr 1e-5 false",
            "fedavgm 4 beta 0.5 true",
        ]
    );
    let rows = table(&folder.path().join("o/summary.csv"));
    let kept: Vec<_> = rows.iter().map(|row| (row["tuned"].as_str(), row["edge"].as_str())).collect();
    assert_eq!(kept, [("local.lr=0.001", "local.lr=largest"), ("beta=0.5", "beta=largest")]);
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(
        (&json["summary"][0]["tuned"]["local.lr"], &json["summary"][0]["edge"]["local.lr"]),
        (&0.001.into(), &"largest".into())
    );
    let mut compare = fedfleet(["compare", "o"]);
    compare.current_dir(&folder);
    let compared = succeed(compare);
    assert!(
        compared
            .ends_with("tuned: fedavg, local.lr = 0.001 (the largest tried)\ntuned: fedavgm, beta = 0.5 (the largest tried)\n"),
        "{compared}"
    );
}

#[test]
fn an_arm_that_diverged_is_never_kept_whatever_was_recorded_of_it() {
    // A step of 10 on a curvature of 1 multiplies the distance by 9 a step: beyond the numbers of 32 bits within 40 of 60 steps. Who
    // diverges takes part as well as anybody, and comes first in the file.
    let scenario = "stop.rounds = 60\nprecision = \"f32\"\nrecord = { metrics = [\"participation\"], tune-by = \"participation\" }\n\
        problem.objective.quadratic = { curvature = [1.0, 1.0], centre = [0.0, 2.0] }\nproblem.init = { constant = 5.0 }\n\
        federated.local = { steps = 1, batch = \"full\", lr = { tune = [10.0, 0.1] } }\n[[method]]\nname = \"fedavg\"\n";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let mut command = fedfleet(["run", "s.toml", "--out", "o"]);
    command.current_dir(&folder);
    let _ = succeed(command);
    let trials = table(&folder.path().join("o/tuning.csv"));
    let kept: Vec<_> = trials.iter().filter(|row| row["kept"] == "true").map(|row| row["value"].as_str()).collect();
    assert_eq!(kept, ["0.1"]);
}
