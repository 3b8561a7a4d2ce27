//! Where a target is reached: exact where every update of the server is sampled, else with what the samples leave open.

use std::{fs, path::Path};

use crate::program::{fedfleet, succeed, table};

/// Three clients, `f_i = a_i (x - c_i)² / 2` with `a = (1/2, 1/4, 1/4)`, `c = (-1, -3, 5)` and the optimum of all at 0, where the gap is
/// `x² / 6`. A client that starts from `x` sends `a_i (x - c_i)`; from `x = 1` these are 1, 1 and -1.
///
/// Without rounds, uploads arrive after 11.8, 11.9 and 17 s and are applied in full: the model goes from 1 to 0, to -1 and back to 0. So
/// the gap is 0 first at 11.8 s, and at the samples every 6 s first at 18 s.
///
/// In rounds of 17 s the server applies the mean, a third of x: the model is `(2/3)^t`, below `√0.06` after four rounds, at 68 s; the
/// sample after that is at 72 s.
const SCENARIO: &str = "\
title = \"targets\"
stop = { seconds = 80 }
[problem]
objective = { quadratic = { curvature = [0.5, 0.25, 0.25], centre = [-1.0, -3.0, 5.0] } }
init = { constant = 1.0 }
[fleet]
clients = 3
step = 0
visit = { values = [11.8, 11.9, 17.0] }
[record]
metrics = [\"gap\"]
[federated]
local = { steps = 1, batch = \"full\", lr = 1.0 }
weighting = \"participating\"
[[method]]
name = \"fedavg\"
label = \"rounds\"
[[method]]
name = \"fedavg\"
label = \"arrivals\"
schedule = { buffered = { size = 1, concurrency = 3 } }
[[claim]]
text = \"three times as fast\"
kind = \"theorem\"
target = { gap = 0.01 }
better = \"arrivals\"
worse = \"rounds\"
by = 3
[[claim]]
text = \"five times as fast\"
kind = \"theorem\"
target = { gap = 0.01 }
better = \"arrivals\"
worse = \"rounds\"
by = 5
[[claim]]
text = \"seven times as fast\"
kind = \"theorem\"
target = { gap = 0.01 }
better = \"arrivals\"
worse = \"rounds\"
by = 7
[[claim]]
text = \"in a quarter of a minute\"
kind = \"theorem\"
target = { gap = 0.01 }
of = \"arrivals\"
below = 15
[[claim]]
text = \"at half a minute\"
kind = \"theorem\"
metric = \"gap\"
at = { seconds = 18 }
of = \"arrivals\"
below = 0.01
";

/// The lines, the verdicts of the claims, and the table of seconds to a gap of 0.01, with samples at this distance.
fn answers(folder: &Path, every: &str) -> (Vec<String>, Vec<String>, String) {
    fs::write(folder.join("s.toml"), SCENARIO).unwrap();
    let mut command = fedfleet(["run", "s.toml", "--out", "o", "--overwrite", "--set", &format!("record.every={every}")]);
    command.current_dir(folder);
    let told = succeed(command);
    let lines = told.lines().take(5).map(str::to_owned).collect();
    let holds = table(&folder.join("o/claims.csv")).into_iter().map(|row| row["verdict"].clone()).collect();
    let mut command = fedfleet(["compare", "o", "--target", "gap=0.01"]);
    command.current_dir(folder);
    (lines, holds, succeed(command))
}

#[test]
fn every_update_of_a_server_gives_the_place_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, holds, table) = answers(folder.path(), "{ rounds = 1 }");
    // 68 / 11.8 = 5.76
    assert_eq!(holds, ["holds", "holds", "refuted", "holds", "holds"]);
    assert!(lines[1].contains("measured 5.76, required"), "{lines:?}");
    assert!(table.contains(" 11.8 ×1.00") && table.contains(" 68.0 ×5.76") && !table.contains('–'), "{table}");
}

#[test]
fn a_grid_gives_the_samples_between_which_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, holds, table) = answers(folder.path(), "{ seconds = 6 }");
    // From 66 / 18 = 3.67 to 72 / 12 = 6 times as fast. The touch at 11.8 s, before 12 s, is not seen.
    assert_eq!(holds, ["holds", "undecided", "refuted", "undecided", "holds"]);
    assert!(lines[0].starts_with("holds     three times as fast: measured 4.00 (3.67 to 6.00), required ratio ≥ 3"), "{lines:?}");
    let words = "undecided in a quarter of a minute: measured 18.0 (12.0 to 18.0), required ≤ 15; one seed; \
                 arrivals reaches gap=0.01 between 12.0 and 18.0 seconds; `record.every = { rounds = 1 }` samples";
    assert!(lines[3].starts_with(words), "{lines:?}");
    assert!(table.contains(" 12.0–18.0 ×1.00") && table.contains(" 66.0–72.0 ×4.00"), "{table}");
}

#[test]
fn scripts_learn_what_is_undecided() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), SCENARIO).unwrap();
    let call = |more: &[&str]| {
        let mut command = fedfleet(["run", "s.toml", "--out", "o", "--set", "record.every={ seconds = 6 }"]);
        command.args(more).current_dir(&folder);
        command
    };
    let told: serde_json::Value = serde_json::from_str(&succeed(call(&["--json"]))).unwrap();
    let claim = &told["claims"][1];
    assert!(claim["holds"].is_null() && claim["verdict"] == "undecided" && claim["interval"][1] == 6.0, "{claim}");
    assert!(told["claims"][4]["interval"].is_null() && told["claims"][4]["verdict"] == "holds");
    assert_eq!(call(&["--strict"]).output().unwrap().status.code(), Some(1));
}

/// In rounds of 17 s the gap at 50 s is `(2/3)^4 / 6 = 0.0329`, after two rounds; at the third, at 51 s, `(2/3)^6 / 6 = 0.0146`.
#[test]
fn a_value_at_an_instant_is_that_of_the_last_update_or_left_open() {
    let folder = tempfile::tempdir().unwrap();
    let claim = "[[claim]]\ntext = \"at fifty\"\nkind = \"theorem\"\nmetric = \"gap\"\nat = { seconds = 50 }\nof = \"rounds\"\nbelow = 0.02\n";
    let scenario = SCENARIO.split("[[claim]]").next().unwrap().to_owned() + claim;
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    for (every, holds) in [("{ rounds = 1 }", "refuted"), ("{ seconds = 6 }", "undecided"), ("{ seconds = 10 }", "refuted")] {
        let mut command = fedfleet(["run", "s.toml", "--out", "o", "--overwrite", "--set", &format!("record.every={every}")]);
        command.current_dir(&folder);
        let told = succeed(command);
        assert_eq!(table(&folder.path().join("o/claims.csv"))[0]["verdict"], holds, "{every}: {told}");
        // 48 s is before the third round, 54 s after it.
        assert_eq!(told.contains("rounds was sampled at 48.0 and 54.0 seconds, not at 50"), holds == "undecided", "{told}");
    }
}
