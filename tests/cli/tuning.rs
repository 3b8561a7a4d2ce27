//! Tuned keys: what decides and on which seeds, what is kept, and that it is told where nothing beyond was tried.

use std::{collections::BTreeSet, fs, path::Path};

use crate::program::{assert_same, everything, fedfleet, start, succeed, table, told};

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
            .contains("\ntuned: fedavg, local.lr = 0.001 (the largest tried)\ntuned: fedavgm, beta = 0.5 (the largest tried)\n"),
        "{compared}"
    );
    // Three rounds of five clients with two steps are 30 gradients a run: three or two arms on three seeds.
    for cost in
        ["\ntuning: fedavg, 3 arms, 9 runs, ", ", 270 gradients, ", "\ntuning: fedavgm, 2 arms, 6 runs, ", ", 180 gradients, "]
    {
        assert!(compared.contains(cost), "{cost} {compared}");
    }
}

#[test]
fn an_arm_that_diverged_is_never_kept_whatever_was_recorded_of_it() {
    // A step of 10 on a curvature of 1 multiplies the distance by 9 a step: beyond the numbers of 32 bits within 40 of 60 steps. Who
    // diverges takes part as well as anybody, and comes first in the file.
    let scenario = "stop.rounds = 60\nprecision = \"f32\"\nrecord = { metrics = [\"participation\"] }\ntune = { by = \"participation\" }\n\
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

/// Gradient descent on `½ Σ aᵢ xᵢ²` from (1, 1), whose coordinates shrink by `1 − lr aᵢ` a round.
fn descent(curvature: &str, more: &str) -> String {
    format!(
        "problem.objective.quadratic = {{ curvature = [{curvature}], centre = [[0.0, 0.0]] }}\nproblem.init = {{ constant = 1.0 }}\n{more}"
    )
}

fn call(folder: &Path, scenario: &str, out: &str, more: &[&str]) -> String {
    fs::write(folder.join("s.toml"), scenario).unwrap();
    let mut command = fedfleet(["run", "s.toml", "--out", out]);
    command.args(more).current_dir(folder);
    succeed(command)
}

/// Values of a column of `tuning.csv`, with those that were kept marked by a star.
fn tried(folder: &Path) -> Vec<String> {
    let rows = table(&folder.join("tuning.csv"));
    rows.iter().map(|row| row["value"].clone() + if row["kept"] == "true" { "*" } else { "" }).collect()
}

#[test]
fn arms_meet_seeds_of_their_own_and_the_winner_those_that_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = SCENARIO.replace("beta = { tune = [0.5, 0.1] }\n", "");
    let _ = call(folder.path(), &scenario, "o", &[]);
    let files: BTreeSet<String> = everything(&folder.path().join("o/.fedfleet/runs")).into_keys().collect();
    let runs = |start: &str| files.iter().filter(|name| name.starts_with(start) && name.ends_with(".done")).count();
    assert_eq!((runs("fedavg-seed1000000-"), runs("fedavg-seed1000001-"), runs("fedavg-seed1000002-")), (3, 3, 3));
    assert_eq!((runs("fedavg-seed0-"), runs("fedavg-seed1-"), runs("fedavgm-")), (1, 1, 2));
    let reported = table(&folder.path().join("o/runs.csv"));
    assert_eq!(reported.iter().map(|run| run["seed"].as_str()).collect::<Vec<_>>(), ["0", "1", "0", "1"]);

    // More reported seeds, and another method, change nothing of the choice and run no arm again.
    let before = fs::read(folder.path().join("o/tuning.csv")).unwrap();
    let told: serde_json::Value =
        serde_json::from_str(&call(folder.path(), &scenario, "o", &["--seeds", "3", "--json"])).unwrap();
    assert_eq!(told["runs"], 9 + 3 + 3);
    assert_eq!(fs::read(folder.path().join("o/tuning.csv")).unwrap(), before);
    let _ = call(folder.path(), &scenario, "whole", &["--seeds", "3", "--threads", "1"]);
    assert_same(&folder.path().join("whole"), &folder.path().join("o"));
    // The other method alone first, then both.
    let _ = call(folder.path(), &scenario, "parts", &["--seeds", "3", "--only", "fedavgm"]);
    let _ = call(folder.path(), &scenario, "parts", &["--seeds", "3", "--threads", "3"]);
    assert_same(&folder.path().join("whole"), &folder.path().join("parts"));

    let _ = call(folder.path(), &format!("tune.seeds = \"reported\"\n{scenario}"), "reported", &[]);
    let rows = table(&folder.path().join("reported/summary.csv"));
    assert_eq!((rows[0]["tuning_runs"].as_str(), rows[1]["tuning_runs"].as_str()), ("6", ""));
}

#[test]
fn a_grid_goes_on_beyond_an_end_that_wins() {
    // With a curvature of 1, the distance shrinks by 1 − lr a round: 1 is exact, 2 stays where it is.
    let more = "stop.rounds = 4\ntune = { seeds = 1, widen = true }\n[record]\nmetrics = [\"gap\"]\n\
        [federated.local]\nsteps = 1\nbatch = \"full\"\nlr = { tune = [0.25, 0.125] }\n[[method]]\nname = \"fedavg\"\n";
    let folder = tempfile::tempdir().unwrap();
    let scenario = descent("[1.0, 1.0]", more);
    let told = call(folder.path(), &scenario, "o", &[]);
    assert_eq!(tried(&folder.path().join("o")), ["0.25", "0.125", "0.5", "1.0*", "2.0"]);
    assert!(!told.contains("at the edge"), "{told}");
    // The curvature of 0.01 has the largest of all win: three steps beyond the end are the most.
    let told = call(folder.path(), &scenario.replace("[1.0, 1.0]", "[0.01, 0.01]"), "far", &[]);
    assert_eq!(tried(&folder.path().join("far")), ["0.25", "0.125", "0.5", "1.0", "2.0*"]);
    assert!(told.contains("at the edge of its grid, try values beyond: fedavg, local.lr = 2.0 (the largest tried)"), "{told}");
}

#[test]
fn what_decides_can_be_an_instant_a_target_or_what_the_claims_ask() {
    // Half the squared distances, weighed by curvatures of 1 and 10. A step of 0.1 leaves 0.9ᵗ of the first alone: 0.405 after one round,
    // 0.0608 after ten. One of 0.15 leaves 0.85ᵗ and (−0.5)ᵗ: 0.361 + 1.25 after one, 0.0194 + 5e-6 after ten.
    let base = "stop.rounds = 10\nrecord = { metrics = [\"loss\"], every = { rounds = 1 } }\n\
        federated.local = { steps = 1, batch = \"full\", lr = { tune = [0.1, 0.15] } }\n[[method]]\nname = \"fedavg\"\n";
    let claim = |metric: &str| format!("[[claim]]\ntext = \"c\"\nof = \"fedavg\"\nbelow = 1.0\n{metric}\n");
    let early = claim("metric = \"loss\"\nat = { rounds = 1 }");
    let target = claim("target = { loss = 0.35 }\naxis = \"rounds\"");
    let folder = tempfile::tempdir().unwrap();
    for (tune, claims, kept, by) in [
        ("seeds = 1", "", ["0.1", "0.15*"], "final loss"),
        ("seeds = 1, by = { metric = \"loss\", at = { rounds = 1 } }", "", ["0.1*", "0.15"], "loss at rounds=1"),
        // 0.328 after two rounds; the other has 0.261 + 0.3125 then, and 0.189 + 0.078 after three.
        ("seeds = 1, by = { target = { loss = 0.35 }, axis = \"rounds\" }", "", ["0.1*", "0.15"], "rounds to loss=0.35"),
        ("seeds = 1, by = \"claim\"", early.as_str(), ["0.1*", "0.15"], "loss at rounds=1"),
        ("seeds = 1, by = \"claim\"", &(early.clone() + &target), ["0.1*", "0.15"], "loss at rounds=1 and rounds to loss=0.35"),
    ] {
        let scenario = format!("tune = {{ {tune} }}\n{}{claims}", descent("[1.0, 10.0]", base));
        let out = folder.path().join("o");
        let _ = call(folder.path(), &scenario, "o", &["--overwrite"]);
        assert_eq!(tried(&out), kept, "{tune}");
        assert_eq!(table(&out.join("tuning.csv"))[0]["by"], by);
    }
}

#[test]
fn unequal_numbers_of_arms_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), SCENARIO).unwrap();
    let mut command = fedfleet(["check", "s.toml"]);
    command.current_dir(&folder);
    let told = told(command);
    assert!(
        told.contains("tuning: 3 arms for fedavg; 2 arms for fedavgm, on the tuning seeds 1000000, 1000001, 1000002"),
        "{told}"
    );
    assert!(told.contains("different numbers of arms"), "{told}");
}

/// A fleet whose runs have enough samples to be held at many places: noise, stragglers, and a method that waits for nobody.
const RUNGS: &str = "seeds = 2\nstop.rounds = 40\nproblem.objective.quadratic = { generate = { dimension = 8 }, noise = 0.5 }\n\
    problem.init = { normal = { sd = 1 } }\nfleet = { clients = 8, step = { exponential = { mean = 1 } } }\n[record]\nmetrics = [\"gap\"]\n\
    every = { rounds = 1 }\nparticipants = true\nstates = true\n[federated]\n\
    local = { steps = 2, lr = { tune = [0.4, 0.2, 0.1, 0.05, 0.025, 0.0125] } }\n\
    [[method]]\nname = \"fedavg\"\n[[method]]\nname = \"fedbuff\"\nschedule = { buffered = { size = 2, concurrency = 4 } }\n";

/// The strategies, each with the rungs or phases and the seeds of its arms.
const STRATEGIES: [&str; 6] = [
    "tune = { seeds = 2, strategy = { successive-halving = { eta = 2, growth = 2, rungs = 9 } } }",
    "tune = { seeds = 2, strategy = \"successive-halving\", budget = { rounds = 240 } }",
    "tune = { strategy = { sequential-halving = { reuse = true } }, budget = { runs = 18 } }",
    "tune = { strategy = \"bracketing\", budget = { runs = 5 } }",
    "tune = { seeds = 1, strategy = { hyperband = { eta = 2 } } }",
    "tune = { seeds = 1, strategy = { asha = { eta = 2, workers = [1.0, 0.5, 0.1] } } }",
];

#[test]
fn rungs_go_on_from_checkpoints_to_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (at, tune) in STRATEGIES.into_iter().enumerate() {
        let scenario = format!("{tune}\n{RUNGS}");
        let (one, many) = (format!("one-{at}"), format!("many-{at}"));
        let _ = call(folder, &scenario, &one, &["--threads", "1"]);
        let _ = call(folder, &scenario, &many, &["--threads", "3", "--checkpoint-seconds", "0"]);
        assert_same(&folder.join(&one), &folder.join(&many));
        // Another call has nothing left to do, though the checkpoints are gone.
        assert!(call(folder, &scenario, &one, &["--resume"]).contains("all runs were done before"), "{tune}");
        assert_same(&folder.join(&one), &folder.join(&many));
        // What is kept has the curve that it has alone, and the rows of an arm that was left are the first of those of the whole run.
        let trials = table(&folder.join(&one).join("tuning.csv"));
        let kept = trials.iter().find(|row| row["kept"] == "true").unwrap();
        let single = RUNGS.replace("{ tune = [0.4, 0.2, 0.1, 0.05, 0.025, 0.0125] }", &kept["value"]);
        let _ = call(folder, &single, "single", &["--only", "fedavg", "--overwrite"]);
        let curves = |out: &str| {
            let rows = table(&folder.join(out).join("curves.csv"));
            rows.into_iter().filter(|row| row["method"] == "fedavg").collect::<Vec<_>>()
        };
        assert!(curves("single") == curves(&one), "{tune}");
    }
}

#[test]
fn arms_that_were_left_have_the_first_rows_of_their_whole_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let _ = call(folder, &format!("tune.seeds = 2\n{RUNGS}"), "grid", &[]);
    let _ = call(folder, &format!("{}\n{RUNGS}", STRATEGIES[0]), "rungs", &[]);
    let rows = |out: &str| -> BTreeSet<(String, String)> {
        let parts = everything(&folder.join(out).join(".fedfleet/runs")).into_iter().filter(|(name, _)| name.ends_with(".csv"));
        parts.map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
    };
    let whole: std::collections::BTreeMap<_, _> = rows("grid").into_iter().collect();
    let mut shorter = 0;
    for (name, part) in rows("rungs").into_iter().filter(|(name, _)| name.contains("-seed100000")) {
        assert!(whole[&name].starts_with(&part), "{name}");
        shorter += usize::from(part.len() < whole[&name].len());
    }
    // Six arms are halved to three and to two: four of two methods are left early, on two seeds each.
    assert_eq!(shorter, 4 * 2 * 2);
    let trials = table(&folder.join("rungs/tuning.csv"));
    let rounds: Vec<_> = trials.iter().take(6).map(|row| row["rounds"].parse::<f64>().unwrap()).collect();
    // Rungs of 10, 20 and 40 rounds on two seeds.
    let count = |total: f64| rounds.iter().filter(|&&rounds| rounds == total).count();
    assert_eq!((count(20.0), count(40.0), count(80.0)), (3, 1, 2), "{rounds:?}");
}

#[cfg(unix)]
#[test]
fn a_search_that_is_killed_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Long enough to be killed between and within rungs.
    let scenario = format!("{}\n{}", STRATEGIES[0], RUNGS.replace("stop.rounds = 40", "stop.rounds = 1200"));
    let _ = call(folder, &scenario, "whole", &[]);
    let mut killed = 0;
    for held in [0, 3, 9, 14, 20] {
        let mut command = fedfleet(["run", "s.toml", "--out", "broken", "--threads", "2", "--checkpoint-seconds", "0"]);
        command.current_dir(folder);
        let mut child = start(command);
        let runs = folder.join("broken/.fedfleet/runs");
        let marks = || {
            let names = fs::read_dir(&runs).into_iter().flatten().flatten().map(|entry| entry.file_name());
            names.filter(|name| name.to_str().is_some_and(|name| name.ends_with(".held"))).count()
        };
        while marks() < held && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
    }
    assert!(killed >= 3, "the search was over after {killed} kills");
    let mut command = fedfleet(["run", "s.toml", "--out", "broken"]);
    command.current_dir(folder);
    let _ = succeed(command);
    assert_same(&folder.join("whole"), &folder.join("broken"));
}
