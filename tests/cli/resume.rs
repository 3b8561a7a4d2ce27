//! A run that was killed at any moment goes on to the same bytes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use crate::program::{assert_same, fedfleet, run, small, start, succeed, table};

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
    let entries = fs::read_dir(out.join("unfinished")).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "checkpoint"));
    let mut found: Vec<_> = paths.filter_map(|path| fs::read(&path).ok().map(|bytes| (path, bytes))).collect();
    found.sort();
    found
}

/// Kills the run once checkpoints have changed `changes` times; `false` if it ended before.
fn kill(mut child: Child, out: &Path, changes: usize) -> bool {
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
    for entry in fs::read_dir(out.join("unfinished")).unwrap() {
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
    if broken.join("unfinished").is_dir() {
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
        for verb in ["compare", "plot"] {
            assert!(!succeed(fedfleet([verb.as_ref(), broken.as_os_str()])).is_empty());
        }
    }
    let _ = succeed(call(&broken, &["--resume"]));
    assert_same(&whole, &broken);
}

#[test]
fn what_is_left_of_a_killed_run_is_named_where_curves_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert!(kill(start(call(&out, &[])), &out, 1));
    for verb in ["compare", "plot"] {
        let output = fedfleet([verb.as_ref(), out.as_os_str()]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("unfinished") && told.contains("--resume"), "{told}");
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
    assert!(refused(&["--resume", "--seeds", "1"]).contains("another scenario"));
}
