//! Results that cannot be written: a message, exit code 1, and nothing lost of what was written before.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::program::{assert_holds, contents, everything, fedfleet, run, succeed};

const SCENARIO: &str = "\
seeds = 1\nstop = { rounds = 400 }\nproblem.objective = { quadratic = { generate = { dimension = 3 } } }\nfleet.clients = 4\n\
record = { every = { rounds = 1 }, models = true }\nfederated.local = { steps = 2, lr = 0.05 }\n\
[[method]]\nname = \"fedavg\"\n[[method]]\nname = \"scaffold\"\n";

/// A folder with the scenario in it, and the scenario.
fn ground() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    fs::write(&path, SCENARIO).unwrap();
    (folder, path)
}

/// Runs the scenario into `out`.
fn call(scenario: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = fedfleet(["run"]);
    command.arg(scenario).arg("--out").arg(out).args(["--threads", "1", "--checkpoint-seconds", "0"]).args(more);
    command
}

/// What a call says that must end with exit code 1.
fn failed(mut command: Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("error:") && !told.contains("panicked"), "{told}");
    told
}

/// The rows of SCAFFOLD's run go to a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let (folder, scenario) = ground();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("o"));
    run(&scenario, &whole, &[]);
    let _ = succeed(call(&scenario, &out, &["--only", "fedavg"]));
    let before = contents(&out);
    let runs = fs::read_dir(whole.join(".fedfleet/runs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let rows = runs.into_iter().find(|name| name.starts_with("scaffold") && name.ends_with(".csv")).unwrap();
    let full = out.join(".fedfleet/runs").join(&rows);
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let told = failed(call(&scenario, &out, &[]));
    assert!(told.contains("No space left") && told.contains(&rows), "{told}");
    // Before anybody reads it: it never ends.
    fs::remove_file(full).unwrap();
    assert!(contents(&out) == before, "tables and models are as they were");
    let _ = succeed(call(&scenario, &out, &[]));
    assert_holds(&whole, &out);
}

/// No file may have more than some kilobytes, so that the rows fill up in mid-run.
#[cfg(unix)]
#[test]
fn a_run_whose_disk_fills_up_goes_on_once_there_is_room() {
    let (folder, scenario) = ground();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("o"));
    run(&scenario, &whole, &[]);
    let program = call(&scenario, &out, &[]);
    let mut limited = Command::new("sh");
    // Blocks are of 512 or 1,024 bytes; without the signal, writing fails as it does on a full disk.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 12; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    let told = failed(limited);
    assert!(told.contains("too large"), "{told}");
    assert!(everything(&out).keys().any(|name| name.ends_with(".checkpoint")), "it got somewhere");
    let _ = succeed(call(&scenario, &out, &["--resume"]));
    assert_holds(&whole, &out);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let (_folder, scenario) = ground();
    // Below a file nothing can be made, not even by a superuser.
    let told = failed(call(&scenario, &scenario.join("o"), &[]));
    assert!(told.contains("cannot create the results folder") && told.contains("--out"), "{told}");
}

#[cfg(unix)]
#[test]
fn results_that_are_read_only_stay_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, scenario) = ground();
    let out = folder.path().join("o");
    let _ = succeed(call(&scenario, &out, &["--only", "fedavg"]));
    let before = contents(&out);
    let own = out.join(".fedfleet");
    let allow = |mode: u32| fs::set_permissions(&own, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    // A superuser writes all the same.
    if fs::write(own.join("probe"), "").is_err() {
        let told = failed(call(&scenario, &out, &[]));
        assert!(told.contains(".fedfleet"), "{told}");
        assert!(contents(&out) == before);
    }
    allow(0o755);
}

#[test]
fn a_folder_that_is_deleted_in_mid_run_ends_the_call() {
    let (folder, scenario) = ground();
    let out = folder.path().join("o");
    let mut command = call(&scenario, &out, &["--set", "stop.rounds=100000000", "--set", "record.every.rounds=100000"]);
    let child = command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
    let begun = || everything(&out).keys().any(|name| name.ends_with(".checkpoint"));
    while !out.is_dir() || !std::panic::catch_unwind(begun).unwrap_or(false) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Files may be made while others are removed.
    while out.exists() && fs::remove_dir_all(&out).is_err() {}
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot read or write") && told.contains(".fedfleet"), "{told}");
}
