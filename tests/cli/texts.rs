//! What the program says: help, mistakes of use, pages and tables, word for word.

use std::fs;

use insta::assert_snapshot;

use crate::program::{fedfleet, run, small, succeed, table, told};

const VERBS: [&str; 11] =
    ["run", "check", "plot", "compare", "rank", "gallery", "methods", "new", "schema", "completions", "man"];

#[test]
fn help() {
    let all = succeed(fedfleet(["--help"]));
    VERBS.iter().for_each(|verb| assert!(all.contains(&format!("\n  {verb} ")), "{verb} is not listed"));
    assert_snapshot!("help", all);
    for verb in VERBS {
        assert_snapshot!(format!("help-{verb}"), succeed(fedfleet([verb, "--help"])));
    }
}

#[test]
fn mistakes_of_use() {
    for (name, arguments) in [
        ("unknown-verb", &["rnu", "a.toml"][..]),
        ("unknown-option", &["run", "a.toml", "--thread", "2"]),
        ("no-scenario", &["run"]),
        ("missing-file", &["check", "no-such-file.toml"]),
        ("unknown-method", &["methods", "fedporx"]),
        ("no-results", &["compare", "no-such-folder"]),
        ("no-gallery", &["gallery", "src"]),
        ("no-threads", &["run", "a.toml", "--threads", "0"]),
        ("negative-wait", &["run", "a.toml", "--checkpoint-seconds=-1"]),
    ] {
        assert_snapshot!(name, told(fedfleet(arguments)));
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut command = fedfleet(["run"]);
    command.arg(small()).args(["--out", "file/results"]).current_dir(&folder);
    assert_snapshot!("no-folder", told(command));
}

#[test]
fn a_gap_without_an_optimum_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("apart.csv"), "x,y\n-1,0\n1,1\n").unwrap();
    let text = "stop.rounds = 1\nproblem = { objective = 'logistic', data = { csv = 'apart.csv' } }\nfleet.clients = 2\n\
                record.metrics = ['loss', 'gap']\nfederated.local = { steps = 1, lr = 0.1 }\nmethod = [{ name = 'fedavg' }]\n";
    fs::write(folder.path().join("apart.toml"), text).unwrap();
    let run = |more: &[&str]| {
        let mut command = fedfleet(["run", "apart.toml"]);
        command.args(more).current_dir(&folder);
        command
    };
    let refused = told(run(&[]));
    assert!(refused.starts_with("exit code 2") && refused.contains("apart.toml:4:"), "{refused}");
    assert!(refused.contains("`gap` needs the exact optimum") && refused.contains("set `l2` above 0"), "{refused}");
    let _ = succeed(run(&["--set", "problem.l2=0.01"]));
}

#[test]
fn an_unknown_label_is_told_before_anything_runs() {
    let mut command = fedfleet(["run", "--only", "fedavgg"]);
    command.arg(small());
    assert_snapshot!("unknown-label", told(command));
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), "mine").unwrap();
    let mut command = fedfleet(["new", "mine.toml"]);
    command.current_dir(&folder);
    assert_snapshot!("new-exists", told(command));
    assert_eq!(fs::read_to_string(folder.path().join("mine.toml")).unwrap(), "mine");
}

#[test]
fn the_page_of_a_method() {
    assert_snapshot!("methods-fedprox", succeed(fedfleet(["methods", "fedprox"])));
}

#[test]
fn what_a_check_tells() {
    let mut command = fedfleet(["check"]);
    command.arg(small());
    assert_snapshot!("check", untimed(&succeed(command)));
}

/// What `check` tells without what it times: the line of what all runs need, and the last column of the table.
fn untimed(told: &str) -> String {
    let cut = told.lines().find_map(|line| line.find("wall time")).expect("a table tells the wall time of each method");
    let lines = told.lines().filter(|line| !line.starts_with("about "));
    let kept = |line: &str| if line.starts_with("note: ") { line.len() } else { cut };
    lines.map(|line| format!("{}\n", line.get(..kept(line)).unwrap_or(line).trim_end())).collect()
}

/// Curves with round numbers: three seeds of two methods, of which one does not reach the target.
const CURVES: &str = "\
method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss
fast,0,0,0,0,0,0,0,1
fast,0,10,5,20,100,6400,6400,0.25
fast,1,0,0,0,0,0,0,1
fast,1,10,6,20,100,6400,6400,0.25
fast,2,0,0,0,0,0,0,1
fast,2,10,7,20,100,6400,6400,0.25
slow,0,0,0,0,0,0,0,1
slow,0,10,50,20,100,6400,6400,0.75
slow,1,0,0,0,0,0,0,1
slow,1,10,60,20,100,6400,6400,0.75
slow,2,0,0,0,0,0,0,1
slow,2,10,70,20,100,6400,6400,0.75
";

#[test]
fn tables_of_comparison() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("curves.csv"), CURVES).unwrap();
    let table = |more: &[&str]| {
        let mut command = fedfleet(["compare", "."]);
        command.args(more).current_dir(&folder);
        succeed(command)
    };
    assert_snapshot!("compare", table(&[]));
    assert_snapshot!("compare-targets", table(&["--target", "loss=0.5,loss=1e-6", "--target", "loss=0.8"]));
    for format in ["text", "markdown", "latex", "csv"] {
        assert_snapshot!(format!("compare-target-{format}"), table(&["--target", "loss=0.5", "--format", format]));
    }
}

#[test]
fn the_summary_for_scripts_has_the_rows_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = fedfleet(["run", "--json", "--seeds", "1", "--set", "stop.rounds=10", "--out"]);
    command.arg(folder.path()).arg(small());
    let told: serde_json::Value = serde_json::from_str(&succeed(command)).unwrap();
    let rows = table(&folder.path().join("summary.csv"));
    assert_eq!(told["summary"].as_array().unwrap().len(), rows.len());
    for (told, row) in told["summary"].as_array().unwrap().iter().zip(&rows) {
        assert_eq!(told["method"], row["method"].as_str());
        let keys = told["cell"].as_object().unwrap();
        assert!(keys.len() == 1 && keys.iter().all(|(key, value)| row[key].parse().ok() == value.as_f64()), "{keys:?}");
        for column in ["seeds", "uplink_bits", "gap_final_median", "loss_best_q3"] {
            assert_eq!(told[column].as_f64(), row[column].parse().ok(), "{column}");
        }
    }
}

#[test]
fn a_plot_of_nothing_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let header = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,consensus";
    fs::write(folder.path().join("curves.csv"), format!("{header}\na,0,0,0,0,0,0,0,1\n")).unwrap();
    let mut command = fedfleet(["plot", "."]);
    command.current_dir(&folder);
    assert!(succeed(command).starts_with("nothing to draw: no `[[figure]]` is asked for"));
}

#[test]
fn a_gallery_shows_what_was_run() {
    let folder = tempfile::tempdir().unwrap();
    run(&small(), &folder.path().join("small"), &["--seeds", "1", "--set", "stop.rounds=10", "--set", "federated.local.lr=0.1"]);
    let mut command = fedfleet(["gallery", "."]);
    command.current_dir(&folder);
    assert_eq!(succeed(command), "./README.md\n");
    let page = fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(page.contains("\n## A small fleet with all that can go wrong\n"));
    assert!(page.contains("SCAFFOLD ends nearer to the optimum than FedAvg"));
    assert!(page.contains("<img src=\"small/figures/gap-seconds.png\""));
    assert!(folder.path().join("small/figures/gap-seconds.png").is_file());
}
