//! Claims over seeds: more seeds until they are decided, other keys under which they hold, and what verdicts depend on.

use std::{fs, path::Path};

use crate::program::{fedfleet, succeed, table, told};

/// Two clients with `f_i = a_i x² / 2`, `a = (1, 2)`, and a random start: after `t` rounds the gap is `0.75 · 0.7^(2t) x²`.
const SCENARIO: &str = "\
title = \"claims\"
stop = { rounds = 4 }
[problem]
objective = { quadratic = { curvature = [1.0, 2.0], centre = [0.0, 0.0] } }
init = { normal = { sd = 1.0 } }
[fleet]
clients = 2
[record]
metrics = [\"gap\"]
[federated]
local = { steps = 1, batch = \"full\", lr = 0.2 }
[[method]]
name = \"fedavg\"
[[method]]
name = \"fedavg\"
label = \"slow\"
local = { steps = 1, batch = \"full\", lr = 0.1 }
";

/// Runs the scenario with these `seeds` and `claims` into `o`, and returns what it says.
fn run(folder: &Path, seeds: &str, claims: &str) -> String {
    fs::write(folder.join("s.toml"), format!("seeds = {seeds}\n{SCENARIO}{claims}")).unwrap();
    let mut command = fedfleet(["run", "s.toml", "--out", "o"]);
    command.current_dir(folder);
    succeed(command)
}

/// The column `name` of `claims.csv`.
fn column(folder: &Path, name: &str) -> Vec<String> {
    table(&folder.join("o/claims.csv")).into_iter().map(|row| row[name].clone()).collect()
}

#[test]
fn seeds_are_added_until_every_claim_is_decided() {
    let until = "{ until = \"decided\", first = 3, max = 6 }";
    // Both steps scale the start: the ratio of the gaps, (0.85 / 0.7)^8 = 4.73, is the same in every seed.
    let ratio = "[[claim]]\ntext = \"faster\"\nmetric = \"gap\"\nbetter = \"fedavg\"\nworse = \"slow\"\nby = 4.7\n";
    let folder = tempfile::tempdir().unwrap();
    let _ = run(folder.path(), until, ratio);
    assert_eq!((column(folder.path(), "seeds"), column(folder.path(), "verdict")), (vec!["3".into()], vec!["holds".into()]));
    // The mean gap is 0.043, and its spread over starts is larger: six seeds do not tell it from 0.03.
    let mean = "[[claim]]\ntext = \"small\"\nmetric = \"gap\"\nof = \"fedavg\"\nbelow = 0.03\n";
    let folder = tempfile::tempdir().unwrap();
    let _ = run(folder.path(), until, mean);
    assert_eq!((column(folder.path(), "seeds"), column(folder.path(), "verdict")), (vec!["6".into()], vec!["undecided".into()]));
    let again = run(folder.path(), until, mean);
    assert!(again.contains("nothing was run"), "{again}");
    // The manifest gives the same bytes.
    let mut command = fedfleet(["run", "o/manifest.toml", "--out", "again"]);
    command.current_dir(&folder);
    let _ = succeed(command);
    for name in ["curves.csv", "claims.csv", "manifest.toml"] {
        let [one, other] = ["o", "again"].map(|results| fs::read_to_string(folder.path().join(results).join(name)).unwrap());
        assert_eq!(one, other, "{name}");
    }
}

#[test]
fn a_claim_that_fails_is_asked_again_with_the_keys_under_which_it_holds() {
    let claims =
        "[[claim]]\ntext = \"tiny\"\nmetric = \"gap\"\nof = \"fedavg\"\nbelow = 1e-12\nholds-with = { \"stop.rounds\" = 60 }\n";
    let folder = tempfile::tempdir().unwrap();
    let told = run(folder.path(), "4", claims);
    assert!(told.contains("REFUTED   tiny: ") && told.contains("holds     tiny [with stop.rounds=60]: "), "{told}");
    assert_eq!(
        (column(folder.path(), "verdict"), column(folder.path(), "with")),
        (vec!["refuted".into(), "holds".into()], vec![String::new(), "stop.rounds=60".into()])
    );
    assert!(folder.path().join("o/holds-with/1/curves.csv").is_file());
}

#[test]
fn keys_under_which_a_claim_should_hold_are_checked_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let claims =
        "[[claim]]\ntext = \"tiny\"\nmetric = \"gap\"\nof = \"fedavg\"\nbelow = 1e-12\nholds-with = { \"stop.runds\" = 60 }\n";
    fs::write(folder.path().join("s.toml"), format!("{SCENARIO}{claims}")).unwrap();
    let mut command = fedfleet(["check", "s.toml"]);
    command.current_dir(&folder);
    let told = told(command);
    assert!(told.starts_with("exit code 2") && told.contains("runds") && told.contains("holds-with"), "{told}");
}

#[test]
fn recorded_claims_are_judged_again_with_something_changed() {
    let claims = "[[claim]]\ntext = \"faster\"\nmetric = \"gap\"\nbetter = \"fedavg\"\nworse = \"slow\"\nby = 4\n";
    let folder = tempfile::tempdir().unwrap();
    let _ = run(folder.path(), "6", claims);
    let ask = |more: &[&str]| {
        let mut command = fedfleet(["claims", "o"]);
        command.args(more).current_dir(&folder);
        succeed(command)
    };
    assert_eq!(ask(&[]), "holds     faster: measured 4.73, required ratio ≥ 4; the same in 6 seeds\n");
    // After three, two and one rounds the ratio is (0.85 / 0.7)^6 = 3.21, 2.17 and 1.47.
    let varied = ask(&["--vary", "stop,seeds,grid"]);
    for line in [
        "          stop: refuted with 75 % of the run, 50 % of the run, 25 % of the run",
        "          seeds: holds throughout",
        "1 of 1 verdicts depend on the stop",
        "0 of 1 verdicts depend on the seeds",
        "note: no method is tuned, so there is no grid to vary",
    ] {
        assert!(varied.lines().any(|found| found == line), "{line}\n{varied}");
    }
    assert_eq!(ask(&["--csv"]), fs::read_to_string(folder.path().join("o/claims.csv")).unwrap());
}
