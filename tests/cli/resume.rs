//! A run that was killed at any moment goes on to the same bytes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use crate::program::{assert_holds, assert_same, contents, everything, fedfleet, run, small, start, succeed, table};

/// Checkpoints that are written between two kills, one number for each.
const MOMENTS: [usize; 5] = [1, 2, 5, 11, 23];
/// Runs that take long enough to be killed that often.
const LONG: [&str; 4] = ["--set", "stop={ seconds = 4000, rounds = 600 }", "--set", "record.every={ seconds = 40 }"];

fn call(out: &Path, more: &[&str]) -> Command {
    let scenario = small();
    let mut command = fedfleet(["run"]);
    command.arg(scenario).arg("--out").arg(out).args(LONG).args(["--threads", "2", "--checkpoint-seconds", "0"]).args(more);
    command
}

/// Checkpoints as they are now: paths with contents.
fn checkpoints(out: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(out.join(".fedfleet/runs")).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "checkpoint"));
    let mut found: Vec<_> = paths.filter_map(|path| fs::read(&path).ok().map(|bytes| (path, bytes))).collect();
    found.sort();
    found
}

/// Kills the run once checkpoints have changed `changes` times; `false` if it ended before.
pub fn kill(mut child: Child, out: &Path, changes: usize) -> bool {
    let mut known = checkpoints(out);
    let mut left = changes;
    while left > 0 {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
        let now = checkpoints(out);
        left -= usize::from(now != known);
        known = now;
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Every part is a table of whole rows.
fn assert_parts_are_whole(out: &Path) {
    let mut parts = 0;
    for entry in fs::read_dir(out.join(".fedfleet/runs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{} ends in mid-row", path.display());
        let rows = csv::Reader::from_reader(text.as_bytes()).into_records().collect::<Result<Vec<_>, _>>();
        assert!(rows.is_ok(), "{}: {rows:?}", path.display());
        parts += 1;
    }
    assert!(parts > 0);
}

#[test]
fn killed_runs_go_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    run(&small(), &whole, &LONG);
    let mut killed = 0;
    for (attempt, changes) in MOMENTS.into_iter().enumerate() {
        let resume: &[&str] = if attempt == 0 { &[] } else { &["--resume"] };
        if !kill(start(call(&broken, resume)), &broken, changes) {
            break;
        }
        killed += 1;
        assert_parts_are_whole(&broken);
    }
    assert!(killed >= 3, "the runs were over after {killed} kills");
    if broken.join(".fedfleet/pending.toml").is_file() {
        let _ = succeed(call(&broken, &["--resume"]));
    }
    assert_same(&whole, &broken);
}

/// Interrupts the run once a checkpoint has changed, and returns its exit code.
#[cfg(unix)]
fn interrupt(mut child: Child, out: &Path, signal: &str) -> Option<i32> {
    let known = checkpoints(out);
    while checkpoints(out) == known {
        assert!(child.try_wait().unwrap().is_none(), "the runs were over before they could be interrupted");
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap().code()
}

#[cfg(unix)]
#[test]
fn interrupted_runs_can_be_looked_at_and_go_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    run(&small(), &whole, &LONG);
    for (signal, resume) in [("-INT", &[][..]), ("-TERM", &["--resume"])] {
        assert_eq!(interrupt(start(call(&broken, resume)), &broken, signal), Some(130));
        assert_parts_are_whole(&broken);
        let rows = table(&broken.join("curves.csv"));
        assert!(!rows.is_empty() && rows.len() < table(&whole.join("curves.csv")).len());
        assert!(table(&broken.join("runs.csv")).iter().any(|run| run["outcome"].is_empty()));
        for verb in ["compare", "plot"] {
            assert!(!succeed(fedfleet([verb.as_ref(), broken.as_os_str()])).is_empty());
        }
    }
    let _ = succeed(call(&broken, &["--resume"]));
    // What `plot` drew of a part stays beside the figures of the whole.
    assert_holds(&whole, &broken);
}

#[test]
fn what_is_left_of_a_killed_run_is_named_where_curves_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert!(kill(start(call(&out, &[])), &out, 1));
    for verb in ["compare", "plot"] {
        let output = fedfleet([verb.as_ref(), out.as_os_str()]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(".fedfleet/runs") && told.contains("--resume"), "{told}");
    }
}

#[test]
fn only_an_interrupted_run_of_the_same_scenario_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let refused = |more: &[&str]| {
        let output = call(&out, more).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["--resume"]).contains("holds no interrupted runs"));
    assert!(kill(start(call(&out, &[])), &out, 1));
    let told = refused(&["--resume", "--set", "fleet.clients=12"]);
    assert!(told.contains("holds other results") && told.contains("`fleet.clients` is 24 there, and 12 here"), "{told}");
    assert!(refused(&["--set", "stop={ seconds = 4001, rounds = 600 }"]).contains("--resume"), "it is not thrown away");
}

/// A folder all of whose runs are done and whose tables are written, but not its figures.
fn done_but_for_figures(out: &Path) {
    fs::create_dir_all(out).unwrap();
    fs::write(out.join("figures"), "in the way").unwrap();
    let failed = short(out, &[]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    fs::remove_file(out.join("figures")).unwrap();
}

fn short(out: &Path, more: &[&str]) -> Command {
    let mut command = fedfleet(["run"]);
    command.arg(small()).arg("--out").arg(out).args(["--set", "stop={ rounds = 3 }"]).args(more);
    command
}

/// Makes `to` a folder of these files.
fn lay_out(files: &BTreeMap<String, Vec<u8>>, to: &Path) {
    for (name, bytes) in files {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_run_killed_while_it_ends_is_resumed_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (out, state) = (folder.path().join("out"), folder.path().join("state"));
    done_but_for_figures(&out);
    let before = everything(&out);
    let _ = succeed(short(&out, &["--resume"]));
    let after = everything(&out);
    assert!(before.contains_key(".fedfleet/pending.toml") && !after.contains_key(".fedfleet/pending.toml"));
    let mut states = vec![before.clone(), after.clone()];
    for table in [
        "curves.csv",
        "runs.csv",
        "summary.csv",
        "claims.csv",
        "tuning.csv",
        "manifest.toml",
        "models/index.csv",
        "states/index.csv",
        "participants.csv",
    ] {
        let mut killed_at_a_table = before.clone();
        assert!(killed_at_a_table.remove(table).is_some(), "{table}");
        states.push(killed_at_a_table);
    }
    for files in &states {
        lay_out(files, &state);
        assert!(succeed(short(&state, &["--resume"])).contains("all runs were done before"));
        assert_eq!(everything(&state).keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        assert_same(&out, &state);
        fs::remove_dir_all(&state).unwrap();
    }
}

#[test]
fn what_a_run_killed_before_its_manifest_left_is_in_nobody_s_way() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    let _ = succeed(short(&whole, &[]));
    for left in ["lock", ".tmpA1b2C3", "runs/fedavg-seed0-0123456789abcdef.csv"] {
        lay_out(&BTreeMap::from([(format!(".fedfleet/{left}"), b"\x00".to_vec())]), &out);
        let _ = succeed(short(&out, &[]));
        assert_same(&whole, &out);
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn runs_that_are_done_are_told_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let _ = succeed(short(&out, &[]));
    let done = contents(&out);
    for more in [&["--resume", "--json"][..], &["--json"], &["--json", "--only", "mifa"], &["--json", "--seeds", "1"]] {
        let told: serde_json::Value = serde_json::from_str(&succeed(short(&out, more))).unwrap();
        assert!(told["diverged"].is_array() && told["summary"].as_array().is_some_and(|rows| !rows.is_empty()));
        let now = contents(&out);
        assert_eq!(now.keys().collect::<Vec<_>>(), done.keys().collect::<Vec<_>>());
        assert!(now["curves.csv"] == done["curves.csv"], "{more:?}");
    }
}

#[test]
fn a_folder_that_was_moved_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (out, moved) = (folder.path().join("out"), folder.path().join("deeper/down/moved"));
    assert!(kill(start(call(&out, &[])), &out, 2));
    fs::create_dir_all(moved.parent().unwrap()).unwrap();
    fs::rename(&out, &moved).unwrap();
    let _ = succeed(call(&moved, &["--resume"]));
    run(&small(), &out, &LONG);
    assert_same(&out, &moved);
}
