//! Rankings over folders of results that can be ranked by hand.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use crate::program::{fedfleet, root, run, succeed, told};

/// Writes a `curves.csv` of the final losses of methods, `method,seed,loss`.
fn results(folder: &Path, name: &str, rows: &[&str]) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    let mut text = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n".to_owned();
    for row in rows {
        let (run, loss) = row.rsplit_once(',').unwrap();
        text += &format!("{run},0,0,0,0,0,0,1\n{run},10,60,0,0,0,0,{loss}\n");
    }
    fs::write(folder.join("curves.csv"), text).unwrap();
}

/// Two tasks of two seeds: scores of `a` 3 and 1, of `b` 2 and 2 on the first, of `a` 1, of `b` 2 on the second, and `c` diverges once.
fn two_tasks(folder: &Path) {
    results(folder, "s", &["a,1,1e-3", "a,2,1e-1", "b,1,1e-2", "b,2,1e-2", "c,1,1", "c,2,1"]);
    results(folder, "t", &["a,1,1e-1", "a,2,1e-1", "b,1,1e-2", "b,2,1e-2", "c,1,inf", "c,2,1"]);
}

fn rank(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = fedfleet(["rank"]);
    command.args(arguments).current_dir(folder);
    command
}

/// The rows of the CSV form by procedure and method.
fn rows(folder: &Path, arguments: &[&str]) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let text = succeed(rank(folder, &[arguments, &["--format", "csv"]].concat()));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize::<BTreeMap<String, String>>().map(Result::unwrap);
    rows.map(|row| ((row["rule"].clone(), row["method"].clone()), row)).collect()
}

#[test]
fn procedures_agree_with_what_is_counted_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    let by = "mean,mean-rank,borda,two-level,condorcet,copeland,kemeny,nash";
    let rows = rows(folder.path(), &["s", "t", "--by", by, "--baseline", "a"]);
    let found =
        |rule: &str, column: &str| ["a", "b", "c"].map(|method| rows[&(rule.to_owned(), method.to_owned())][column].clone());
    // Scores of seeds averaged: a 2 and 1, b 2 and 2, c 0 and −∞; on the first task a and b tie.
    assert_eq!(
        (found("mean", "value"), found("mean", "place")),
        (["1.5", "2", "-inf"].map(String::from), ["2", "1", "3"].map(String::from))
    );
    assert_eq!(found("mean-rank", "value"), ["1.75", "1.25", "3"]);
    assert_eq!(found("borda", "value"), ["2", "3", "0"]);
    // By seed a and b win one each on the first task: 1.5 points each; 1, 2, 0 on the second.
    assert_eq!(found("two-level", "value"), ["2.5", "3.5", "0"]);
    assert_eq!(
        (found("condorcet", "value"), found("copeland", "value")),
        (["0", "1", "0"].map(String::from), ["0", "2", "-2"].map(String::from))
    );
    assert_eq!(found("condorcet", "tied_with"), ["c", "", "a"]);
    assert_eq!(found("kemeny", "place"), ["2", "1", "3"]);
    // Of four runs a wins one against b, and loses three: with half a win added to each side ln 3.5 / 1.5.
    assert_eq!(found("nash", "share"), ["0", "1", "0"]);
    let nash: f64 = found("nash", "value")[0].parse().unwrap();
    assert!((nash + (3.5_f64 / 1.5).ln()).abs() < 1e-12, "{nash}");
    // A run of b beats one of a with probability 1/2 on the first task, 1 on the second; c never does.
    assert_eq!(found("better-than-baseline", "value"), ["0.5", "0.75", "0"]);
    assert_eq!(["won", "tied", "lost"].map(|column| found("better-than-baseline", column)[1].clone()), ["1", "1", "0"]);
}

#[test]
fn the_order_of_folders_methods_and_seeds_moves_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    let other = tempfile::tempdir().unwrap();
    results(other.path(), "s", &["c,2,1", "b,2,1e-2", "a,2,1e-1", "c,1,1", "a,1,1e-3", "b,1,1e-2"]);
    results(other.path(), "t", &["b,2,1e-2", "b,1,1e-2", "c,2,1", "a,1,1e-1", "c,1,inf", "a,2,1e-1"]);
    let all = "mean,iqm,optimality-gap,plurality,dowdall,threshold,baldwin,black,minimax,prospective,nash,nash-tasks,kemeny";
    let one = succeed(rank(folder.path(), &["s", "t", "--by", all, "--baseline", "b"]));
    assert_eq!(one, succeed(rank(other.path(), &["t", "s", "--by", all, "--baseline", "b"])));
}

#[test]
fn tables_are_printed_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    for form in ["text", "markdown", "latex"] {
        let arguments = ["s", "t", "--by", "mean,borda,nash", "--baseline", "a", "--format", form];
        insta::assert_snapshot!(format!("rank-{form}"), succeed(rank(folder.path(), &arguments)));
    }
}

#[test]
fn figures_are_drawn_into_a_folder_and_replace_no_file_of_others() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    let draw = |more: &[&str]| rank(folder.path(), &[&["s", "t", "--figures", "f"], more].concat());
    let _ = succeed(draw(&[]));
    let mut names: Vec<String> =
        fs::read_dir(folder.path().join("f")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let expected = ["critical-difference", "duels", "profile"]
        .iter()
        .flat_map(|stem| ["pdf", "png", "svg"].map(|form| format!("{stem}.{form}")));
    assert_eq!(names, expected.collect::<Vec<_>>());
    let svg = fs::read(folder.path().join("f/duels.svg")).unwrap();
    let _ = succeed(draw(&["--only", "a,b"]));
    assert_ne!(svg, fs::read(folder.path().join("f/duels.svg")).unwrap(), "drawn anew");
    fs::write(folder.path().join("f/profile.svg"), "mine").unwrap();
    assert!(told(draw(&[])).contains("profile.svg` is in the way, and fedfleet did not write it"));
    assert_eq!(fs::read_to_string(folder.path().join("f/profile.svg")).unwrap(), "mine");
}

#[test]
fn instants_targets_weights_and_stages() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    let value = |arguments: &[&str], method: &str| {
        rows(folder.path(), &[&["s", "t"], arguments].concat())[&("mean".to_owned(), method.to_owned())]["value"].clone()
    };
    // After 30 s all losses are still 1; within 60 s `a` has reached 0.01 under one seed of four.
    assert_eq!(value(&["--by", "mean", "--at", "seconds=30"], "b"), "0");
    assert_eq!(value(&["--by", "mean", "--target", "loss=0.01"], "b"), (-(60.0_f64.log10())).to_string());
    assert_eq!(value(&["--by", "mean", "--target", "loss=0.01"], "a"), "-inf");
    // (3 · 2 + 1) / 4
    assert_eq!(value(&["--by", "mean", "--weight", "s=3"], "a"), "1.75");
    assert_eq!(value(&["--by", "mean", "--two-stage"], "a"), "1.5");
}

#[test]
fn a_method_that_lacks_a_task_is_left_out_said_or_worst() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    results(folder.path(), "t", &["a,1,1e-1", "b,1,1e-2"]);
    let text = succeed(rank(folder.path(), &["s", "t"]));
    assert!(text.contains("`c` lacks `t`: `mean` takes the median"), "{text}");
    assert!(text.contains("left out, since they need every method on every task: mean-rank, iqm, borda, kemeny"), "{text}");
    let refused = told(rank(folder.path(), &["s", "t", "--by", "borda"]));
    assert!(refused.starts_with("exit code 2"), "{refused}");
    assert!(refused.contains("`borda` needs every method on every task, and `c` lacks `t`"), "{refused}");
    assert!(refused.contains("--missing worst"), "{refused}");
    let found = rows(folder.path(), &["s", "t", "--by", "borda", "--missing", "worst"]);
    assert_eq!(found[&("borda".to_owned(), "c".to_owned())]["value"], "0");
    let found = rows(folder.path(), &["s", "t", "--by", "borda", "--only", "a,b"]);
    assert_eq!(found.len(), 2);
}

#[test]
fn mistakes_say_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    two_tasks(folder.path());
    for (arguments, words) in [
        (&["s", "t", "--metric", "gap"][..], "`s` has no recorded metric `gap`"),
        (&["s", "t", "--at", "second=3"], "write `last`, or an axis and a value such as seconds=600"),
        (&["s", "t", "--baseline", "d"], "these are: a, b, c"),
        (&["s", "t", "--weight", "u=2"], "there is no folder `u` among the results"),
        (&["s", "t", "--weight", "s=0"], "write a folder and a positive number"),
        (&["s", "s"], "`s` is given twice"),
        (&["s", "--only", "a"], "nothing to rank: 1 method"),
        (&["s", "t", "--by", "kemeny", "--two-stage"], "`kemeny` cannot be applied to its own results"),
        (&["s", "t", "--by", "bordo"], "borda"),
        (&["nowhere"], "nowhere"),
    ] {
        let refused = told(rank(folder.path(), arguments));
        assert!(refused.starts_with("exit code 2") && refused.contains(words), "{arguments:?}: {refused}");
    }
}

/// The labels of the methods in first place by a procedure.
fn first(rows: &BTreeMap<(String, String), BTreeMap<String, String>>, rule: &str) -> Vec<String> {
    rows.iter().filter(|((by, _), row)| by == rule && row["place"] == "1").map(|((_, method), _)| method.clone()).collect()
}

#[test]
fn copies_of_a_task_turn_the_mean_over_but_not_nash_averaging_against_tasks() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = root().join("scenarios/papers/near-duplicate-tasks.toml");
    run(&scenario, &folder.path().join("tasks"), &["--seeds", "2"]);
    for copy in ["one", "two", "three", "four", "five"] {
        run(&scenario, &folder.path().join(copy), &["--seeds", "2", "--set", "problem.partition.dirichlet.alpha=0.05"]);
    }
    let by = ["--by", "mean,kemeny,nash-tasks"];
    let alone = rows(folder.path(), &[&["tasks"], &by[..]].concat());
    let copied = rows(folder.path(), &[&["tasks", "one", "two", "three", "four", "five"], &by[..]].concat());
    let (many, scaffold) = ("FedAvg, 40 steps".to_owned(), "SCAFFOLD".to_owned());
    for rule in ["mean", "kemeny"] {
        assert_eq!((first(&alone, rule), first(&copied, rule)), (vec![many.clone()], vec![scaffold.clone()]), "{rule}");
    }
    assert_eq!(first(&alone, "nash-tasks"), [many, scaffold]);
    for ((rule, method), row) in alone.iter().filter(|((rule, _), _)| rule == "nash-tasks") {
        let value = |row: &BTreeMap<String, String>| row["value"].parse::<f64>().unwrap();
        let other = &copied[&(rule.clone(), method.clone())];
        assert!((value(row) - value(other)).abs() < 1e-6 && row["place"] == other["place"], "{method}: {row:?} {other:?}");
    }
}

#[test]
fn one_task_decides_the_mean_and_not_the_votes() {
    let folder = tempfile::tempdir().unwrap();
    run(&root().join("scenarios/papers/votes-against-the-mean.toml"), &folder.path().join("votes"), &[]);
    let votes = ["mean-rank", "plurality", "borda", "copeland", "condorcet", "baldwin", "threshold", "kemeny", "nash"];
    let rows = rows(folder.path(), &["votes", "--metric", "gap", "--by", &format!("mean,{}", votes.join(","))]);
    assert_eq!(first(&rows, "mean"), ["SCAFFOLD"]);
    votes.iter().for_each(|rule| assert_eq!(first(&rows, rule), ["FedProx"], "{rule}"));
}
